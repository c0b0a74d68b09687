"""SQL for case files: what intake's facts say of each case."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.store.tables import CASE_FILE
from shared.db import Tx

_COLUMNS = [CASE_FILE.c[f.name] for f in fields(CaseFile)]
_LOCK = select(*_COLUMNS).where(CASE_FILE.c.case_id == bindparam("case")).with_for_update()
_NEW = insert(CASE_FILE)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=["case_id"], set_={f.name: _NEW.excluded[f.name] for f in fields(CaseFile) if f.name != "case_id"}
)


async def lock(tx: Tx, case_id: UUID) -> CaseFile:
    """The case's file, locked where there is one; always after its ladder."""
    row = await tx.find(_LOCK, {"case": case_id})
    return CaseFile(**row._asdict()) if row else CaseFile(case_id)


async def save(tx: Tx, file: CaseFile) -> None:
    await tx.execute(_SAVE, asdict(file))


async def open_with(tx: Tx, file: CaseFile) -> CaseFile:
    """The file of a case, made from another publisher's view while intake has told nothing of it."""
    await tx.execute(_NEW.on_conflict_do_nothing(index_elements=["case_id"]), asdict(file))
    return (await files_of(tx, [file.case_id]))[file.case_id]


async def files_of(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    rows = await tx.all(select(*_COLUMNS).where(CASE_FILE.c.case_id.in_(list(case_ids))))
    return {row.case_id: CaseFile(**row._asdict()) for row in rows}
