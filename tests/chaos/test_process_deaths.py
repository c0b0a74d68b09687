"""A process dies at each named point of api, relay and consumer with work in flight: nothing is lost or doubled."""

import pytest

from shared.testing.postgres import TestDatabase
from tests.chaos.posting import Victim, all_acknowledged, nothing_lost_or_doubled

# The n-th visit is far enough into the work that requests and events are in flight.
EVERYWHERE = (
    "api.before_tx:5",
    "api.before_commit:3",
    "api.after_commit:3",
    "relay.selected:6",
    "relay.acked:4",
    "relay.archived:3",
    "consumer.inboxed:6",
    "consumer.before_commit:6",
    "consumer.after_commit:6",
)
ON_KAFKA = ("relay.sending:4", "consumer.fetched:6", "consumer.offset_committed:6")
pytestmark = pytest.mark.timeout(600)


async def _die_and_recover(victim: Victim, database: TestDatabase, fault: str) -> None:
    await victim.start(fault)
    await victim.post_until_dead()
    assert await victim.died_at_its_point(), f"{fault} was never reached"
    await victim.start()
    await all_acknowledged(victim)
    await nothing_lost_or_doubled(victim, database)


@pytest.mark.parametrize("fault", EVERYWHERE)
async def test_nothing_is_lost_or_doubled_when_the_process_dies_at(
    victim: Victim, database: TestDatabase, fault: str
) -> None:
    await _die_and_recover(victim, database, fault)


@pytest.mark.transports("kafka")
@pytest.mark.parametrize("fault", ["relay.acked:4", "consumer.after_commit:6", *ON_KAFKA])
async def test_nothing_is_lost_or_doubled_on_kafka_when_the_process_dies_at(
    victim: Victim, database: TestDatabase, fault: str
) -> None:
    await _die_and_recover(victim, database, fault)
