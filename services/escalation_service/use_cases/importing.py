"""Takes a file of officers in: every row is tried on the roster, and applied together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.escalation_service.domain.offices import POSTS, OfficeKind
from services.escalation_service.domain.roster import Roster, Wish
from services.escalation_service.store import roster
from shared.db import Tx
from shared.kernel.errors import Refusal


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: the field, and a code that stays the same."""

    field: str | None
    code: str
    detail: str


@dataclass(frozen=True)
class Line:
    """One row of the file: what it wishes, or why it cannot be read."""

    number: int
    wish: Wish | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Result:
    """What a row does: create | change | unchanged | error."""

    number: int
    wish: Wish | None
    outcome: str
    changes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass
class _File:
    """What the rows before have said, so that a file never contradicts itself."""

    seats: dict[object, int] = field(default_factory=dict)
    officers: dict[str, tuple[int, Wish]] = field(default_factory=dict)


async def import_officers(tx: Tx, lines: Sequence[Line], *, apply: bool) -> list[Result]:
    """Try all rows; with `apply` keep what they do, unless one has a fault. The same file again changes nothing."""
    wishes = [line.wish for line in lines if line.wish]
    offices = await roster.lock_offices(tx, {wish.seat.office for wish in wishes})
    posts = {(wish.seat.office, wish.seat.post) for wish in wishes}
    known = await roster.load(tx, posts, {wish.officer.staff_code for wish in wishes})
    kinds = {code: OfficeKind(row.kind) for code, row in offices.items()}
    file = _File()
    results = [_try(known, kinds, file, line) for line in lines]
    if apply and not any(result.faults for result in results):
        await _apply(tx, known, results)
    return results


async def _apply(tx: Tx, known: Roster, results: Sequence[Result]) -> None:
    done = [result for result in results if result.wish and result.outcome != "unchanged"]
    if not done:
        return
    await roster.save(tx, known)
    changed = {result.wish.seat.office for result in done if result.wish}
    await roster.raise_versions(tx, changed)
    counts = {outcome: sum(r.outcome == outcome for r in results) for outcome in ("create", "change", "unchanged")}
    await tx.audit("import_officers", "officers", rows=len(results), offices=len(changed), **counts)


def _try(known: Roster, kinds: dict[str, OfficeKind], file: _File, line: Line) -> Result:
    wish = line.wish
    if wish is None:
        return Result(line.number, None, "error", faults=line.faults)
    faults = _contradictions(kinds, file, line.number, wish)
    if faults:
        return Result(line.number, wish, "error", faults=faults)
    try:
        changes = known.take(wish)
    except Refusal as refusal:
        fault = Fault("valid_to" if wish.end else "valid_from", refusal.reason_code, refusal.detail)
        return Result(line.number, wish, "error", faults=(fault,))
    outcome = "create" if "officer" in changes else "change" if changes else "unchanged"
    return Result(line.number, wish, outcome, tuple(changes))


def _contradictions(kinds: dict[str, OfficeKind], file: _File, number: int, wish: Wish) -> tuple[Fault, ...]:
    seat, code = wish.seat, wish.officer.staff_code
    kind = kinds.get(seat.office)
    if kind is None:
        return (Fault("office", "unknown_office", "There is no office with this code."),)
    if seat.post not in POSTS[kind]:
        return (Fault("post", "unknown_post", "This kind of office has no such post."),)
    first = file.seats.setdefault((seat, wish.begin), number)
    if first != number:
        return (Fault("post", "twice_in_file", f"Line {first} fills this post for the same time."),)
    at, before = file.officers.setdefault(code, (number, wish))
    if (before.officer, before.digest) != (wish.officer, wish.digest):
        return (Fault("staff_code", "contradicts_line", f"Line {at} says something else of this officer."),)
    return ()
