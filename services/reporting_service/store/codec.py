"""Case records as JSON and back, without loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.folded import Folded


@dataclass(frozen=True)
class Place:
    """How far a case is folded. It belongs to the record with as many facts, and to no other."""

    facts: int
    heard: Mapping[str, int]
    before_waiting: str


_RECORD = TypeAdapter(CaseRecord)
_PLACE = TypeAdapter(Place)


def encode(case: CaseRecord) -> Any:
    return _RECORD.dump_python(case, mode="json")


def decode(body: str | Mapping[str, Any]) -> CaseRecord:
    """From the text of the JSON, or from what a driver made of it."""
    return _RECORD.validate_json(body) if isinstance(body, str) else _RECORD.validate_python(body)


def place(folded: Folded) -> Any:
    return _PLACE.dump_python(Place(folded.case.facts, folded.heard, folded.before_waiting), mode="json")


def folded(body: str, place: str | None) -> Folded | None:
    """A case to which facts can be added; None where code that keeps no place has changed the record since."""
    case, at = decode(body), _PLACE.validate_json(place) if place else None
    return Folded(case, at.heard, at.before_waiting) if at and at.facts == case.facts else None
