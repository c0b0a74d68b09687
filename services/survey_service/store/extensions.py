"""Statements about extensions of which the customer is told."""

from uuid import UUID

from sqlalchemy import select

from services.survey_service.domain.case import Extension
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import extension
from shared.db import Tx
from shared.kernel.errors import NotFound


async def newest(tx: Tx, case_id: UUID) -> Extension | None:
    """The one whose date holds."""
    query = select(extension).where(extension.c.case_id == case_id)
    row = await tx.find(query.order_by(extension.c.granted_at.desc(), extension.c.id.desc()).limit(1))
    return Extension(**fields(row, Extension)) if row else None


async def get(tx: Tx, extension_id: UUID) -> Extension:
    row = await tx.find(select(extension).where(extension.c.id == extension_id))
    if row is None:
        raise NotFound("No such extension.")
    return Extension(**fields(row, Extension))
