"""Directives of the committee to the lines: which step may follow which (process step 9)."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.kernel.errors import Conflict, Forbidden

ANSWER = "directives:answer"
# From where, to where, and the right that the step takes.
STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "issued": {"answered": ANSWER, "withdrawn": "directives:write"},
        "answered": {
            "in_progress": ANSWER,
            "done": ANSWER,
            "returned": "directives:write",
            "withdrawn": "directives:write",
        },
        "in_progress": {"done": ANSWER, "returned": "directives:write", "withdrawn": "directives:write"},
        "returned": {"answered": ANSWER, "withdrawn": "directives:write"},
        "done": {"verified": "directives:write", "returned": "directives:write"},
        "verified": {"returned": "directives:write"},
        "withdrawn": {},
    }
)
STATUSES = tuple(STEPS)
CAUSES = (
    "pipe_network",
    "water_source",
    "treatment",
    "equipment",
    "process",
    "people",
    "contractor",
    "information",
    "other",
)


class NotNow(Conflict):
    """The directive is not at a point from which this step may be taken."""

    code = "directive_step_not_allowed"


def step(status: str, to: str, rights: frozenset[str]) -> str:
    """The new status; refuses steps that skip, go back silently, or take a right that the actor lacks."""
    right = STEPS[status].get(to)
    if right is None:
        raise NotNow("A directive in this status cannot take this step.", status=status)
    if right not in rights:
        raise Forbidden("This step needs a right that you do not have.", right=right)
    return to
