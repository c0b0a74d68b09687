"""The copies of calendars that sla publishes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.escalation_service.store import calendars, ladders
from services.escalation_service.use_cases.planning import forget_rule_book
from shared.contracts.sla import CalendarPublished
from shared.db import Row, Tx


async def keep_calendar(tx: Tx, event: CalendarPublished) -> None:
    """Keep a copy of a published version and let the ladders on it follow; the newest one counts."""
    values = event.model_dump(mode="json", include={"code", "version", "name_th", "zone", "weekly", "exceptions"})
    horizon = date.fromisoformat(event.horizon_on) if event.horizon_on else None
    await calendars.add(tx, values | {"horizon_on": horizon, "published_at": event.published_at})
    forget_rule_book(tx)
    await ladders.wake(tx, event.code)


async def list_copies(tx: Tx) -> Sequence[Row[Any]]:
    """Every version of which a copy has arrived."""
    return await calendars.known(tx)
