"""SQL for case files: what intake's facts say of each case."""

from collections.abc import Iterable
from dataclasses import fields
from uuid import UUID

from sqlalchemy import select

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.store.tables import CASE_FILE
from shared.db import Tx

_COLUMNS = [CASE_FILE.c[f.name] for f in fields(CaseFile)]


async def files_of(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    rows = await tx.all(select(*_COLUMNS).where(CASE_FILE.c.case_id.in_(list(case_ids))))
    return {row.case_id: CaseFile(**row._asdict()) for row in rows}
