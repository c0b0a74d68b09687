"""What a broker promises, whichever it is: everything arrives, once in effect, in order per case."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.base import INTAKE
from shared.messaging import operations
from shared.messaging.consumer import parked_keys, watermark
from shared.messaging.operations import History, Which
from shared.messaging.port import Message
from tests.contracts.conftest import World, accepted, cancelled

pytestmark = pytest.mark.transports


async def test_every_subscriber_sees_every_event_once_in_order_per_case(world: World) -> None:
    cases = [uuid4() for _ in range(20)]
    for number in range(3):
        await world.tell(*[accepted(case, world.clock) for case in cases[number:]])
    await world.settle()
    for service in ("sla", "survey"):
        seen = await world.seen(service)
        assert len(seen) == 20 + 19 + 18
        for case in cases:
            numbers = [seq for key, seq, _ in seen if key == str(case)]
            assert numbers == list(range(1, len(numbers) + 1))


async def test_two_facts_of_one_case_told_in_one_transaction_get_two_numbers(world: World) -> None:
    case = uuid4()
    await world.tell(accepted(case, world.clock), cancelled(case, world.clock))
    await world.settle()
    assert await world.seen("sla") == [(str(case), 1, "CaseAccepted"), (str(case), 2, "CaseCancelled")]


async def test_what_was_rolled_back_is_never_told(world: World) -> None:
    case = uuid4()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with world.nodes["intake"].context.db.transaction() as tx:
            await tx.publish(accepted(case, world.clock))
            raise ZeroDivisionError
    async with world.nodes["intake"].context.db.transaction() as tx:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012
            async with tx.savepoint():
                await tx.publish(accepted(case, world.clock))
                raise ZeroDivisionError
        await tx.publish(cancelled(case, world.clock))
    await world.settle()
    assert await world.seen("sla") == [(str(case), 1, "CaseCancelled")]


async def test_sent_rows_leave_the_outbox_for_the_archive(world: World) -> None:
    await world.tell(*[accepted(uuid4(), world.clock) for _ in range(5)])
    await world.settle()
    [[pending, archived]] = await world.admin(
        "SELECT (SELECT count(*) FROM intake.outbox), (SELECT count(*) FROM intake.outbox_sent)"
    )
    assert (pending, archived) == (0, 5)


async def test_a_repeated_delivery_changes_nothing(world: World) -> None:
    case = uuid4()
    await world.tell(accepted(case, world.clock), cancelled(case, world.clock))
    await world.settle()
    before = await world.seen("sla")
    async with world.nodes["intake"].context.db.transaction() as tx:
        assert await operations.replay_sent(tx, History(INTAKE)) == 2
    await world.settle()
    assert await world.seen("sla") == before
    assert await world.admin("SELECT 1 FROM sla.parked") == []


async def test_a_poison_event_blocks_only_its_own_case_and_is_replayed_in_order(world: World) -> None:
    sick, well = uuid4(), uuid4()
    await world.run("sla", "INSERT INTO switch VALUES ('refuse')")
    await world.tell(accepted(sick, world.clock), cancelled(sick, world.clock, "poison"), accepted(sick, world.clock))
    await world.tell(accepted(well, world.clock), cancelled(well, world.clock))
    await world.settle()
    seen = await world.seen("sla")
    assert [seq for key, seq, _ in seen if key == str(sick)] == [1]
    assert [seq for key, seq, _ in seen if key == str(well)] == [1, 2]
    parked = await world.admin("SELECT seq, reason, error FROM sla.parked WHERE state = 'parked' ORDER BY seq")
    assert [(row["seq"], row["reason"]) for row in parked] == [(2, "poison"), (3, "queued")]
    assert parked[0]["error"] == "step failed: ValueError"
    node = world.nodes["sla"]
    async with node.context.db.transaction() as tx:
        assert await parked_keys(tx, INTAKE, [str(sick), str(well)]) == {str(sick)}
        assert await operations.replay_parked(tx, node.context.consumer, Which(reason="poison")) == (0, 1)
    await world.run("sla", "DELETE FROM switch")
    async with node.context.db.transaction() as tx:
        assert await operations.replay_parked(tx, node.context.consumer, Which(key=str(sick))) == (2, 0)
    assert [seq for key, seq, _ in await world.seen("sla") if key == str(sick)] == [1, 2, 3]
    assert await world.admin("SELECT 1 FROM sla.parked WHERE state = 'parked'") == []


async def test_a_discarded_event_lets_the_next_ones_through(world: World) -> None:
    sick = uuid4()
    await world.run("sla", "INSERT INTO switch VALUES ('refuse')")
    await world.tell(cancelled(sick, world.clock, "poison"), accepted(sick, world.clock))
    await world.settle()
    node = world.nodes["sla"]
    async with node.context.db.transaction() as tx:
        assert await operations.discard_parked(tx, node.context.consumer, Which(reason="poison"), "agreed") == 1
    assert await world.seen("sla") == [(str(sick), 2, "CaseAccepted")]
    [row] = await world.admin("SELECT state, settled_why, settled_by FROM sla.parked WHERE seq = 1")
    assert tuple(row) == ("discarded", "agreed", "system")


async def test_an_unknown_type_is_set_aside_alone_and_its_case_goes_on(world: World) -> None:
    case = uuid4()
    await world.tell(accepted(case, world.clock))
    await world.admin("UPDATE intake.outbox SET type = 'pwa.intake.case-teleported.v1'")
    await world.tell(cancelled(case, world.clock))
    await world.settle()
    assert await world.seen("sla") == [(str(case), 2, "CaseCancelled")]
    [row] = await world.admin("SELECT seq, reason, type FROM sla.parked WHERE state = 'parked'")
    assert tuple(row) == (1, "unknown_type", "pwa.intake.case-teleported.v1")


async def test_lost_events_are_waited_for_and_applied_in_order_when_they_come_again(world: World) -> None:
    case = uuid4()
    for _ in range(3):
        await world.tell(accepted(case, world.clock))
    await world.settle()
    for _ in range(2):
        await world.tell(accepted(case, world.clock))
    await _lose_what_is_pending(world)
    await world.tell(accepted(case, world.clock))
    await world.settle()
    assert [seq for _, seq, _ in await world.seen("sla")] == [1, 2, 3]
    [row] = await world.admin("SELECT seq, reason FROM sla.parked WHERE state = 'parked'")
    assert tuple(row) == (6, "gap")
    async with world.nodes["intake"].context.db.transaction() as tx:
        assert await operations.replay_sent(tx, History(INTAKE, first=4, last=5)) == 2
    await world.settle()
    for service in ("sla", "survey"):
        assert [seq for _, seq, _ in await world.seen(service)] == [1, 2, 3, 4, 5, 6]
    assert await world.admin("SELECT 1 FROM sla.parked WHERE state = 'parked'") == []


async def _lose_what_is_pending(world: World) -> None:
    """As if the topic had lost them: archived as sent, never arrived."""
    await world.admin(
        """WITH lost AS (DELETE FROM intake.outbox RETURNING *)
        INSERT INTO intake.outbox_sent (id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers,
                                        payload, sent_at)
        SELECT id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload, now() FROM lost"""
    )


async def test_a_number_used_again_by_a_restored_publisher_is_set_aside_with_an_alarm(world: World) -> None:
    case = uuid4()
    await world.tell(accepted(case, world.clock), accepted(case, world.clock))
    await world.settle()
    await world.admin("UPDATE intake.stream SET last_seq = 1")
    await world.tell(cancelled(case, world.clock))
    await world.settle()
    assert [seq for _, seq, _ in await world.seen("sla")] == [1, 2]
    [row] = await world.admin("SELECT seq, reason FROM sla.parked WHERE state = 'parked'")
    assert tuple(row) == (2, "sequence_reused")


async def test_the_newest_card_wins_and_a_tombstone_removes_it(world: World) -> None:
    case = UUID(int=uuid4().int)
    for version, phone in ((1, "+66000000001"), (2, "+66000000002")):
        await world.run(
            "intake",
            """INSERT INTO card VALUES (:case, :version, :phone)
            ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, phone = excluded.phone""",
            case=case, version=version, phone=phone,
        )  # fmt: skip
        async with world.nodes["intake"].context.db.transaction() as tx:
            await tx.publish_card(case, version)
    await world.settle()
    notes = [row.note for row in await world.run("survey", "SELECT note FROM seen ORDER BY nr")]
    assert notes[-1] == "+66000000002"
    [[kept]] = await world.admin("SELECT count(*) FROM intake.outbox_sent WHERE payload::text LIKE '%0000000%'")
    assert kept == 0
    await world.run("intake", "UPDATE card SET phone = NULL, version = 3")
    async with world.nodes["intake"].context.db.transaction() as tx:
        await tx.publish_card(case, 3)
    await world.settle()
    assert (await world.seen("survey"))[-1] == (str(case), 3, "ContactErased")
    async with world.nodes["intake"].context.db.transaction() as tx:
        await operations.replay_sent(tx, History("pwa.intake.contacts.v1"))
    await world.settle()
    assert (await world.seen("survey"))[-1] == (str(case), 3, "ContactErased")


async def test_the_watermark_waits_for_what_has_not_been_sent(world: World) -> None:
    await world.settle()
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == world.clock.now()
    case = uuid4()
    await world.tell(accepted(case, world.clock))
    told_at = world.clock.now()
    world.clock.advance(timedelta(hours=1))
    await world.settle()
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == told_at + timedelta(hours=1)


async def test_marks_of_a_broker_with_more_partitions_do_not_hold_the_watermark_back(world: World) -> None:
    old = world.clock.now() - timedelta(days=1)
    sql = "INSERT INTO watermark (topic, partition, partitions, until) VALUES (:topic, 6, 7, :old)"
    await world.run("sla", sql, topic=INTAKE, old=old)
    world.clock.advance(timedelta(hours=1))
    await world.settle()
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == world.clock.now()


async def test_a_value_that_does_not_fit_its_column_is_poison_and_not_an_outage(world: World) -> None:
    sick, well = uuid4(), uuid4()
    await world.tell(cancelled(sick, world.clock, "overflow"), accepted(well, world.clock))
    await world.settle()
    assert [key for key, _, _ in await world.seen("sla")] == [str(well)]
    [row] = await world.admin("SELECT reason FROM sla.parked WHERE state = 'parked'")
    assert row["reason"] == "poison"


async def test_a_body_that_cannot_be_read_blocks_its_case_until_its_publisher_sends_it_again(world: World) -> None:
    case = uuid4()
    await world.tell(accepted(case, world.clock))
    await world.settle()
    node = world.nodes["sla"]
    await world.tell(accepted(case, world.clock), accepted(case, world.clock))
    relay, original = world.nodes["intake"].relay, world.nodes["intake"].relay._message

    def spoil(row: Any, cards: Any) -> Message:
        message = original(row, cards)
        return message if row["seq"] != 2 else Message(message.topic, message.key, b"{half", message.headers)

    relay._message = spoil  # type: ignore[method-assign]
    await world.settle()
    relay._message = original  # type: ignore[method-assign]
    assert [seq for _, seq, _ in await world.seen("sla")] == [1]
    async with world.nodes["intake"].context.db.transaction() as tx:
        await operations.replay_sent(tx, History(INTAKE, first=2, last=2))
    await world.settle()
    assert [seq for _, seq, _ in await world.seen("sla")] == [1, 2, 3]
    async with node.context.db.transaction() as tx:
        assert await parked_keys(tx, INTAKE, [str(case)]) == set()


async def test_events_are_cloudevents_that_another_library_reads(world: World) -> None:
    from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
    from cloudevents.core.formats.json import JSONFormat

    case = uuid4()
    captured: list[bytes] = []
    relay, original = world.nodes["intake"].relay, world.nodes["intake"].relay._message

    def keep(row: Any, cards: Any) -> Message:
        message = original(row, cards)
        captured.append(message.value or b"")
        return message

    relay._message = keep  # type: ignore[method-assign]
    await world.tell(accepted(case, world.clock))
    await world.settle()
    event = from_structured_event(HTTPMessage(headers={}, body=captured[0]), JSONFormat())
    assert event.get_type() == "pwa.intake.case-accepted.v1"
    assert event.get_subject() == str(case)
    assert json.loads(captured[0])["data"]["case_id"] == str(case)
