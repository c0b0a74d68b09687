"""A batch of events is settled together, with the same outcome as if each had come alone."""

import json
from dataclasses import replace

from sqlalchemy import text

from tests.sla.bench import Bench, Story
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


async def test_news_of_many_cases_and_many_of_each_are_told_as_if_each_had_come_alone(bench: Bench) -> None:
    """One batch is settled together, but every event of a case by itself and under its own trace."""
    stories = [Story() for _ in range(4)]
    turns = [
        [story.registered(NINE, "L01") for story in stories],
        [story.asked(NINE + hours(1)) for story in stories],
        [story.supplied(NINE + hours(3)) for story in stories],
        [story.resolved(NINE + hours(5)) for story in stories],
    ]
    bench.clock.set(NINE + hours(6))
    traced = [
        replace(message, value=_with_trace(message.value, f"trace-{number}"))
        for number, message in enumerate(message for turn in turns for message in turn)
    ]
    await bench.hear(*traced)
    rows = await bench.rows("SELECT key, type, payload->>'metric' AS metric, headers FROM outbox ORDER BY key, seq")
    for number, story in enumerate(stories):
        mine = [row for row in rows if row["key"] == str(story.case_id) and row["metric"] == "resolve"]
        assert [row["type"].split(".")[2] for row in mine] == [
            "clock-armed", "clock-held", "clock-rescheduled", "clock-stopped",
        ]  # fmt: skip
        assert [row["headers"]["traceparent"] for row in mine] == [f"trace-{number + 4 * turn}" for turn in range(4)]


async def test_one_poisoned_case_in_a_batch_is_set_aside_and_the_others_are_settled(bench: Bench) -> None:
    stories = [Story() for _ in range(3)]
    await bench.hear(*(story.registered(NINE, "L01") for story in stories))
    sql = "UPDATE clock SET id = gen_random_uuid() WHERE case_id = :id"  # its next save breaks a constraint
    async with bench.db.transaction() as tx:
        await tx.execute(text(sql), {"id": stories[1].case_id})
    await bench.hear(*(story.resolved(NINE + hours(1)) for story in stories))
    parked = await bench.rows("SELECT key, reason FROM parked WHERE state = 'parked'")
    assert parked == [{"key": str(stories[1].case_id), "reason": "poison"}]
    for story in (stories[0], stories[2]):
        verdicts = [clock["verdict"] for clock in await bench.clocks(story) if clock["metric"] == "resolve"]
        assert verdicts == ["met"]


def _with_trace(value: bytes | None, trace: str) -> bytes:
    return json.dumps(json.loads(value or b"") | {"traceparent": trace}).encode()
