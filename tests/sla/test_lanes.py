"""News of one publisher that is set aside holds up what needs it, and nothing else; what is on record says so."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from shared.contracts.base import INTAKE, REPORTING, SURVEY
from shared.contracts.intake import ContactChanged
from shared.contracts.survey import CustomerTold
from shared.testing.system import System
from tests.sla.bench import Bench, Story, mark, minutes
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")
TOLD = {"notice_id": "00000000-0000-4000-8000-000000000001", "purpose": "resolved", "channel": "sms"}


async def _set_aside_of_survey(bench: Bench, story: Story) -> None:
    """An event of survey that waits for one that has not come."""
    told = story._tell(CustomerTold, **TOLD, evidence="receipt", told_at=NINE)
    story.messages.pop()  # of another stream: intake's numbers go on
    await bench.hear(told)


async def test_a_breach_that_fired_is_not_on_record_as_held_back_for_another_publishers_news(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE - hours(23), "L01"))
    await _set_aside_of_survey(bench, story)
    await bench.pass_to(NINE + hours(2))
    assert len(await bench.standing("acknowledge") + await bench.standing()) == 2
    assert await bench.rows("SELECT instant FROM decision WHERE what = 'held_back'") == []


async def test_a_case_in_trouble_is_reported_as_such_although_news_of_it_is_set_aside_too(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE - hours(25), "L01"))
    await _set_aside_of_survey(bench, story)
    async with bench.db.transaction() as tx:
        await tx.execute(text("UPDATE clock SET id = gen_random_uuid()"))  # its next save breaks a constraint
    await bench.pass_to(NINE + minutes(1))
    bench.clock.advance(minutes(2))
    assert "1 case files cannot be evaluated" in await bench.problems()


async def test_whoever_could_not_be_reached_at_first_is_owed_a_contact_from_when_they_can_be(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))  # without any address
    assert await bench.clocks(story, "first_contact") == []
    card_came = NINE + hours(72)
    bench.clock.set(card_came)
    await bench.hear(story._tell(ContactChanged, contact_version=1, erased=False, has_phone=True, changed_at=card_came))
    [clock] = await bench.clocks(story, "first_contact")
    assert (clock["started_at"], clock["due_at"]) == (card_came, bangkok("2026-02-09 16:30"))
    await bench.pass_to(card_came + hours(1))
    assert await bench.standing("first_contact") == []


async def test_a_notice_is_owed_from_when_there_is_somebody_to_tell(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"), story.resolved(NINE + hours(1)))
    assert await bench.clocks(story, "notify_customer") == []
    card_came = NINE + hours(24)
    bench.clock.set(card_came)
    await bench.hear(story._tell(ContactChanged, contact_version=1, erased=False, has_phone=True, changed_at=card_came))
    [clock] = await bench.clocks(story, "notify_customer")
    assert (clock["started_at"], clock["due_at"]) == (card_came, bangkok("2026-02-04 13:00"))


async def _tell(alone: System, at: datetime, *topics: str) -> None:
    """It is `at`, and these publishers have told everything up to it; the jobs run."""
    alone.clock.set(at)
    await alone.nodes["sla"].context.consumer.receive([mark(at, topic) for topic in topics])
    await alone.drain()


async def _explained(alone: System, story: Story, metric: str) -> tuple[str, list[tuple[str, str]]]:
    """Why the clock has or has not fired, and what is on record as held back: for want of what, which instant."""
    answer = await alone.api("complaints_division").get(f"/sla/v1/cases/{story.case_id}/explain")
    seen: dict[str, Any] = answer.json()
    [why] = [clock["why"] for clock in seen["clocks"] if clock["metric"] == metric]
    return why, [(one["reason"], one["instant"]) for one in seen["decisions"] if one["what"] == "held_back"]


@pytest.mark.parametrize(
    ("silent", "metric", "lane", "due_at"),
    [
        (INTAKE, "resolve", "intake", "2026-02-03T02:30:00Z"),
        (REPORTING, "ois_record", "reporting", "2026-02-03T09:30:00Z"),
    ],
)
async def test_whoever_asks_why_nothing_fired_reads_whose_news_were_missing(
    alone: System, silent: str, metric: str, lane: str, due_at: str
) -> None:
    story, due = Story(), datetime.fromisoformat(due_at)
    await alone.nodes["sla"].context.consumer.receive([story.registered(NINE - hours(23) - minutes(30), "L01")])
    await _tell(alone, NINE, INTAKE, SURVEY, REPORTING)
    others = {INTAKE, SURVEY, REPORTING} - {silent}
    await _tell(alone, due + minutes(0.5), *others)
    assert await _explained(alone, story, metric) == ("awaits_timer", [])  # within the grace
    for late in (minutes(2), hours(1)):
        await _tell(alone, due + late, *others)
        assert await _explained(alone, story, metric) == ("held_back", [(f"blind:{lane}", due_at)])
    await _tell(alone, due + hours(2), INTAKE, SURVEY, REPORTING)
    assert await _explained(alone, story, metric) == ("breached", [(f"blind:{lane}", due_at)])
