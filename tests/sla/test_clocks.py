"""What the service makes of intake's events: clocks, holds, retargets, reopenings, in any order."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sla_service.consumers import FOLDS
from shared.contracts.envelope import read
from shared.contracts.registry import registry
from shared.kernel.working_time import ALWAYS
from shared.messaging.fold import Meta
from shared.messaging.port import Message
from shared.testing.batches import fold_in
from tests.sla.bench import Bench, Story, minutes
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


async def test_a_registered_case_gets_a_deadline_from_the_instant_of_its_receipt(bench: Bench) -> None:
    story, received = Story(), NINE - hours(5)
    await bench.hear(story.registered(received, "L01"))
    [clock] = await bench.clocks(story)
    assert (clock["started_at"], clock["due_at"]) == (received, received + hours(24))
    [(kind, armed)] = await bench.told()
    assert kind == "clock-armed"
    assert (armed["policy"], armed["calendar"], armed["metric"]) == ("L01/1", "always/1", "resolve")
    assert (armed["office"], armed["region"]) == ("1102", 1)


async def test_an_unclassified_case_is_retargeted_when_it_is_classified(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE))
    await bench.hear(story.classified(NINE + hours(1), "S01"))
    [clock] = await bench.clocks(story)
    assert (clock["started_at"], clock["due_at"]) == (NINE, bangkok("2026-02-06 16:30"))
    [(_, moved)] = await bench.told("clock-rescheduled")
    assert moved["cause"] == "retarget"
    assert datetime.fromisoformat(moved["previous_due_at"]) == NINE + hours(24)


async def test_a_retarget_into_the_past_is_a_breach_at_once(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "W01"))
    at = NINE + hours(30)
    await bench.pass_to(at)
    await bench.hear(story.classified(at, "L01"))
    await bench.pass_to(at + minutes(1))
    [(_, breach)] = await bench.told("breached")
    assert (breach["cause"], datetime.fromisoformat(breach["breached_at"])) == ("retarget", at)
    assert datetime.fromisoformat(breach["due_at"]) == NINE + hours(24)


async def test_information_asked_for_holds_the_clock_until_it_comes(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"), story.asked(NINE + hours(2)))
    [clock] = await bench.clocks(story)
    assert (clock["due_at"], clock["remaining"]) == (None, hours(22))
    [file] = await bench.rows("SELECT next_due_at FROM case_file")
    assert file["next_due_at"] == NINE + hours(2 + 240)  # the budget of pauses
    await bench.hear(story.supplied(NINE + hours(50)))
    [clock] = await bench.clocks(story)
    assert clock["due_at"] == NINE + hours(72)
    assert [kind for kind, _ in await bench.told()] == ["clock-armed", "clock-held", "clock-rescheduled"]
    [(_, resumed)] = await bench.told("clock-rescheduled")
    assert resumed["cause"] == "resume"


async def test_a_paused_case_is_not_shown_as_breached_and_keeps_the_pause_through_a_retarget(bench: Bench) -> None:
    """failures.md 25."""
    story = Story()
    await bench.hear(story.registered(NINE, "W01"), story.asked(NINE + hours(10)))
    await bench.pass_to(NINE + hours(100))
    await bench.hear(story.classified(NINE + hours(100), "L01"))
    await bench.pass_to(NINE + hours(200))
    assert await bench.standing() == []
    [clock] = await bench.clocks(story)
    assert (clock["due_at"], clock["held_at"], clock["remaining"]) == (None, NINE + hours(10), hours(14))


async def test_a_subject_that_closes_at_once_has_no_clock(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE), story.classified(NINE + hours(1), "I01"), story.answered(NINE + hours(1)))
    [clock] = await bench.clocks(story)
    assert (clock["verdict"], clock["due_at"]) == ("cancelled", None)
    [(_, stopped)] = await bench.told("clock-stopped")
    assert stopped["verdict"] == "cancelled"


async def test_reopening_continues_the_budget_in_a_clock_of_its_own(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"), story.resolved(NINE + hours(20)), story.reopened(NINE + hours(60)))
    first, second = await bench.clocks(story)
    assert (first["verdict"], first["consumed"]) == ("met", hours(20))
    assert (second["cycle"], second["due_at"]) == (2, NINE + hours(64))
    assert [(kind, event["cycle"]) for kind, event in await bench.told()] == [
        ("clock-armed", 1), ("clock-stopped", 1), ("clock-armed", 2),
    ]  # fmt: skip


async def test_a_resolution_told_late_takes_its_breach_back(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(25))
    [breach] = await bench.standing()
    await bench.hear(story.resolved(NINE + hours(23)))
    assert await bench.standing() == []
    [(_, voided)] = await bench.told("breach-voided")
    assert (voided["breach_id"], voided["reason"]) == (str(breach["id"]), "late_fact")
    [clock] = await bench.clocks(story)
    assert clock["verdict"] == "met"


async def test_a_longer_target_takes_the_breach_back_and_its_own_is_the_next_generation(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(25))
    await bench.hear(story.classified(NINE + hours(26), "S01"))
    assert await bench.standing() == []
    await bench.pass_to(bangkok("2026-02-06 17:00"))
    [breach] = await bench.standing()
    assert (breach["generation"], breach["due_at"]) == (2, bangkok("2026-02-06 16:30"))
    kinds = [kind for kind, _ in await bench.told()]
    assert kinds == ["clock-armed", "breached", "clock-rescheduled", "breach-voided", "breached"]


async def test_a_hold_after_the_breach_is_told_but_undoes_nothing(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE - hours(23), "L01"))
    await bench.pass_to(NINE + hours(2))
    await bench.hear(story.asked(NINE + hours(3)), story.supplied(NINE + hours(9)))
    assert len(await bench.standing()) == 1
    [(_, held)] = await bench.told("clock-held")
    assert (held["remaining_seconds"], held["reason"]) == (0, "information_from_complainant")
    [(_, resumed)] = await bench.told("clock-rescheduled")
    assert (resumed["cause"], resumed["due_at"]) == ("resume", resumed["previous_due_at"])


async def test_random_edits_transfers_and_bounces_never_move_a_deadline_later(bench: Bench) -> None:
    """failures.md 3."""
    chance = random.Random(3)
    for _ in range(8):
        story, at = Story(office="HQ"), NINE
        await bench.hear(story.registered(NINE, "L01"))
        for _ in range(12):
            at += minutes(chance.randrange(1, 60))
            await bench.hear(_edited(story, at, chance))
            [clock] = await bench.clocks(story)
            assert clock["due_at"] == NINE + hours(24)
    assert {kind for kind, _ in await bench.told()} == {"clock-armed"}


def _edited(story: Story, at: datetime, chance: random.Random) -> Message:
    match chance.choice(["route", "accept", "bounce", "chase", "correct"]):
        case "route":
            return story.routed(at, chance.choice(["1102", "1103"]))
        case "accept":
            return story.accepted(at)
        case "bounce":
            return story.bounced(at)
        case "chase":
            return story.followed_up(at)
    return story.classified(at, "L01")


def _life() -> Story:
    """A case with everything: asked, retargeted, resolved, reopened, asked again, resolved."""
    story = Story()
    story.registered(NINE)
    story.classified(NINE + hours(1), "L01")
    story.routed(NINE + hours(2), "1103")
    story.asked(NINE + hours(3))
    story.supplied(NINE + hours(9))
    story.followed_up(NINE + hours(10))
    story.resolved(NINE + hours(20))
    story.reopened(NINE + hours(40))
    story.asked(NINE + hours(41))
    story.classified(NINE + hours(42), "L03")
    story.supplied(NINE + hours(50))
    story.resolved(NINE + hours(110))
    return story


async def _state(bench: Bench, story: Story) -> list[dict[str, Any]]:
    kept = "metric, cycle, policy_version_id, budget, due_at, held_at, stopped_at, verdict, consumed, overrun"
    clocks = await bench.rows(f"SELECT {kept} FROM clock WHERE case_id = :id ORDER BY 1, 2", id=story.case_id)
    breaches = "SELECT due_at, level FROM breach WHERE voided_at IS NULL AND case_id = :id ORDER BY 1, 2"
    return clocks + await bench.rows(breaches, id=story.case_id)


@pytest.mark.parametrize("seed", range(4))
async def test_shuffled_and_repeated_delivery_ends_in_the_same_state(bench: Bench, seed: int) -> None:
    """failures.md 8: shuffled through the consumer, which puts it in order, and straight into the folds."""
    chance = random.Random(seed)
    straight, shuffled = _life(), _life()
    await bench.hear(*straight.messages)
    again: list[Message] = shuffled.messages * 2
    chance.shuffle(again)
    for message in again:
        await bench.hear(message)
    unordered = _life()
    await _straight_into_folds(bench, unordered, chance)
    await bench.pass_to(NINE + hours(300))
    expected = await _state(bench, straight)
    assert [row["verdict"] for row in expected if row.get("metric") == "resolve"] == ["met", "breached"]
    assert len(expected) > 2
    assert await _state(bench, shuffled) == expected
    assert await _state(bench, unordered) == expected


async def _straight_into_folds(bench: Bench, story: Story, chance: random.Random) -> None:
    messages = list(story.messages) * 2
    chance.shuffle(messages)
    for message in messages:
        envelope = read(message.topic, message.key, message.value, message.headers)
        event = registry()[envelope.type].model_validate(envelope.data)
        async with bench.db.transaction() as tx:
            meta = Meta(envelope.event_id, envelope.seq, envelope.recorded_at, None, tx.now)
            await fold_in(tx, FOLDS, [(event, meta)])


async def test_an_always_open_clock_agrees_with_the_calendar(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "Q02"))
    [clock] = await bench.clocks(story)
    assert clock["due_at"] == ALWAYS.add(NINE, timedelta(hours=48))
