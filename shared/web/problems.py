"""Errors as RFC 9457 problem documents with a stable `code`; what the caller sent is never repeated."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale

MEDIA_TYPE = "application/problem+json"
_STATUS: Mapping[type[Refusal], int] = {Invalid: 422, NotFound: 404, Conflict: 409, Forbidden: 403, Stale: 412}
_CODES = {400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_DETAILS = {
    404: "There is nothing here, or nothing that you may see.",
    405: "This path does not know this method.",
    500: "Something went wrong on our side. It has been recorded.",
}


class ProblemError(BaseModel):
    """One thing that is wrong with the request."""

    code: str = Field(examples=["unknown_field"])
    detail: str = Field(examples=["This field is not known."])
    pointer: str | None = Field(None, description="JSON pointer into the body", examples=["#/chanel"])
    parameter: str | None = Field(None, description="name of a query, path or header parameter")
    nearest: str | None = Field(None, description="the known name that is nearest", examples=["channel"])


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; texts may change."""

    type: str = Field(examples=["urn:pwa:problem:unknown_field"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(examples=["unknown_field"])
    detail: str = Field(examples=["This field is not known."])
    errors: list[ProblemError] | None = None
    facts: dict[str, Any] | None = Field(None, description="what the rule looked at; never what the caller sent")
    trace: str | None = Field(None, description="quote this when you ask for help")


class Rejection(Exception):
    """The HTTP request itself is refused: not by a rule of the process but at the edge."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, close: bool = False
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = {**(headers or {}), **({"Connection": "close"} if close else {})}


def unavailable(code: str, detail: str, *, retry_after: int = 1) -> Rejection:
    """Try again: 503 with Retry-After."""
    return Rejection(503, code, detail, headers={"Retry-After": str(retry_after)})


def problem(  # noqa: PLR0913 - one parameter per member of the document
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    trace: str | None = None,
    errors: Sequence[Mapping[str, object]] = (),
    facts: Mapping[str, object] | None = None,
) -> Response:
    """The answer that tells what is wrong."""
    document: dict[str, object] = {
        "type": f"urn:pwa:problem:{code}",
        "title": _title(status),
        "status": status,
        "code": code,
        "detail": detail,
    }
    extra = {"errors": list(errors), "facts": dict(facts or {}), "trace": trace}
    document.update({name: value for name, value in extra.items() if value})
    content = json.dumps(document, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _title(status: int) -> str:
    names = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
    return names.get(status) or HTTPStatus(status).phrase


def trace_of(request: Request) -> str | None:
    """The traceparent of this request, for the `trace` member."""
    value = request.scope.get("state", {}).get("traceparent")
    return value if isinstance(value, str) else None


async def on_refusal(request: Request, error: Refusal) -> Response:
    """A rule said no."""
    status = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), 422)
    return problem(status, error.reason_code, error.detail, trace=trace_of(request), facts=error.facts)


async def on_rejection(request: Request, error: Rejection) -> Response:
    """The edge said no."""
    return problem(error.status, error.code, error.detail, headers=error.headers, trace=trace_of(request))


async def on_http_exception(request: Request, error: HTTPException) -> Response:
    """The framework said no: unknown path, wrong method, unreadable body."""
    status = error.status_code
    code = _CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_").replace("'", "")
    detail = _DETAILS.get(status) or f"{_title(status)}."
    headers = {"Allow": _allowed(request)} if status == 405 else error.headers
    return problem(status, code, detail, headers=headers, trace=trace_of(request))


def _allowed(request: Request) -> str:
    """The methods of every route on this path; the router itself names only those of the first."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matching = [route for route in routes if route.path_regex.match(request.scope["path"])]
    return ", ".join(sorted({method for route in matching for method in route.methods or ()}))


def unexpected(trace: str | None) -> Response:
    """Our fault: nothing about it leaves the process but the trace to look it up by."""
    return problem(500, "internal_error", _DETAILS[500], trace=trace)
