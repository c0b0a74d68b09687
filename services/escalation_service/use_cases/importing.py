"""Takes a file of officers in: every row is tried on the roster, and applied together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.escalation_service.domain.offices import POSTS, OfficeKind
from services.escalation_service.domain.roster import Roster, Wish
from services.escalation_service.store import roster
from services.escalation_service.use_cases.lines import Fault, Line, Result, done, refused
from shared.db import Tx
from shared.kernel.errors import Refusal


@dataclass
class _File:
    """What the rows before have said, so that a file never contradicts itself."""

    seats: dict[object, int] = field(default_factory=dict)
    officers: dict[str, tuple[int, Wish]] = field(default_factory=dict)


async def import_officers(tx: Tx, lines: Sequence[Line[Wish]], *, apply: bool) -> list[Result[Wish]]:
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


async def _apply(tx: Tx, known: Roster, results: Sequence[Result[Wish]]) -> None:
    done = [result for result in results if result.wish and result.outcome != "unchanged"]
    if not done:
        return
    await roster.save(tx, known)
    changed = {result.wish.seat.office for result in done if result.wish}
    await roster.raise_versions(tx, changed)
    counts = {outcome: sum(r.outcome == outcome for r in results) for outcome in ("create", "change", "unchanged")}
    await tx.audit("import_officers", "officers", rows=len(results), offices=len(changed), **counts)


def _try(known: Roster, kinds: dict[str, OfficeKind], file: _File, line: Line[Wish]) -> Result[Wish]:
    wish = line.wish
    if wish is None:
        return refused(line, *line.faults)
    if faults := _contradictions(kinds, file, line.number, wish):
        return refused(line, *faults)
    try:
        return done(line, known.take(wish), new="officer")
    except Refusal as refusal:
        return refused(line, Fault(_field(refusal, wish), refusal.reason_code, refusal.detail))


def _field(refusal: Refusal, wish: Wish) -> str:
    if refusal.reason_code == "on_leave_already":
        return "leave_from"
    return "valid_to" if wish.end else "valid_from"


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
