"""What follows from intake's facts and from contact cards, in whatever order they arrive."""

from uuid import UUID

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import COMPLAINT, TOLD_KINDS, CaseFile, Resolution
from services.survey_service.store import cases
from services.survey_service.store.cases import Reported
from services.survey_service.use_cases.calling import call_after_all, end_calls, open_call, supersede_calls
from services.survey_service.use_cases.telling import forget_recipients, open_notice, supersede_notices
from shared.db import Tx


async def settle(tx: Tx, case: CaseFile) -> None:
    """Open what is due for each resolution, end what belongs to one that no longer stands. The case is locked."""
    card = await cases.find_card(tx, case.id)
    if case.contact_version == 0 or (card is not None and card.version >= case.contact_version):
        for each in await cases.reported(tx, case.id):
            if each.resolution.may_be_told:
                await _open(tx, case, each, card)
    await supersede_notices(tx, case)
    await supersede_calls(tx, case)


async def _open(tx: Tx, case: CaseFile, each: Reported, card: Card | None) -> None:
    done = each.resolution
    if not each.has_notice and done.kind in TOLD_KINDS and card is not None and card.is_reachable:
        await open_notice(tx, case, done, card)
    if not each.has_call and done.kind == COMPLAINT:
        await open_call(tx, case, done, card, "satisfaction")
    elif each.has_call and card is not None and card.phone and case.stands_resolved(done.cycle):
        await call_after_all(tx, case, done.cycle)


async def report(tx: Tx, case: CaseFile, done: Resolution) -> None:
    """A branch reported completion."""
    await cases.add_resolution(tx, done)
    await cases.save_case(tx, case)
    await settle(tx, case)


async def keep_card(tx: Tx, card: Card) -> None:
    """A newer card replaces the one held; who waited for it is contacted now."""
    case = await cases.lock_case(tx, card.case_id)
    if await cases.save_card(tx, card):
        await settle(tx, case)


async def forget_card(tx: Tx, case_id: UUID, version: int) -> None:
    """A tombstone: the card and everything personal made from it go; nobody waits for it any more."""
    case = await cases.lock_case(tx, case_id)
    if await cases.save_card(tx, Card(case_id, version, erased=True)):
        await forget_recipients(tx, case)
        await end_calls(tx, case, "no_phone")
        await settle(tx, case)
