"""A CaseRecord as plain JSON and back, without loss."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from services.reporting_service.domain.case import Answers, Breach, Call, CaseRecord, Cycle, Hold, Rung


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def plain(value: Any) -> Any:
    """The value as JSON has it: instants as text, tuples and sets as lists."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def encode(case: CaseRecord) -> dict[str, Any]:
    encoded: dict[str, Any] = plain(asdict(case))
    return encoded


@cache
def _names(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a record, and which of them are instants: names that end in _at, since and until."""
    named = [field.name for field in fields(kind)]
    return tuple((name, name.endswith("_at") or name in {"since", "until"}) for name in named)


def _times(kind: type, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its instants parsed."""
    return {
        name: datetime.fromisoformat(body[name]) if is_instant and body[name] is not None else body[name]
        for name, is_instant in _names(kind)
        if name in body
    }


def _call(body: Mapping[str, Any]) -> Call:
    known = _times(Call, body)
    answers = Answers(**_times(Answers, body["answers"])) if body.get("answers") else None
    return Call(**(known | {"outcomes": frozenset(body["outcomes"]), "answers": answers}))


def _cycle(body: Mapping[str, Any]) -> Cycle:
    parts = {
        "breaches": tuple(Breach(**_times(Breach, each)) for each in body["breaches"]),
        "rungs": tuple(Rung(**_times(Rung, each)) for each in body["rungs"]),
        "calls": tuple(_call(each) for each in body["calls"]),
    }
    return Cycle(**(_times(Cycle, body) | parts))


def decode(body: Mapping[str, Any]) -> CaseRecord:
    parts = {
        "holds": tuple(Hold(**_times(Hold, each)) for each in body["holds"]),
        "cycles": tuple(_cycle(each) for each in body["cycles"]),
    }
    return CaseRecord(**(_times(CaseRecord, body) | parts))
