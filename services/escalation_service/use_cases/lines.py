"""What a file's rows wish, what becomes of each, and what is wrong with it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

W = TypeVar("W")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: the field, and a code that stays the same."""

    field: str | None
    code: str
    detail: str


@dataclass(frozen=True)
class Line(Generic[W]):
    """One row of a file: what it wishes, or why it cannot be read."""

    number: int
    wish: W | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Result(Generic[W]):
    """What a row does: create | change | unchanged | error."""

    number: int
    wish: W | None
    outcome: str
    changes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def refused(line: Line[W], *faults: Fault) -> Result[W]:
    return Result(line.number, line.wish, "error", faults=faults)


def done(line: Line[W], changes: list[str], *, new: str) -> Result[W]:
    """`new` among the changes makes it a creation."""
    outcome = "create" if new in changes else "change" if changes else "unchanged"
    return Result(line.number, line.wish, outcome, tuple(changes))
