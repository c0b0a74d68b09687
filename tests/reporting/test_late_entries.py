"""Every fact is counted in exactly one day's packs, however late it is recorded or arrives (ADR 0063)."""

import json
import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from services.reporting_service.domain.canonical import digest
from services.reporting_service.service import SERVICE
from shared.db.migrate import upgrade
from shared.kernel.fiscal import midnight
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story, ask
from tests.reporting.test_fold import whole_life

DAY = date(2026, 2, 3)
SIX = NINE - 3 * HOUR
COUNTED = {
    "pwa.intake.case-registered.v1": "received",
    "pwa.intake.case-resolved.v1": "resolved",
    "pwa.intake.case-reopened.v1": "reopened",
    "pwa.escalation.rung-fired.v1": "escalations",
    "pwa.survey.call-opened.v1": "opened",
    "pwa.survey.answered.v1": "answered",
    "pwa.survey.call-closed.v1": "asked",
}


async def morning(desk: Desk, days: int, *, marks: bool = True) -> None:
    """08:00 some days after the first: the packs of the day before are made whatever is still on its way."""
    desk.clock.set(SIX + timedelta(days=days, hours=2))
    if marks:
        await desk.marks(SIX + timedelta(days=days))
    await desk.work()


async def last_pages(database: TestDatabase) -> dict[date, dict[str, Any]]:
    rows = await ask(database, "SELECT day, content #>> '{last_page}' AS page FROM reporting.pack WHERE region = 1")
    return {row["day"]: json.loads(row["page"]) for row in rows}


def late_of(page: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in page["country"]["late_entries"].items() if number}


async def test_work_recorded_after_its_days_pack_was_frozen_is_a_late_entry_of_the_next(
    desk: Desk, api: Api, database: TestDatabase
) -> None:
    story = Story().received()
    await desk.tell(story)
    await morning(desk, 1)
    frozen = await ask(database, "SELECT id, content::text, sha256 FROM reporting.pack ORDER BY region")
    story.resolved(NINE + 5 * HOUR)
    story.told[-1] = (story.told[-1][0], NINE + 26 * HOUR)  # the branch writes it down the next day
    await desk.hear(story)
    await morning(desk, 2)
    await morning(desk, 3)
    pages = await last_pages(database)
    assert [page["country"]["resolved"] for _, page in sorted(pages.items())] == [0, 0, 0]
    assert [late_of(page) for _, page in sorted(pages.items())] == [{}, {"resolved": 1, "resolved_within_sla": 1}, {}]
    listed = (await api("complaints_division").get("/reporting/v1/packs?region=1&day=2026-02-04")).json()["items"]
    pack = (await api("complaints_division").get(f"/reporting/v1/packs/{listed[0]['id']}")).json()["content"]
    assert [case["number"] for case in pack["cases"]] == [story.number]
    csv = await api("complaints_division").get(f"/reporting/v1/packs/{listed[0]['id']}.csv")
    assert "งานของวันก่อนหน้าที่บันทึกหลังออกสรุปของวันนั้น" in csv.text
    again = await ask(
        database, "SELECT id, content::text, sha256 FROM reporting.pack WHERE day = $1 ORDER BY region", DAY
    )
    assert again == frozen


async def test_facts_that_arrive_after_the_packs_stopped_waiting_are_late_entries(
    desk: Desk, database: TestDatabase
) -> None:
    await desk.work()  # the first day of ours
    await morning(desk, 1, marks=False)
    await desk.hear(Story().received())
    await morning(desk, 2)
    pages = await last_pages(database)
    assert pages[DAY]["country"]["received"] == 0
    assert late_of(pages[DAY + timedelta(days=1)]) == {"received": 1}


async def test_a_day_whose_packs_are_still_to_come_keeps_its_entries(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received(), Story().received(NINE + 24 * HOUR))
    desk.clock.set(SIX + timedelta(days=2, hours=-1))
    await desk.marks(SIX + timedelta(days=2, hours=-1))
    client = api("operator", "complaints_division")
    await client.post("/reporting/v1/packs/run", json={"day": "2026-02-04"})
    await desk.work()
    await desk.work()
    received = {}
    for line in (await client.get("/reporting/v1/packs?region=1")).json()["items"]:
        summary = (await client.get(f"/reporting/v1/packs/{line['id']}")).json()["content"]["summary"]
        received[line["day"]] = (summary["received"], summary["late_entries"]["received"])
    assert received == {"2026-02-03": (1, 0), "2026-02-04": (1, 0)}


async def test_packs_of_a_day_that_was_passed_over_are_refused(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received())
    await morning(desk, 1)
    answer = await api("operator").post("/reporting/v1/packs/run", json={"day": "2026-01-20"})
    assert (answer.status_code, answer.json()["code"]) == (409, "day_passed")


