"""Branch work: route, accept, bounce, resolve (process steps 1 and 4). None of it moves a clock's start."""

from dataclasses import asdict
from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.domain.work import WorkReport
from services.intake_service.store import cases
from services.intake_service.use_cases import events
from services.intake_service.use_cases.changing import change, tell
from services.intake_service.use_cases.events import stamp
from shared.contracts.intake import CaseAccepted, CaseBounced, CaseResolved
from shared.db import Tx
from shared.kernel.errors import Invalid
from shared.reference import branches, region_of


async def route(tx: Tx, case_id: UUID, version: int, branch: str) -> Case:
    if branch not in branches():
        raise Invalid("There is no such branch.", code="unknown_branch")
    before, after = await change(tx, case_id, version, lambda case: case.route(branch, region_of(branch)))
    told = events.routed(tx, after, before)
    return await tell(tx, after, "routed", told, office=branch, previous_office=before.office)


async def accept(tx: Tx, case_id: UUID, version: int) -> Case:
    _, after = await change(tx, case_id, version, lambda case: case.accept())
    return await tell(tx, after, "accepted", CaseAccepted(**stamp(after), accepted_at=tx.now), office=after.office)


async def bounce(tx: Tx, case_id: UUID, version: int, reason: str) -> Case:
    """The head office gets it back, with the reason."""
    before, after = await change(tx, case_id, version, lambda case: case.bounce())
    event = CaseBounced(**stamp(after), bounced_by=before.office, reason=reason, bounced_at=tx.now)
    return await tell(tx, after, "bounced", event, office=before.office, reason=reason)


async def resolve(tx: Tx, case_id: UUID, version: int, report: WorkReport) -> Case:
    _, after = await change(tx, case_id, version, lambda case: case.resolve(report, by=tx.actor.id, at=tx.now))
    told = {name: value for name, value in asdict(report).items() if name != "done_at"}
    kept = {**told, "handler": tx.actor.id, "resolved_at": report.done_at}
    await cases.add_resolution(tx, after, kept)
    event = CaseResolved(
        **stamp(after),
        **kept,
        subject=after.subject,
        channel=str(after.channel),
        contact_version=after.contact_version,
        reported_at=tx.now,
    )
    return await tell(tx, after, "resolved", event, **told, resolved_at=report.done_at.isoformat())
