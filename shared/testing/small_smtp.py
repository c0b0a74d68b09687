"""A very small SMTP sink on asyncio streams for test doubles; it can be rude on purpose (see script.py)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from shared.kernel.ports import free_port
from shared.testing.script import Script


@dataclass
class Envelope:
    """One transaction of a connection."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Mail:
    """A message that was accepted."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["subject"])

    def text(self, kind: str = "plain") -> str:
        part = self.message.get_body((kind,))
        return part.get_content() if part else ""


class SmallSmtpServer:
    """Understands EHLO, MAIL, RCPT, DATA, RSET, NOOP and QUIT; each accepted message goes to `take`."""

    def __init__(self, take: Callable[[Mail], None], script: Script, port: int = 0) -> None:
        self._take = take
        self._script = script
        self.port = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=8 * 1024 * 1024)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        envelope = Envelope()
        writer.write(b"220 sink.example ESMTP\r\n")
        try:
            while line := await reader.readline():
                if not await self._command(line.decode("latin-1").strip(), envelope, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _command(
        self, line: str, envelope: Envelope, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one command; False ends the connection."""
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "DATA":
                return await self._data(envelope, reader, writer)
            case "MAIL":
                envelope.sender, envelope.recipients = _address(rest), []
            case "RCPT":
                envelope.recipients.append(_address(rest))
            case "EHLO":
                writer.write(b"250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                return True
            case "QUIT":
                writer.write(b"221 bye\r\n")
                return False
        writer.write(b"250 ok\r\n")
        await writer.drain()
        return True

    async def _data(self, envelope: Envelope, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"354 go ahead\r\n")
        raw = await reader.readuntil(b"\r\n.\r\n")
        trick = self._script.take()
        if trick and trick.kind == "fail":
            writer.write(f"{trick.status} scripted refusal\r\n".encode())
            return True
        content = raw[:-5].replace(b"\r\n..", b"\r\n.")
        message = message_from_bytes(content, policy=policy.default)
        self._take(Mail(envelope.sender, tuple(envelope.recipients), message))
        if trick and trick.kind == "hang":
            await reader.read()
        if trick and trick.kind == "slow":
            await asyncio.sleep(trick.seconds)
        if trick and trick.kind == "hold" and trick.hold:
            trick.hold.arrived.set()
            await trick.hold.released.wait()
        if trick and trick.kind in {"hang", "drop"}:
            return False
        writer.write(b"\x00\xffwhat?\r\n" if trick and trick.kind == "garbage" else b"250 taken\r\n")
        await writer.drain()
        return True


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
