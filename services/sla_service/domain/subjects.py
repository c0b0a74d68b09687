"""Subjects as this service needs them: which there are, of which kind, and from when (ADR 0064)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class KnownSubject:
    """A version of a subject. A shipped one has no beginning."""

    code: str
    kind: str
    severity: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def has_begun(self, at: datetime) -> bool:
        return self.valid_from is None or self.valid_from <= at

    def has_ended(self, at: datetime) -> bool:
        return self.valid_to is not None and self.valid_to <= at
