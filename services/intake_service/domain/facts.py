"""What other services say of one cycle of a case; any order of what they say gives the same facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the case's timeline about something that happened elsewhere: facts, never anybody's words."""

    recorded_at: datetime
    entry: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReopenRequest:
    """Survey's request to open the case again."""

    id: UUID
    reason: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The facts by name (None where nothing is known), and what is to be added to the case because of them."""

    case_id: UUID
    cycle: int
    values: Mapping[str, Any]
    entries: tuple[Entry, ...] = ()
    requests: tuple[ReopenRequest, ...] = ()

    def newest(self, by: str, **values: Any) -> "CaseFacts":
        """With facts of which the one with the highest `by` counts: a sequence, a rung, a version."""
        return self if (self.values[by] or 0) >= values[by] else self._with(values)

    def first(self, name: str, at: datetime, **values: Any) -> "CaseFacts":
        """With an instant that the first event of its sort decides; `values` go with the earliest."""
        known = self.values[name]
        return self if known is not None and known <= at else self._with({name: at, **values})

    def entered(self, recorded_at: datetime, entry: str, **facts: object) -> "CaseFacts":
        return replace(self, entries=(*self.entries, Entry(recorded_at, entry, facts)))

    def requested(self, request: ReopenRequest) -> "CaseFacts":
        return replace(self, requests=(*self.requests, request))

    def _with(self, values: Mapping[str, Any]) -> "CaseFacts":
        return replace(self, values={**self.values, **values})
