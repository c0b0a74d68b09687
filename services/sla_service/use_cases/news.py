"""How far the news reaches: a metric fires only when all topics that could stop its clock have been heard out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.sla_service.domain.changes import Coverage
from services.sla_service.domain.metrics import INTAKE_LANE, LANES, REPORTING_LANE, SURVEY_LANE
from shared.contracts.base import INTAKE, REPORTING, SURVEY
from shared.db import Tx
from shared.messaging.consumer import parked_streams, watermarks

TOPICS: Mapping[str, tuple[str, ...]] = {
    INTAKE_LANE: (INTAKE,),
    SURVEY_LANE: (INTAKE, SURVEY),
    REPORTING_LANE: (INTAKE, REPORTING),
}
NEEDED = (INTAKE, SURVEY, REPORTING)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Events change clocks but fire nothing: only the timer knows how far the news of a case reaches.
FIRE_NOTHING: Coverage = dict.fromkeys(LANES, LONG_AGO)


async def coverage(tx: Tx) -> Coverage:
    """By lane, the instant before which everything that its publishers recorded has arrived here."""
    known = await watermarks(tx, NEEDED)
    return {lane: min(tx.now, *(known[topic] or LONG_AGO for topic in topics)) for lane, topics in TOPICS.items()}


async def parked(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """The lanes in which each of these cases must wait, because an event about it is set aside."""
    by_key = {str(case_id): case_id for case_id in case_ids}
    found: dict[UUID, frozenset[str]] = {}
    for topic, key in await parked_streams(tx, NEEDED, list(by_key)):
        lanes = frozenset(lane for lane, topics in TOPICS.items() if topic in topics)
        found[by_key[key]] = found.get(by_key[key], frozenset()) | lanes
    return found
