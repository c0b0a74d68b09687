"""Every event of the four case publishers goes to the fact log; nothing else happens on arrival."""

from collections.abc import Sequence

from services.reporting_service.store import facts
from shared.contracts.base import ESCALATION, INTAKE, SLA, SURVEY, Event
from shared.contracts.registry import registry
from shared.db import Tx
from shared.messaging.fold import Meta, keeping

TOPICS = frozenset({INTAKE, SLA, ESCALATION, SURVEY})


async def keep(tx: Tx, arrived: Sequence[tuple[Event, Meta]]) -> None:
    """A job folds their cases afterwards (ADR 0050)."""
    await facts.append(tx, [(meta.event_id, meta.seq, meta.recorded_at, event) for event, meta in arrived])


FOLDS = (keeping(*(kind for kind in registry().values() if kind.TOPIC in TOPICS), save=keep),)
"""One fold for all: an event is kept as it came."""
