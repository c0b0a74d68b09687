"""Strict types for what comes in: each says what it takes, cleans what may be cleaned and refuses the rest."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, core_schema

from shared.kernel.errors import Invalid
from shared.kernel.words import HEAD_OFFICE, region_office
from shared.reference import DEPUTY_AREAS, REGIONS, branches
from shared.web import text_rules
from shared.web.text_rules import like_literal, mask_phone
from shared.web.validation import refuse

__all__ = [
    "BranchCode", "Day", "Email", "Instant", "Line", "OfficeCode", "PublicText", "Region", "StrictModel", "SubjectCode",
    "Text", "ThaiPhone", "Version", "like_literal", "line", "mask_phone", "public_text", "received_window", "text",
]  # fmt: skip

_EARLIEST = timedelta(days=30)
_LATEST = timedelta(minutes=5)
_STRICT = frozenset({"int", "float", "bool", "str"})
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SUBJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")


def _tighten(node: object) -> None:
    if isinstance(node, dict):
        kind = node.get("type")  # in a table of fields this may be a field of that name
        if isinstance(kind, str) and kind in _STRICT:
            node["strict"] = True
        for child in node.values():
            _tighten(child)
    elif isinstance(node, list):
        for child in node:
            _tighten(child)


class StrictModel(BaseModel):
    """Base of request bodies: unknown fields are refused, numbers and booleans are never guessed from texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        # Not strict=True: that refuses UUIDs and tuples too, which JSON can only write as texts and lists.
        schema = handler(source)
        _tighten(handler.resolve_ref_schema(schema))
        return schema


@dataclass(frozen=True)
class _Cleaned:
    """A text of at most `longest` characters that `clean` has made fit, or refused."""

    clean: Callable[[str], str]
    longest: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = core_schema.str_schema(strict=True, max_length=self.longest)
        return core_schema.no_info_after_validator_function(self._fit, inner)

    def _fit(self, value: str) -> str:
        cleaned = self.clean(value)
        if len(cleaned) > self.longest:
            raise refuse("string_too_long", f"This is longer than {self.longest} characters.")
        return cleaned


def text(longest: int) -> _Cleaned:
    """Free text: NFC, ํา joined, control and bidi characters stripped, never only blank. May have several lines."""
    return _Cleaned(text_rules.clean_text, longest)


def line(longest: int) -> _Cleaned:
    """The same on one line."""
    return _Cleaned(text_rules.clean_line, longest)


def public_text(longest: int) -> _Cleaned:
    """Text that travels in events: refused when it holds a phone number, a 13-digit id or an e-mail address."""
    return _Cleaned(text_rules.clean_public, longest)


def _instant(value: object) -> object:
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            raise refuse("bad_time", "This is not a time of the calendar.") from None
    else:
        raise refuse("bad_time", "Write an RFC 3339 time with an offset: 2026-02-03T09:00:00+07:00.")
    if at.tzinfo is None:
        raise refuse("naive_time", "A time needs an offset: 2026-02-03T09:00:00+07:00.")
    _check_year(at.year)
    return at.astimezone(UTC)


def _day(value: object) -> object:
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise refuse("bad_day", "This is not a day of the calendar.") from None
        _check_year(day.year)
        return day
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise refuse("bad_day", "Write a day as 2026-02-03.")


def _check_year(year: int) -> None:
    if 2400 <= year <= 2700:
        raise refuse("buddhist_era_year", "Write years of the common era: 2569 is 2026.")
    if not 2000 <= year <= 2199:
        raise refuse("absurd_time", "This time is too far away to be meant.")


def _known(value: str, known: Callable[[str], bool], code: str, detail: str) -> str:
    if not known(value):
        raise refuse(code, detail)
    return value


def _is_office(value: str) -> bool:
    if value == HEAD_OFFICE or value in branches():
        return True
    return value in {region_office(n) for n in REGIONS} or value in {f"D{n}" for n in DEPUTY_AREAS}


def _branch(value: str) -> str:
    return _known(value, lambda v: v in branches(), "unknown_branch", "There is no branch with this BA code.")


def _office(value: str) -> str:
    return _known(value, _is_office, "unknown_office", "There is no office with this code.")


def _subject(value: str) -> str:
    """The form of a code; which ones there are is data (ADR 0064)."""
    written = _SUBJECT.fullmatch
    return _known(value, lambda v: bool(written(v)), "unknown_subject", "No subject's code is written like this.")


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Text = Annotated[str, text(4000)]
Line = Annotated[str, line(200)]
PublicText = Annotated[str, public_text(2000)]
ThaiPhone = Annotated[str, _Cleaned(text_rules.thai_phone, 40), Field(examples=["081-234-5678"])]
Email = Annotated[str, _Cleaned(text_rules.email, 254), Field(examples=["somchai@example.com"])]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=str),
    PlainSerializer(_rfc3339, when_used="json"),
    Field(examples=["2026-02-03T09:00:00+07:00"]),
]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str), Field(examples=["2026-02-03"])]
BranchCode = Annotated[str, _Cleaned(_branch, 4), Field(examples=["1102"])]
OfficeCode = Annotated[str, _Cleaned(_office, 4), Field(examples=["1102", "R01", "HQ"])]
SubjectCode = Annotated[str, _Cleaned(_subject, 60), Field(examples=["Q01"])]
Region = Annotated[int, Field(ge=1, le=10, examples=[1])]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]


def received_window(at: datetime, now: datetime) -> datetime:
    """The receipt time a channel states, when it lies between 30 days ago and 5 minutes ahead; raises Invalid."""
    if not now - _EARLIEST <= at <= now + _LATEST:
        raise Invalid("The receipt must lie between 30 days ago and 5 minutes ahead.", code="received_at_out_of_window")
    return at
