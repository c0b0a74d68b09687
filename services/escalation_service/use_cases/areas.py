"""Deputy governors' areas: which regions belong to them, from when on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.escalation_service.domain.offices import OfficeKind
from services.escalation_service.store import offices
from services.escalation_service.use_cases.posts import lock_office
from shared.db import Row, Tx
from shared.kernel.errors import Invalid


async def list_areas(tx: Tx) -> Sequence[Row[Any]]:
    return await offices.list_areas(tx)


async def move_region(tx: Tx, code: str, area: str | None, at: datetime, *, version: int) -> int:
    """A region belongs to an area, or to none, from an instant on; the region's version afterwards."""
    office = await lock_office(tx, code, version)
    if office.kind != OfficeKind.REGION:
        raise Invalid("Only a region belongs to an area.", code="not_a_region")
    await offices.set_area(tx, office.region, area, at)
    await tx.audit("move_region", code, area=area, valid_from=at.isoformat())
    return await offices.raise_version(tx, code)
