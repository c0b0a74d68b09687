"""Lists by keyset: an opaque cursor says after which row to go on; no offsets, no unbounded answers."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from shared.kernel.errors import Invalid

T = TypeVar("T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_INT64 = range(-(2**63), 2**63)
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = Field(None, description="pass it as ?cursor= to go on")


def encode_cursor(values: Sequence[object]) -> str:
    """The cursor after a row with these sort values."""
    written = json.dumps([_written(value) for value in values], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(written.encode()).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The sort values of a cursor. Raises Invalid(bad_cursor) for anything that this list did not give out."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError("another list's cursor")
        return tuple(_read(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid("This cursor was not given out by this list.", code="bad_cursor") from None


def _written(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(value: object, kind: type) -> object:
    if kind is int:
        if type(value) is not int or value not in _INT64:
            raise ValueError("not a number")
        return value
    if not isinstance(value, str) or "\0" in value or _has_surrogates(value):
        raise ValueError("not a text")
    if kind is datetime:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("no offset")
        if not _EARLIEST < at < _LATEST:
            raise ValueError("no time that a list holds")
        return at
    if kind is date:
        return date.fromisoformat(value)
    return UUID(value) if kind is UUID else value


def _has_surrogates(value: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in value)


@dataclass(frozen=True)
class CursorQuery:
    """How far a reader has come in a list, and how to make the next page of it."""

    request: Request
    response: Response
    cursor: str | None
    limit: int

    @property
    def fetch(self) -> int:
        """How many rows to select: one more than shown tells whether there is a next page."""
        return self.limit + 1

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The sort values of the last row seen, None on the first page."""
        return decode_cursor(self.cursor, *types) if self.cursor else None

    def page(self, items: Sequence[T], key: Callable[[T], Sequence[object]]) -> Page[T]:
        """The page of `fetch` rows or fewer; `key` gives a row's sort values. Sets the Link header."""
        shown = list(items[: self.limit])
        if len(items) <= self.limit:
            return Page(items=shown, next_cursor=None)
        cursor = encode_cursor(key(shown[-1]))
        kept = parse_qsl(self.request.url.query, keep_blank_values=True)
        query = urlencode([*((k, v) for k, v in kept if k != "cursor"), ("cursor", cursor)])
        self.response.headers["Link"] = f'<{self.request.url.path}?{query}>; rel="next"'
        return Page(items=shown, next_cursor=cursor)


async def _cursor_query(
    request: Request,
    response: Response,
    cursor: Annotated[str | None, Query(max_length=2000, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="entries per page")] = DEFAULT_LIMIT,
) -> CursorQuery:
    return CursorQuery(request, response, cursor, limit)


Paging = Annotated[CursorQuery, Depends(_cursor_query)]
