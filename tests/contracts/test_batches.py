"""A batch is taken in with the same few statements however many events it has, and what fails in it fails alone."""

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import permutations

from shared.contracts.base import INTAKE
from shared.contracts.envelope import Envelope
from shared.messaging.port import Message
from shared.testing.statements import counted
from tests.contracts.conftest import World, accepted, cancelled


async def _deliver(world: World, count: int) -> int:
    """How many statements a subscriber needs for one batch of so many events of as many cases."""
    consumer = world.nodes["sla"].context.consumer
    consumer.most = count
    with counted(consumer.db) as executed:
        await consumer.receive([_message(uuid4(), 1, world) for _ in range(count)])
    return executed.total()


async def test_a_batch_costs_the_same_number_of_statements_for_one_event_and_for_two_hundred(world: World) -> None:
    world.clock.advance(timedelta(seconds=1))
    costs = [await _deliver(world, count) for count in (1, 1, 200)]
    assert len(await world.admin("SELECT 1 FROM sla.seen")) == 202
    assert costs[1] == costs[2]


async def test_an_event_that_fails_in_memory_is_set_aside_without_repeating_the_batch(world: World) -> None:
    await world.run("sla", "INSERT INTO switch VALUES ('refuse')")
    sick, well = uuid4(), uuid4()
    await world.tell(accepted(well, world.clock))
    await world.settle()
    await world.tell(accepted(sick, world.clock), cancelled(sick, world.clock, "poison"), accepted(sick, world.clock))
    await world.tell(cancelled(well, world.clock))
    with counted(world.nodes["sla"].context.db) as executed:
        await world.settle()
    assert sum(n for statement, n in executed.items() if "INSERT INTO sla.seen" in statement) == 1
    assert sum(n for statement, n in executed.items() if "INSERT INTO sla.parked" in statement) == 1
    parked = await world.admin("SELECT seq, reason FROM sla.parked ORDER BY seq")
    assert [tuple(row) for row in parked] == [(2, "poison"), (3, "queued")]
    assert {(key, seq) for key, seq, _ in await world.seen("sla")} == {(str(well), 1), (str(well), 2), (str(sick), 1)}


async def test_what_the_database_refuses_is_found_among_its_neighbours_of_the_same_key(world: World) -> None:
    sick = uuid4()
    await world.tell(accepted(sick, world.clock), cancelled(sick, world.clock, "overflow"), accepted(sick, world.clock))
    await world.settle()
    assert await world.seen("sla") == [(str(sick), 1, "CaseAccepted")]
    parked = await world.admin("SELECT seq, reason FROM sla.parked ORDER BY seq")
    assert [tuple(row) for row in parked] == [(2, "poison"), (3, "queued")]


def _message(case_id: UUID, number: int, world: World) -> Message:
    event, at = accepted(case_id, world.clock), world.clock.now()
    envelope = Envelope(
        event_id=uuid4(), type=event.TYPE, topic=INTAKE, key=str(case_id), seq=number, recorded_at=at,
        stream_began_at=at, source="/pwa/intake", traceparent=None, data=event.model_dump(mode="json"),
    )  # fmt: skip
    return Message(INTAKE, envelope.key, envelope.body(), envelope.headers())


@given(order=permutations(range(1, 7)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_events_that_overtake_each_other_in_a_batch_are_applied_in_order_and_none_stays_aside(
    world: World, order: list[int]
) -> None:
    case_id = uuid4()
    world.clock.advance(timedelta(seconds=1))
    await world.nodes["sla"].context.consumer.receive([_message(case_id, number, world) for number in order])
    assert [seq for key, seq, _ in await world.seen("sla") if key == str(case_id)] == [1, 2, 3, 4, 5, 6]
    assert await world.admin("SELECT 1 FROM sla.parked") == []
