"""The complainant's page: state and dates for a tracking code, open to everybody, slowly."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from services.intake_service.api.answers import TrackAnswer
from services.intake_service.domain.tracking import as_tracking_code
from services.intake_service.use_cases import looking
from shared.web import RateLimit, Transaction

router = APIRouter(prefix="/intake/v1", tags=["2 count and clock"])


async def _slowly(request: Request) -> None:
    state: Any = request.app.state
    if not hasattr(state, "tracking_limit"):
        state.tracking_limit = RateLimit("tracking", per_minute=state.settings.track_per_minute)
    await state.tracking_limit(request)


@router.get("/track/{code}", response_model=TrackAnswer, dependencies=[Depends(_slowly)])
async def track(code: Annotated[str, Path(max_length=40)], tx: Transaction) -> TrackAnswer:
    """Where your case stands. No account is needed; nothing personal is shown."""
    row = await looking.track(tx, as_tracking_code(code))
    return TrackAnswer(
        state=row.state,
        received_at=row.received_at,
        due_at=row.due_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        reopened=row.cycle > 1,
    )
