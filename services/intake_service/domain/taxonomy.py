"""The subjects of cases (docs/process.md, "Words")."""

from dataclasses import dataclass

from shared.kernel.words import Kind, Severity

FIELD_WORK = frozenset({Kind.COMPLAINT, Kind.INCIDENT_REPORT})


@dataclass(frozen=True)
class Subject:
    """A subject (หัวข้อ) as it is in force at some instant."""

    code: str
    kind: Kind
    dimension: str
    title: str
    severity: Severity
    restricted: bool
    closes_at_once: bool
