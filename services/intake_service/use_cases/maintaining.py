"""What the service sees to by itself: its subjects are there, and personal data goes when its retention ends."""

from datetime import datetime

from services.intake_service.store import cases, reference
from services.intake_service.use_cases.contacting import erase_after_retention
from shared import reference as shipped
from shared.db import Tx
from shared.kernel.fiscal import fiscal_year, fiscal_year_bounds

ERASED_AT_ONCE = 50


async def seed(tx: Tx) -> None:
    """The shipped subjects, where they are not known yet."""
    rows = [
        {
            "code": each.code, "kind": each.kind, "dimension": each.dimension_th, "title": each.subject_th,
            "severity": each.severity, "restricted": each.restricted, "closes_at_once": each.closes_at_once,
        }
        for each in shipped.subjects().values()
        if each.kind != "follow_up"
    ]  # fmt: skip
    await reference.seed_subjects(tx, rows)


async def check(tx: Tx) -> list[str]:
    """Why intake cannot do all of its work."""
    problems = []
    subjects = await reference.subjects_in_force(tx)
    if not any(each.kind == "complaint" for each in subjects.values()):
        problems.append("no subject of complaints is in force: nothing can be classified")
    if not shipped.branches():
        problems.append("there are no branches: nothing can be routed")
    return problems


async def erase_ended(tx: Tx, *, years_kept: int) -> int:
    """Erase some of the contacts whose cases closed before the last `years_kept` whole fiscal years; says how many."""
    ended = await cases.due_for_erasure(tx, closed_before=_kept_since(tx.now, years_kept), limit=ERASED_AT_ONCE)
    for case_id in sorted(ended):
        await erase_after_retention(tx, case_id)
    return len(ended)


def _kept_since(now: datetime, years_kept: int) -> datetime:
    return fiscal_year_bounds(fiscal_year(now) - years_kept)[0]
