"""The count board: every day's cases by office, kind, dimension and channel (process step 2)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from services.intake_service.api.answers import CountBoard, CountRow, Counts
from services.intake_service.store.rows import Found
from services.intake_service.use_cases import looking
from shared.kernel.access import Actor
from shared.kernel.fiscal import bangkok_date
from shared.web import Transaction, needs
from shared.web.types import Day, Region

router = APIRouter(prefix="/intake/v1", tags=["2 count and clock"])


@router.get("/counts", response_model=CountBoard)
async def counts(
    tx: Transaction,
    actor: Annotated[Actor, needs("cases:read")],
    day: Annotated[Day | None, Query(description="Bangkok day of receipt; default: today")] = None,
    office: Annotated[str | None, Query(max_length=10)] = None,
    region: Annotated[Region | None, Query()] = None,
) -> CountBoard:
    """Today's or any day's counts. Restricted cases are counted for those who may see them."""
    asked = day or bangkok_date(tx.now)
    recorded, classified = await looking.counts(tx, asked, office, region)
    return CountBoard(day=asked, as_recorded=_counts(recorded), as_classified=_counts(classified))


def _counts(rows: Sequence[Found]) -> Counts:
    found = [
        CountRow(
            office=row.office,
            region=row.region,
            kind=row.kind,
            dimension=row.dimension,
            channel=row.channel,
            count=row.counted,
        )
        for row in rows
    ]
    return Counts(total=sum(row.count for row in found), rows=found)
