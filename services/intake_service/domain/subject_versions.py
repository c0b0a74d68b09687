"""Versions of a subject over time: what a new one or an end does to those that are there (ADR 0064)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.kernel.errors import Conflict, Invalid


class SubjectConflict(Conflict):
    """The versions that are there leave no room for this one."""

    code = "subject_version_conflict"


@dataclass(frozen=True)
class Span:
    """When a version is in force; `valid_to` None = until further notice."""

    valid_from: datetime
    valid_to: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True)
class Place:
    """Where a new version goes: the one that ends at its beginning, and where it ends itself."""

    ends: Span | None
    valid_to: datetime | None


def place_for(spans: Sequence[Span], since: datetime, *, now: datetime) -> Place:
    """Raises Invalid or SubjectConflict; what was in force stays what it was."""
    if since < now:
        raise Invalid("A subject changes from now on or later: what was in force stays.", code="valid_from_past")
    if any(span.valid_from == since for span in spans):
        raise SubjectConflict("There is a version of this subject from this very instant.")
    current = next((span for span in spans if span.holds(since)), None)
    later = min((span.valid_from for span in spans if span.valid_from > since), default=None)
    return Place(current, later)


def span_to_end(spans: Sequence[Span], until: datetime, *, now: datetime) -> Span:
    """The version that an end at this instant closes."""
    if until < now:
        raise Invalid("A subject ends now or later: what was in force stays.", code="valid_to_past")
    if any(span.valid_from >= until for span in spans):
        raise SubjectConflict("A later version of this subject is planned.")
    current = next((span for span in spans if span.holds(until)), None)
    if current is None:
        raise SubjectConflict("The subject is not in force at this instant.")
    return current
