"""What follows from intake's facts and from contact cards, in whatever order they arrive."""

from uuid import UUID

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import COMPLAINT, TOLD_KINDS, CaseFile, Extension, Resolution
from services.survey_service.store import cases, extensions, notices
from services.survey_service.store.cases import Reported
from services.survey_service.use_cases.calling import call_after_all, end_calls, open_call, supersede_calls
from services.survey_service.use_cases.telling import (
    forget_recipients,
    open_notice,
    open_notice_of,
    supersede_notices,
)
from shared.db import Tx


async def settle(tx: Tx, case: CaseFile) -> None:
    """Open what is due for each resolution, end what belongs to one that no longer stands. The case is locked."""
    card = await cases.find_card(tx, case.id)
    if case.contact_version == 0 or (card is not None and card.version >= case.contact_version):
        for each in await cases.reported(tx, case.id):
            if each.resolution.may_be_told:
                await _open(tx, case, each, card)
        await _open_of_extension(tx, case, card)
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


async def _open_of_extension(tx: Tx, case: CaseFile, card: Card | None) -> None:
    """The newest date, while the case is open; an older one that was not told yet is not told any more."""
    granted = await extensions.newest(tx, case.id)
    if granted is None or card is None or not card.is_reachable or not case.is_open_in(granted.cycle):
        return
    if all(notice.extension_id != granted.id for notice in await notices.notices_of(tx, case.id)):
        await open_notice_of(tx, case, granted, card)


async def extend(tx: Tx, granted: Extension) -> None:
    """Two persons gave the case more time."""
    case = await cases.lock_case(tx, granted.case_id)
    await extensions.add(tx, granted)
    await settle(tx, case)


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
