"""The outermost layer: correlation, security headers, metrics, load shedding, the last resort for errors."""

import time
from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability import metrics, trace
from shared.observability.privacy import describe_error
from shared.web.hanging_up import READS, while_awaited
from shared.web.problems import Rejection, on_rejection, unavailable, unexpected

log = structlog.get_logger(__name__)
_METHODS = READS | {"POST", "PUT", "PATCH", "DELETE"}
_STRICT_CSP = b"default-src 'none'; frame-ancestors 'none'"
_PAGE_CSP = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; frame-ancestors 'none'"
)
_SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def secured(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with what every answer carries, unless the route said otherwise."""
    present = dict(headers)
    csp = _PAGE_CSP if present.get(b"content-type", b"").startswith(b"text/html") else _STRICT_CSP
    added = [each for each in (*_SECURITY, (b"content-security-policy", csp)) if each[0] not in present]
    return [*headers, *added]


class Edge:
    """Wraps one service's application; never lets an exception out."""

    def __init__(self, app: ASGIApp, *, service: str, reads: int, everything: int) -> None:
        self.app = app
        self.service = service
        self.reads = reads
        self.everything = everything
        self.in_flight = 0
        self._seen: dict[tuple[str, str, int], Callable[[float], None]] = {}
        self._gauge = metrics.HTTP_IN_FLIGHT.labels(service)
        self._gauge.set_function(lambda: self.in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        traceparent = trace.accept(_header(scope, b"traceparent"))
        scope.setdefault("state", {})["traceparent"] = traceparent
        answer = _Answer(send, traceparent)
        tokens = structlog.contextvars.bind_contextvars(traceparent=traceparent, service=self.service)
        began = time.perf_counter()
        self.in_flight += 1
        try:
            await self._serve(scope, receive, answer)
        finally:
            self.in_flight -= 1
            structlog.contextvars.reset_contextvars(**tokens)
            self._count(scope, answer.status, time.perf_counter() - began)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            self._shed(scope["method"])
            if scope["method"] in READS:
                await while_awaited(self.app, scope, receive, answer)
            else:
                await self.app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the caller gets a problem document
            if answer.status:
                # Too late to answer otherwise: the server closes the connection, so that nobody takes this for whole.
                log.error("the answer broke off", status=answer.status, **describe_error(error))
                raise ConnectionError("the answer broke off") from None
            await self._answer_error(scope, receive, answer, error)

    async def _answer_error(self, scope: Scope, receive: Receive, answer: "_Answer", error: Exception) -> None:
        request = Request(scope)
        if isinstance(error, Rejection):
            response = await on_rejection(request, error)
        else:
            log.error("unexpected error", method=scope["method"], route=_route(scope), **describe_error(error))
            response = unexpected(answer.traceparent)
        await response(scope, receive, answer)

    def _shed(self, method: str) -> None:
        read = method in READS
        if self.in_flight > (self.reads if read else self.everything):
            metrics.HTTP_SHED.labels(self.service, "read" if read else "write").inc()
            raise unavailable("overloaded", "Too many requests at once. Try again shortly.", retry_after=2)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        key = (method, _route(scope), status)
        observe = self._seen.get(key)
        if observe is None:
            observe = self._seen[key] = _observer(self.service, *key)
        observe(seconds)


class _Answer:
    """`send` that adds the headers of every answer and remembers the status."""

    __slots__ = ("send", "status", "traceparent")

    def __init__(self, send: Send, traceparent: str) -> None:
        self.send = send
        self.traceparent = traceparent
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = secured(list(message.get("headers", ())))
            headers.append((b"traceparent", self.traceparent.encode("ascii")))
            message = {**message, "headers": headers}
        await self.send(message)


def _observer(service: str, method: str, route: str, status: int) -> Callable[[float], None]:
    counter = metrics.HTTP_REQUESTS.labels(service, method, route, str(status or 499))
    histogram = metrics.HTTP_SECONDS.labels(service, method, route)

    def observe(seconds: float) -> None:
        counter.inc()
        histogram.observe(seconds)

    return observe


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", None) or "unmatched"


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value).decode("latin-1")
    return None
