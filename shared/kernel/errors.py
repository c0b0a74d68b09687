"""Refusals: what a rule says no with. No HTTP in here; the web edge maps each class to a status."""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """A rule was not met. `code` is stable for callers; `detail` never repeats what the caller sent."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, *, code: str | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason_code = code or self.code
        self.facts: Mapping[str, object] = facts


class Invalid(Refusal):
    """The request is well formed but its content is not acceptable (422)."""

    code = "invalid"


class NotFound(Refusal):
    """Unknown, or not visible to this reader: the two are never told apart (404)."""

    code = "not_found"


class Conflict(Refusal):
    """The thing is not in a state in which this may happen (409)."""

    code = "conflict"


class Forbidden(Refusal):
    """The actor may not do this (403)."""

    code = "forbidden"


class Stale(Refusal):
    """The caller's version of the thing is not the current one (412)."""

    code = "stale"
