"""Takes a file of offices in: every row is tried on the organisation in order, and applied together or not at all."""

from collections.abc import Sequence

from services.escalation_service.domain.organisation import OfficeWish, Organisation
from services.escalation_service.store import organisation
from services.escalation_service.use_cases.lines import Fault, Line, Result, done, refused
from shared.db import Tx
from shared.kernel.errors import Refusal

_FIELDS = {
    "needs_a_name": "name", "needs_a_region": "belongs_to", "belongs_elsewhere": "belongs_to",
    "unknown_office": "belongs_to", "ends_before_it_begins": "valid_to", "head_office_stays": "valid_to",
}  # fmt: skip


async def import_offices(tx: Tx, lines: Sequence[Line[OfficeWish]], *, apply: bool) -> list[Result[OfficeWish]]:
    """Try all rows; with `apply` keep what they do, unless one has a fault. The same file again changes nothing."""
    known, versions = await organisation.load(tx)
    seen: dict[tuple[str, object], int] = {}
    results = [_try(known, seen, line) for line in lines]
    if apply and not any(result.faults for result in results):
        await organisation.save(tx, known, versions)
        counts = {outcome: sum(r.outcome == outcome for r in results) for outcome in ("create", "change", "unchanged")}
        if counts["create"] or counts["change"]:
            await tx.audit("import_offices", "offices", rows=len(results), **counts)
    return results


def _try(known: Organisation, seen: dict[tuple[str, object], int], line: Line[OfficeWish]) -> Result[OfficeWish]:
    wish = line.wish
    if wish is None:
        return refused(line, *line.faults)
    first = seen.setdefault((wish.code, wish.begin), line.number)
    if first != line.number:
        return refused(line, Fault("office", "twice_in_file", f"Line {first} is about this office at the same time."))
    try:
        return done(line, known.take(wish), new="office")
    except Refusal as refusal:
        field = _FIELDS.get(refusal.reason_code, "valid_from")
        return refused(line, Fault(field, refusal.reason_code, refusal.detail))
