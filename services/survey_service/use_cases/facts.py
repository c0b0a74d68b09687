"""What follows from intake's facts and from contact cards, in whatever order they arrive."""

from collections.abc import Sequence

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import COMPLAINT, TOLD_KINDS, CaseFile
from services.survey_service.domain.known import KnownCase
from services.survey_service.store import batch, cases, extensions, notices
from services.survey_service.store.cases import Reported
from services.survey_service.use_cases.calling import call_after_all, end_calls, open_call, supersede_calls
from services.survey_service.use_cases.telling import (
    forget_recipients,
    open_notice,
    open_notice_of,
    supersede_notices,
)
from shared.db import Tx
from shared.messaging.fold import Change


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


async def save(tx: Tx, changes: Sequence[Change[KnownCase]]) -> None:
    """Write what a batch changed, then settle those cases of which somebody is, or was, to be told or asked.

    What is written takes a statement for each table; only a case that has come to an end, or was given more time,
    is settled by itself.
    """
    known = [change.after for change in changes]
    await batch.save_files(tx, [each.after.file for each in changes if each.after.file != each.before.file])
    await batch.save_cards(
        tx, [each.after.card for each in changes if each.after.card and each.after.card != each.before.card]
    )
    await batch.add_resolutions(tx, [done for case in known for done in case.resolutions])
    await batch.add_extensions(tx, [granted for case in known for granted in case.extensions])
    unsettled = {case.file.id: case for case in known if case.unsettled}
    for case_id in await batch.with_tasks(tx, list(unsettled)):
        case = unsettled[case_id]
        tx.traceparent = case.traceparent
        if case.forgotten:
            await forget_recipients(tx, case.file)
            await end_calls(tx, case.file, "no_phone")
        await settle(tx, case.file)
