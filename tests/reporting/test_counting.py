"""The store counts from rows of cycles what plain Python counts from records; old records get their rows."""

import random
from dataclasses import replace
from typing import Any

import pytest

from services.reporting_service.domain.indicators import Period
from services.reporting_service.jobs import derive_cycles, work_runs
from services.reporting_service.service import SERVICE
from services.reporting_service.store import cases
from services.reporting_service.store.figures import count
from services.reporting_service.use_cases import runs
from shared.contracts import intake, sla
from shared.testing.postgres import TestDatabase
from tests.reporting.given import HOUR, NINE, Desk, Story, ask
from tests.reporting.recount_indicators import Indicators
from tests.reporting.recount_volume import Volume
from tests.reporting.test_fold import whole_life

CHANNELS = ("website", "line", "contact_center_1662")
COLUMNS = "SELECT * FROM reporting.case_cycle ORDER BY case_id, cycle"


def life(chance: random.Random) -> Story:
    """A case that does anything that a case can do, in an order that makes sense."""
    office, subject = chance.choice(["1102", "1179", "HQ"]), chance.choice(["Q01", "Q01", "I02", "P02"])
    at = NINE + chance.randrange(-200, 700) * HOUR
    story = Story(office=office, subject=subject, channel=chance.choice(CHANNELS)).received(at)
    for _ in range(chance.choice([1, 1, 2, 3])):
        at = cycle(story, at, chance)
        if chance.random() < 0.4:
            return story
        at += chance.randrange(1, 200) * HOUR
        reason = chance.choice(["not_fixed", "dissatisfied", "other"])
        story.reopened(at, reason, due=chance.choice([None, at + 24 * HOUR]))
    if chance.random() < 0.5:
        story.say(intake.CaseCancelled, at, reason="withdrawn", cancelled_at=at + chance.randrange(60) * HOUR)
    return story


def cycle(story: Story, at: Any, chance: random.Random) -> Any:
    """One run to its end, or as far as it came."""
    if chance.random() < 0.3:
        story.waiting(at + HOUR, chance.choice([None, at + 9 * HOUR]))
    if chance.random() < 0.2:
        held = {"metric": "resolve", "reason": "information", "held_at": at, "remaining_seconds": 1}
        story.say(sla.ClockHeld, at + HOUR, **held)
    if chance.random() < 0.3:
        story.breached(at + 24 * HOUR)
        for rung in range(1, chance.randrange(1, 5)):
            story.escalated(rung, at + (24 + rung) * HOUR)
    if chance.random() < 0.2:
        return at
    at += chance.randrange(1, 60) * HOUR
    story.resolved(at, mister_prapa=chance.choice([None, "MP-1"]), repaired=chance.random() < 0.8)
    for _ in range(chance.choice([0, 1, 1, 2])):
        at += chance.randrange(1, 30) * HOUR
        outcome = chance.choice(["answered", "answered", "no_answer", "refused", "no_phone"])
        scores: dict[str, Any] = {name: chance.choice([None, *range(1, 6)]) for name in ("speed", "contact_center")}
        scores |= {name: chance.randrange(1, 6) for name in ("repair", "channel_convenience", "channel_variety")}
        scores["called_back_by_contact_center"] = chance.random() < 0.3
        story.called(at, outcome, **(scores if outcome == "answered" else {}))
    return at


@pytest.mark.parametrize("seed", range(6))
async def test_the_store_counts_what_plain_python_counts(seed: int, desk: Desk) -> None:
    chance = random.Random(seed)
    stories = [life(chance) for _ in range(120)]
    await desk.tell(*stories)
    for _ in range(6):
        since = NINE + chance.randrange(-200, 400) * HOUR
        until = since + chance.randrange(1, 900) * HOUR
        period = Period(since, until, since + chance.randrange(1, 1200) * HOUR)
        indicators, volume = Indicators(period), Volume(period)
        for story in stories:
            indicators.add(story.record())
            volume.add(story.record())
        async with desk.db.transaction() as tx:
            counted = await count(tx, period)
        customers = {1: 1000, 2: 500}
        assert counted.indicators.figures() == indicators.figures()
        assert counted.indicators.without_clock == indicators.without_clock
        assert counted.volume.figures(customers) == volume.figures(customers)


async def test_records_that_older_code_wrote_get_the_rows_that_the_fold_would_write(
    desk: Desk, database: TestDatabase
) -> None:
    stories = [whole_life() for _ in range(5)]
    await desk.tell(*stories)
    rows = await ask(database, COLUMNS)
    await ask(database, "DELETE FROM reporting.case_cycle")
    await ask(database, "UPDATE reporting.case_record SET derived = NULL")
    async with desk.db.transaction() as tx:
        run = await runs.ask(tx, "quarterly", {"fiscal_year": 2569, "quarter": 2})
    assert await work_runs(desk.context) == 0
    async with desk.db.transaction() as tx:
        assert any("which wait meanwhile" in problem for problem in await SERVICE.checks(tx))
    context = replace(desk.context, settings=desk.settings.model_copy(update={"batch": 2}))
    assert [await derive_cycles(context) for _ in range(4)] == [2, 2, 1, 0]
    assert await ask(database, COLUMNS) == rows
    assert await work_runs(desk.context) == 1
    async with desk.db.transaction() as tx:
        assert (await runs.see(tx, run.id)).state == "done"


async def test_a_record_changed_by_older_code_loses_its_mark_and_gets_its_rows_anew(
    desk: Desk, database: TestDatabase
) -> None:
    story = Story().received()
    await desk.tell(story)
    older = story.resolved(NINE + HOUR).record()
    async with desk.db.transaction() as tx:
        assert not await cases.is_any_underived(tx)
    body = "jsonb_set(body, '{cycles,0,resolved_at}', to_jsonb($1::text))"
    await ask(database, f"UPDATE reporting.case_record SET body = {body}", (NINE + HOUR).isoformat())
    async with desk.db.transaction() as tx:
        assert await cases.is_any_underived(tx)
    assert await derive_cycles(desk.context) == 1
    assert (await ask(database, COLUMNS))[0]["resolved_at"] == older.first.resolved_at
