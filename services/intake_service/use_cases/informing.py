"""Something is missing: the case waits for the complainant or others, and goes on when it has come (process step 1)."""

from collections.abc import Sequence
from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.use_cases.changing import change, keep_words_unless_erased, tell
from services.intake_service.use_cases.events import stamp
from shared.contracts.intake import InformationRequested, InformationSupplied
from shared.db import Tx


async def request_information(tx: Tx, case_id: UUID, version: int, missing: Sequence[str], asked: str) -> Case:
    _, after = await change(tx, case_id, version, lambda case: case.request_information(missing, asked=asked))
    event = InformationRequested(**stamp(after), missing=after.missing, asked=asked, requested_at=tx.now)
    return await tell(tx, after, "information_requested", event, missing=list(missing), asked=asked)


async def supply_information(tx: Tx, case_id: UUID, version: int, words: str) -> Case:
    """What was said goes to the notes: it may hold personal data, so an erased case goes on without it."""
    _, after = await change(tx, case_id, version, lambda case: case.supply_information())
    await keep_words_unless_erased(tx, after, "supplied", words)
    event = InformationSupplied(**stamp(after), supplied_at=tx.now)
    return await tell(tx, after, "information_supplied", event, state=str(after.state))
