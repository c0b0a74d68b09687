"""The fact log and the live projection: nothing lost, any order, and always recomputable."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as sample
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting_service.service import SERVICE
from services.reporting_service.store import facts
from services.reporting_service.use_cases import folding, runs
from services.reporting_service.use_cases.fold import fold
from shared.testing.postgres import TestDatabase
from tests.reporting.given import NINE, Desk, Story, ask
from tests.reporting.test_fold import whole_life


async def test_shuffled_and_repeated_delivery_of_the_same_events_ends_in_the_same_record(desk: Desk) -> None:
    """failures.md 8: topics overtake one another; within a topic the consumer keeps the order."""
    stories = [whole_life() for _ in range(5)]
    expected = [story.record() for story in stories]
    chance = random.Random(7)
    for story in stories:
        shuffled = story.facts()
        chance.shuffle(shuffled)
        for fact in shuffled:
            await desk.keep([fact])
            if chance.random() < 0.3:
                await desk.work()
    await desk.work()
    assert [await desk.case(story) for story in stories] == expected


LIFE = whole_life()


@sample(st.permutations(range(len(LIFE.told))), st.lists(st.integers(1, len(LIFE.told)), max_size=6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_arrival_and_any_cut_into_batches_ends_in_the_fold_of_all(
    desk: Desk, order: list[int], cuts: list[int]
) -> None:
    story = whole_life()
    facts_of_case = story.facts()
    arriving = [facts_of_case[n] for n in order]
    ends = sorted({*cuts, len(arriving)})
    for start, end in zip([0, *ends], ends, strict=False):
        await desk.keep(arriving[start:end])
        async with desk.db.transaction() as tx:
            await folding.fold_waiting(tx, 500)
    assert await desk.case(story) == story.record()


async def test_recomputing_from_the_fact_log_gives_the_live_projection(desk: Desk) -> None:
    stories = [whole_life() for _ in range(30)]
    await desk.tell(*stories)
    async with desk.db.transaction() as tx:
        run = await runs.ask(tx, "recompute", {})
    await desk.work()
    async with desk.db.transaction() as tx:
        ended = await runs.see(tx, run.id)
    assert (ended.state, ended.result) == ("done", {"cases": 30, "differing": 0})
    for story in stories:
        async with desk.db.transaction() as tx:
            log = (await facts.of_cases(tx, [story.case_id]))[story.case_id]
        assert await desk.case(story) == fold(story.case_id, [kept.read() for kept in log]).case


async def test_recomputing_finds_and_mends_a_record_that_was_tampered_with(desk: Desk, database: TestDatabase) -> None:
    story = Story().received()
    await desk.tell(story)
    whole = await desk.case(story)
    await ask(database, "UPDATE reporting.case_record SET body = jsonb_set(body, '{state}', '\"resolved\"')")
    async with desk.db.transaction() as tx:
        run = await runs.ask(tx, "recompute", {})
    await desk.work()
    async with desk.db.transaction() as tx:
        assert (await runs.see(tx, run.id)).result == {"cases": 1, "differing": 1}
    assert await desk.case(story) == whole


async def test_facts_are_never_changed_or_deleted_not_even_by_the_service(desk: Desk) -> None:
    await desk.tell(Story().received())
    for statement in ("UPDATE reporting.fact SET seq = 9", "DELETE FROM reporting.fact"):
        with pytest.raises(DBAPIError, match="only ever added to"):
            async with desk.db.transaction() as tx:
                await tx.execute(text(statement))


async def test_months_ahead_get_their_own_partition_and_other_times_the_default(
    desk: Desk, database: TestDatabase
) -> None:
    await desk.work()
    await desk.tell(Story().received(NINE), Story().received(NINE + timedelta(days=400)))
    rows = await ask(database, "SELECT tableoid::regclass::text AS place, count(*) FROM reporting.fact GROUP BY 1")
    assert {row["place"] for row in rows} == {"reporting.fact_2026_02", "reporting.fact_default"}
    made = await ask(database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'reporting.fact'::regclass")
    assert made[0][0] == 5


async def test_a_case_that_cannot_be_folded_stops_nobody_elses(desk: Desk, database: TestDatabase) -> None:
    broken, sound = Story().received(), Story().received()
    fact = broken.facts()[0]
    spoilt = replace(fact, event=fact.event.model_copy(update={"office": None}))
    await desk.keep([spoilt])
    await desk.tell(sound)
    assert await desk.case(sound) == sound.record()
    async with desk.db.transaction() as tx:
        assert (await SERVICE.checks(tx))[0].startswith("1 facts could not be folded")
        assert await folding.retry_folding(tx) == 1


async def test_concurrent_workers_fold_every_fact_once(desk: Desk) -> None:
    stories = [whole_life() for _ in range(40)]
    await desk.hear(*stories)

    async def worker() -> int:
        done = 0
        while True:
            async with desk.db.transaction() as tx:
                count = await folding.fold_waiting(tx, 50)
            if not count:
                return done
            done += count

    folded = await asyncio.gather(*(worker() for _ in range(4)))
    assert sum(folded) == sum(len(story.told) for story in stories)
    assert [await desk.case(story) for story in stories] == [story.record() for story in stories]