def lives(chance: random.Random) -> list[Story]:
    """Cases whose work is recorded up to two days after it happened."""
    stories = []
    for _ in range(25):
        office = chance.choice(["1102", "1102", "HQ"])
        begun = NINE + chance.randrange(48) * HOUR
        story = Story(office=office).received(begun)
        if chance.random() < 0.5:
            story.escalated(1, begun + HOUR)
        if chance.random() < 0.7:
            story.resolved(begun + chance.randrange(1, 20) * HOUR).called(begun + 20 * HOUR)
            if chance.random() < 0.3:
                story.reopened(begun + 22 * HOUR)
        lateness = sorted(chance.randrange(48) * HOUR for _ in story.told)
        story.told = [(event, at + late) for (event, at), late in zip(story.told, lateness, strict=True)]
        stories.append(story)
    return stories


def days_of(stories: list[Story]) -> Counter[tuple[str, str]]:
    """What was told, by figure and by the day it happened: straight from the stories."""
    counted = Counter[tuple[str, str]]()
    for story in stories:
        for event, _ in story.told:
            if event.TYPE in COUNTED:
                names = (
                    "received_at",
                    "resolved_at",
                    "reopened_at",
                    "fired_at",
                    "opened_at",
                    "answered_at",
                    "closed_at",
                )
                at = next(value for name in names if (value := getattr(event, name, None)) is not None)
                counted[COUNTED[event.TYPE], at.astimezone(NINE.tzinfo).date().isoformat()] += 1
    return counted


def told_by(pages: dict[date, dict[str, Any]]) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """What the packs say: by figure and day, and the late entries by figure."""
    plain, late = Counter[tuple[str, str]](), Counter[str]()
    for day, page in pages.items():
        country = page["country"]
        own = {name: country[name] for name in ("received", "resolved", "reopened")}
        own |= {name: country["satisfaction"][name] for name in ("opened", "answered", "asked")}
        own["escalations"] = sum(country["escalations_fired"].values())
        plain.update({(name, day.isoformat()): number for name, number in own.items()})
        late.update({name: country["late_entries"][name] for name in own})
    return plain, late


@pytest.mark.parametrize("seed", range(4))
async def test_every_fact_is_in_exactly_one_packs_figures_and_frozen_packs_never_change(
    seed: int, desk: Desk, database: TestDatabase
) -> None:
    chance = random.Random(seed)
    stories = lives(chance)
    hashes: dict[Any, str] = {}
    await desk.work()  # the first day of ours
    for day in range(1, 8):
        until = SIX + timedelta(days=day)
        await desk.hear(*(story for story in stories if chance.random() < 0.7), until=until)
        await morning(desk, day, marks=chance.random() < 0.7)
        for row in await ask(database, "SELECT id, content::text AS text, sha256 FROM reporting.pack"):
            assert hashes.setdefault(row["id"], row["sha256"]) == row["sha256"]
    await desk.hear(*stories)
    await morning(desk, 8)
    plain, late = told_by(await last_pages(database))
    happened = days_of(stories)
    totals, own = Counter[str](), Counter[str]()
    for (name, _), number in happened.items():
        totals[name] += number
    for (name, _), number in plain.items():
        own[name] += number
    assert own + late == totals
    assert late.total() > 0
    assert all(plain[key] <= happened[key] for key in plain)
    rows = await ask(database, "SELECT content::text AS text, sha256 FROM reporting.pack")
    assert all(digest(json.loads(row["text"])) == row["sha256"] for row in rows)


async def test_cases_known_before_the_migration_have_the_entries_that_the_code_would_give_them(
    desk: Desk, database: TestDatabase
) -> None:
    await desk.tell(*(whole_life() for _ in range(5)), Story().received(), Story(office="HQ").received())
    await morning(desk, 1)
    query = "SELECT case_id, what, cycle, part, happened_at FROM reporting.pack_entry ORDER BY 1, 2, 3, 4"
    expected = await ask(database, query)
    await ask(database, "DROP TABLE reporting.pack_entry")
    await ask(database, "DROP TRIGGER case_record_outdated ON reporting.case_record")
    await ask(database, "DROP FUNCTION reporting.outdate_cycles")
    await ask(database, "DROP TABLE reporting.case_cycle")
    await ask(database, "ALTER TABLE reporting.case_record DROP COLUMN folded, DROP COLUMN derived")
    await ask(database, "UPDATE reporting.alembic_version SET version_num = '0001'")
    await upgrade(database.owner_url, "reporting", SERVICE.migrations)
    assert await ask(database, query) == expected
    end = midnight(DAY + timedelta(days=1))
    rows = await ask(database, "SELECT happened_at, pack_day FROM reporting.pack_entry")
    assert {(row["happened_at"] < end, row["pack_day"]) for row in rows} == {(True, DAY), (False, None)}
