"""Every event of the four case publishers goes to the fact log; nothing else happens on arrival."""

from collections.abc import Mapping

from services.reporting_service.domain.fold import Fact
from services.reporting_service.use_cases.folding import keep_fact
from shared.contracts.base import ESCALATION, INTAKE, SLA, SURVEY, CaseEvent, Event, registry
from shared.db import Tx
from shared.messaging.consumer import Handler, Meta

TOPICS = frozenset({INTAKE, SLA, ESCALATION, SURVEY})


async def on_event(tx: Tx, event: Event, meta: Meta) -> None:
    fact = Fact(meta.event_id, event.TOPIC, meta.seq, event.TYPE, meta.recorded_at, event.model_dump(mode="json"))
    await keep_fact(tx, fact, event.key, event.case_id if isinstance(event, CaseEvent) else None)


HANDLERS: Mapping[type[Event], Handler] = {kind: on_event for kind in registry().values() if kind.TOPIC in TOPICS}
