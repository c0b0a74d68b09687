"""Small real servers that stand in for the SMS gateway, the LINE push API, the mail server and a webhook receiver."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from shared.kernel.clock import Clock
from shared.testing.script import Script
from shared.testing.small_http import Reply, Request, SmallHttpServer
from shared.testing.small_smtp import Mail, SmallSmtpServer

RECEIPT_SECRET = "whsec_" + base64.b64encode(b"development receipts secret 0001").decode()
RECEIPTS_PATH = "/survey/v1/receipts/sms"


@dataclass(frozen=True)
class Sms:
    """A text message that the gateway accepted."""

    id: str
    to: str
    text: str
    reference: str


class SmsGateway(Script):
    """`POST /messages`; it has no idempotency key, but it calls back a signed delivery receipt."""

    def __init__(self, port: int = 0, *, clock: Clock | None = None, secret: str = RECEIPT_SECRET) -> None:
        super().__init__()
        self.sent: list[Sms] = []
        self.secret = secret
        self._clock = clock
        self._reported = 0
        self._callback: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.server = SmallHttpServer(self._answer, self, port)

    @property
    def url(self) -> str:
        return self.server.url

    def report_to(self, base_url: str) -> None:
        """From now on post a `delivered` receipt for every message by itself (the demo's gateway)."""
        self._callback = httpx.AsyncClient(base_url=base_url, timeout=10, verify=False)  # noqa: S501 - 127.0.0.1 only

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._callback:
            await self._callback.aclose()
        await self.server.stop()

    def receipt(self, message: Sms, status: str = "delivered", *, receipt_id: str = "") -> tuple[bytes, dict[str, str]]:
        """Body and headers of a delivery receipt, signed as Standard Webhooks are."""
        at = self._clock.now() if self._clock else datetime.now(UTC)
        body = {"reference": message.reference, "message_id": message.id, "status": status, "at": at.isoformat()}
        content = json.dumps(body).encode()
        return content, self.sign(content, at, receipt_id or f"rcpt_{uuid4().hex}")

    def sign(self, content: bytes, at: datetime, receipt_id: str) -> dict[str, str]:
        stamp = str(int(at.timestamp()))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{receipt_id}.{stamp}.".encode() + content, hashlib.sha256)
        return {
            "webhook-id": receipt_id,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
            "content-type": "application/json",
        }

    async def send_receipt(self, client: httpx.AsyncClient, message: Sms, status: str = "delivered") -> httpx.Response:
        content, headers = self.receipt(message, status)
        return await client.post(RECEIPTS_PATH, content=content, headers=headers)

    async def send_receipts(self, client: httpx.AsyncClient, status: str = "delivered") -> int:
        """Report every message that was not reported yet; the number of receipts that were taken."""
        fresh, self._reported = self.sent[self._reported :], len(self.sent)
        answers = [await self.send_receipt(client, message, status) for message in fresh]
        return sum(answer.is_success for answer in answers)

    def _answer(self, request: Request) -> Reply:
        body = request.json()
        message = Sms(f"sms_{uuid4().hex[:12]}", body["to"], body["text"], body["reference"])
        self.sent.append(message)
        if self._callback:
            task = asyncio.get_running_loop().create_task(self._report(self._callback, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return Reply(202, {"id": message.id})

    async def _report(self, client: httpx.AsyncClient, message: Sms) -> None:
        for pause in (0.3, 1.0, 5.0, 30.0):
            await asyncio.sleep(pause)
            try:
                if (await self.send_receipt(client, message)).is_success:
                    return
            except httpx.HTTPError:
                continue


@dataclass(frozen=True)
class LinePush:
    """A push message that the LINE double accepted."""

    to: str
    text: str
    retry_key: str


class LineGateway(Script):
    """LINE's push endpoint: a retry key that was accepted before is answered 409 and not sent again."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.sent: list[LinePush] = []
        self.requests = 0
        self._accepted: dict[str, str] = {}
        self.server = SmallHttpServer(self._answer, self, port)

    @property
    def url(self) -> str:
        return self.server.url

    async def stop(self) -> None:
        await self.server.stop()

    def _answer(self, request: Request) -> Reply:
        self.requests += 1
        key, request_id = request.headers.get("x-line-retry-key", ""), uuid4().hex
        if key and key in self._accepted:
            headers = {"X-Line-Request-Id": request_id, "X-Line-Accepted-Request-Id": self._accepted[key]}
            return Reply(409, {"message": "The retry key is already accepted"}, headers)
        body = request.json()
        self._accepted[key] = request_id
        self.sent.append(LinePush(body["to"], body["messages"][0]["text"], key))
        return Reply(200, {"sentMessages": [{"id": request_id[:18]}]}, {"X-Line-Request-Id": request_id})


class EmailGateway(Script):
    """A mail server that keeps what it is given."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.sent: list[Mail] = []
        self.server = SmallSmtpServer(self.sent.append, self, port)
        self.host = "127.0.0.1"

    @property
    def port(self) -> int:
        return self.server.port

    async def stop(self) -> None:
        await self.server.stop()


class WebhookSink(Script):
    """Takes any request on any path."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.received: list[Request] = []
        self.server = SmallHttpServer(self._answer, self, port)

    @property
    def url(self) -> str:
        return self.server.url

    async def stop(self) -> None:
        await self.server.stop()

    def _answer(self, request: Request) -> Reply:
        self.received.append(request)
        return Reply(200, {"received": True})


@dataclass(frozen=True)
class Ports:
    """Where the doubles listen; 0 = any free port."""

    sms: int = 0
    line: int = 0
    email: int = 0
    webhook: int = 0


class Gateways:
    """All four doubles; `async with Gateways() as gateways` starts and stops them."""

    def __init__(self, *, clock: Clock | None = None, ports: Ports | None = None) -> None:
        at = ports or Ports()
        self.sms = SmsGateway(at.sms, clock=clock)
        self.line = LineGateway(at.line)
        self.email = EmailGateway(at.email)
        self.webhook = WebhookSink(at.webhook)

    async def start(self) -> None:
        for double in (self.sms, self.line, self.email, self.webhook):
            await double.server.start()

    async def stop(self) -> None:
        for double in (self.sms, self.line, self.email, self.webhook):
            await double.stop()

    def settings(self) -> dict[str, object]:
        """Field values of the survey service's settings that point at these doubles."""
        return {
            "sms_url": self.sms.url,
            "line_url": self.line.url,
            "smtp_host": self.email.host,
            "smtp_port": self.email.port,
            "receipt_secret": self.sms.secret,
        }

    def forget(self) -> None:
        """Empty every list and script (between tests that share the servers)."""
        for double in (self.sms, self.line, self.email, self.webhook):
            double.clear()
        for kept in (self.sms.sent, self.line.sent, self.email.sent, self.webhook.received):
            kept.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
