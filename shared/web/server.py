"""The HTTP server under the applications: uvicorn, with bounds on what it reads before an application sees anything."""

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.web.problems import problem

HEAD_SECONDS = 10.0
HEAD_BYTES = 65_536
_TEXTS = {
    400: ("not_http", "This is not an HTTP request."),
    408: ("head_timeout", "The request line and headers did not arrive in time."),
    414: ("target_too_long", "The request line is too long."),
    431: ("headers_too_large", "The headers are too long."),
}


class _TooLong(ValueError):
    """Raised inside the parser, which then gives up on this connection."""


class BoundedHttp(HttpToolsProtocol):
    """Ends connections whose request line and headers are endless, take for ever to come, or are no HTTP."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refusal = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        if self._head_timer is None:
            self._arm()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._disarm()
        if len(self.url) > HEAD_BYTES // 2:
            self._refusal = 414
            raise _TooLong
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            self._refusal = 431
            raise _TooLong
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(414 if not self.headers else 431)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn does when its parser gives up, as a problem document."""
        status = self._refusal
        code, detail = _TEXTS[status]
        answer = problem(status, code, detail, headers={"Connection": "close"})
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    def _refuse(self, status: int) -> None:
        self._disarm()
        self._refusal = status
        self.send_400_response("")

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._in_head:
            self._refuse(408)
        else:
            self.transport.close()


def server_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """How the product serves: no own lifespan, no own logs, bounded heads."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=5,
        backlog=2048,
    )


def shared_socket(host: str, port: int) -> socket.socket:
    """A listening place that other processes of the same user may take too (SO_REUSEPORT): one port, more cores."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((host, port))
    return listening
