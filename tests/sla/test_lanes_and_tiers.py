"""Each metric fires by the news it needs; breaches, their tiers and what a late fact takes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.contracts.base import INTAKE, REPORTING, SURVEY, Event
from shared.contracts.envelope import Envelope
from shared.contracts.reporting import OisAcknowledged
from shared.contracts.survey import CallClosed, CallOpened, CustomerTold
from shared.messaging.port import Message
from tests.sla.bench import STREAMS_BEGAN, Bench, Story, minutes
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


def rewritten(message: Message, old: str, new: str) -> Message:
    """The same message with another value in its body."""
    body = (message.value or b"").decode()
    found = [text for text in (old, old.replace(":", ": ", 1)) if text in body]
    return replace(message, value=body.replace(found[0], new).encode())


def elsewhere(story: Story, seq: int, kind: type[Event], **fields: Any) -> Message:
    """An event of another publisher about the case."""
    about = {"case_id": story.case_id, "office": story.office, "region": 1, "kind": "complaint", "restricted": False}
    event = kind.model_validate(about | {"cycle": story.cycle} | fields)
    envelope = Envelope(
        event_id=uuid4(), type=event.TYPE, topic=event.TOPIC, key=event.key, seq=seq, recorded_at=STREAMS_BEGAN,
        stream_began_at=STREAMS_BEGAN, source="/pwa/other", traceparent=None, data=event.model_dump(mode="json"),
    )  # fmt: skip
    return Message(envelope.topic, envelope.key, envelope.body(), envelope.headers())


async def _closed_case(bench: Bench) -> Story:
    """Reported done at nine, by a branch whose customer can be told."""
    story = Story()
    await bench.hear(rewritten(story.registered(NINE - hours(1), "L01"), '"has_phone":false', '"has_phone":true'))
    bench.clock.set(NINE)
    await bench.hear(story.resolved(NINE))
    return story


async def test_a_relay_that_stands_still_holds_up_only_the_metrics_that_need_its_news(bench: Bench) -> None:
    """failures.md 31, for each metric: reporting and survey are silent, intake is not."""
    story = Story()
    await bench.hear(story.registered(NINE - hours(100), "L01"))
    bench.clock.set(NINE)
    await bench.mark(NINE, INTAKE)
    await bench.fire()
    assert len(await bench.standing()) == len(await bench.standing("acknowledge")) == 1
    assert await bench.standing("ois_record") == []
    await bench.mark(NINE - hours(200), SURVEY, REPORTING)
    bench.clock.advance(minutes(2))
    await bench.mark(NINE + minutes(2), INTAKE)
    await bench.fire()
    assert await bench.standing("ois_record") == []
    assert [reason for reason in await bench.problems() if "from reporting" in reason]
    bench.clock.advance(minutes(1))
    await bench.mark(NINE + minutes(3))
    await bench.fire()
    assert len(await bench.standing("ois_record")) == 1


async def test_an_event_of_survey_that_is_set_aside_holds_the_fire_of_its_metrics_only(bench: Bench) -> None:
    story = await _closed_case(bench)
    told = elsewhere(
        story, 1, CustomerTold, notice_id=uuid4(), purpose="resolved", channel="sms", evidence="receipt",
        told_at=NINE + minutes(5),
    )  # fmt: skip
    later = elsewhere(
        story, 2, CallClosed, task_id=uuid4(), purpose="satisfaction", outcome="answered", attempts=1,
        closed_at=NINE + hours(1),
    )  # fmt: skip
    await bench.hear(later)  # waits for the one before it
    await bench.pass_to(NINE + timedelta(days=30))
    assert await bench.standing("notify_customer") == []
    assert len(await bench.standing("ois_record")) == 1
    reasons = "SELECT reason FROM decision WHERE what = 'held_back' AND case_id = :id"
    assert {row["reason"] for row in await bench.rows(reasons, id=story.case_id)} == {"parked"}
    await bench.hear(told)
    await bench.pass_to(NINE + timedelta(days=31))
    [notify] = await bench.clocks(story, "notify_customer")
    [call] = await bench.clocks(story, "survey_call")
    assert (notify["verdict"], notify["consumed"], call["verdict"]) == ("met", minutes(5), "met")
    assert await bench.standing("notify_customer") == []


async def test_a_reopening_makes_what_was_to_be_told_void(bench: Bench) -> None:
    story = await _closed_case(bench)
    await bench.hear(story.reopened(NINE + hours(1)))
    [notify] = await bench.clocks(story, "notify_customer")
    assert (notify["verdict"], notify["stopped_at"]) == ("cancelled", NINE + hours(1))
    bench.clock.set(NINE + hours(3))
    await bench.hear(story.resolved(NINE + hours(3)))
    first, second = await bench.clocks(story, "notify_customer")
    assert (first["cycle"], second["started_at"], second["verdict"]) == (1, NINE + hours(3), None)


async def test_a_call_that_lacked_a_number_is_measured_from_when_the_number_comes(bench: Bench) -> None:
    story = await _closed_case(bench)
    task: dict[str, Any] = {"task_id": uuid4(), "purpose": "satisfaction"}
    opened = elsewhere(story, 1, CallOpened, **task, opened_at=NINE)
    closed = elsewhere(story, 2, CallClosed, **task, outcome="no_phone", attempts=0, closed_at=NINE)
    await bench.hear(opened, closed)
    assert [row["verdict"] for row in await bench.clocks(story, "survey_call")] == ["cancelled"]
    bench.clock.set(NINE + hours(30))
    await bench.hear(elsewhere(story, 3, CallOpened, **task, opened_at=NINE + hours(30)))
    [running] = await bench.clocks(story, "survey_call")
    assert (running["started_at"], running["verdict"]) == (NINE + hours(30), None)
    late = {"outcome": "answered", "attempts": 1, "closed_at": running["due_at"] + minutes(1)}
    bench.clock.set(late["closed_at"])
    await bench.hear(elsewhere(story, 4, CallClosed, **task, **late))
    [called] = await bench.clocks(story, "survey_call")
    assert (called["stopped_at"], called["verdict"]) == (late["closed_at"], "breached")


async def test_ois_is_done_with_a_cycle_by_any_record_of_it_or_of_a_later_one(bench: Bench) -> None:
    story = await _closed_case(bench)
    await bench.hear(story.reopened(NINE + hours(1)))
    refused = {"version": 2, "accepted": False, "acknowledged_at": NINE + hours(1)}
    await bench.hear(elsewhere(story, 1, OisAcknowledged, **refused))
    assert [row["verdict"] for row in await bench.clocks(story, "ois_record")] == [None, None]
    taken = {"version": 3, "accepted": True, "acknowledged_at": NINE + hours(2)}
    await bench.hear(elsewhere(story, 2, OisAcknowledged, **taken))
    assert [row["verdict"] for row in await bench.clocks(story, "ois_record")] == ["met", "met"]


async def test_each_very_late_tier_is_told_once_and_void_with_its_breach(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    for late in (hours(25), hours(49), hours(50), hours(73), hours(200)):
        await bench.pass_to(NINE + late)
    told = [(event["tier"], event["reached_at"]) for _, event in await bench.told("very-late")]
    assert told == [(2, "2026-02-05T02:00:00Z"), (3, "2026-02-06T02:00:00Z")]
    assert len(await bench.standing()) == len(await bench.standing(level=2)) == len(await bench.standing(level=3)) == 1
    await bench.hear(story.resolved(NINE + hours(23)))
    assert await bench.standing() == await bench.standing(level=2) == await bench.standing(level=3) == []
    assert len(await bench.told("breach-voided")) == 1


async def test_a_tier_that_was_reached_after_the_case_had_been_resolved_is_taken_back(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(49))
    await bench.hear(story.resolved(NINE + hours(30)))
    await bench.pass_to(NINE + hours(100))
    assert (len(await bench.standing()), await bench.standing(level=2)) == (1, [])
    assert await bench.told("breach-voided") == []


async def test_a_late_pause_takes_the_breach_back_while_the_next_generation_follows(bench: Bench) -> None:
    """failures.md 36, by a late fact instead of a holiday: the true deadline passed as well."""
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(40))
    await bench.hear(story.asked(NINE + hours(2)), story.supplied(NINE + hours(12)))
    assert await bench.standing() == []
    await bench.pass_to(NINE + hours(41))
    [breach] = await bench.standing()
    assert (breach["generation"], breach["due_at"]) == (2, NINE + hours(34))
    kinds = [kind for kind, _ in await bench.told() if kind.startswith("breach")]
    assert kinds == ["breached", "breach-voided", "breached"]


async def test_a_reopening_that_names_no_mode_takes_that_of_the_policy(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"), story.resolved(NINE + hours(20)))
    bench.clock.set(NINE + hours(60))
    await bench.hear(rewritten(story.reopened(NINE + hours(60)), '"mode":"continue"', '"mode":null'))
    [_, second] = await bench.clocks(story)
    assert second["due_at"] == NINE + hours(64)
    [row] = await bench.rows("SELECT reason FROM interval WHERE ended_at IS NOT NULL")
    assert row["reason"] == "policy"
