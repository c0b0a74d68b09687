"""What-if: a past period replayed under drafts gives what would have been, beside what was, and changes nothing."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.sla_service.use_cases import what_if
from services.sla_service.use_cases.news import NEEDED
from shared.db import Database
from shared.kernel.clock import BANGKOK
from shared.messaging.port import Message
from shared.testing.postgres import TestDatabase
from shared.testing.system import System
from tests.sla.bench import Story, mark
from tests.sla.given import bangkok, hours

URL = "/sla/v1/what-if"
NINE = bangkok("2026-02-03 09:00")
PERIOD = {"from_at": "2026-02-03T00:00:00+07:00", "to_at": "2026-02-04T00:00:00+07:00"}
RESOLVE_12 = {"metric": "resolve", "amount": 12, "unit": "wall", "calendar": "always"}


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def pass_to(alone: System, at: datetime, *messages: Message) -> None:
    alone.clock.set(at)
    await alone.nodes["sla"].context.consumer.receive([*messages, *(mark(at, topic) for topic in NEEDED)])
    await alone.drain()


async def draft_policy(editor: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    answer = await editor.post("/sla/v1/policies", json={"code": "L01", "based_on": 1} | change)
    assert answer.status_code == 201, answer.text
    return {"code": "L01", "version": answer.json()["version"]}


async def replay(alone: System, editor: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Start a replay of the third of February and let it end."""
    answer = await editor.post(URL, json=PERIOD | body)
    assert answer.status_code == 202, answer.text
    await alone.drain()
    run: dict[str, Any] = (await editor.get(answer.headers["Location"])).json()
    assert (run["state"], run["troubled"]) == ("done", 0)
    return run


async def results(client: httpx.AsyncClient, run: dict[str, Any], what: str) -> list[dict[str, Any]]:
    """All pages of a kind of result."""
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.get(f"{URL}/{run['id']}/{what}", params=params)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


async def resolving(client: httpx.AsyncClient, run: dict[str, Any]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """(really, drafted) of the resolve clocks by office."""
    rows = await results(client, run, "offices")
    return {one["office"]: (one["really"], one["drafted"]) for one in rows if one["metric"] == "resolve"}


async def four_cases(alone: System, office: str = "1102") -> list[Story]:
    """Received at nine; resolved after 10, 15 and 30 hours, and one still open."""
    stories = [Story(office=office) for _ in range(4)]
    await pass_to(alone, NINE, *(story.registered(NINE, "L01") for story in stories))
    for story, after in zip(stories, (10, 15, 30), strict=False):
        at = NINE + hours(after)
        await pass_to(alone, at, story.resolved(at))
    await pass_to(alone, NINE + hours(50))
    return stories


def outcome(clocks: int, judged: int, on_time: int, breaches: int) -> dict[str, Any]:
    share = round(on_time / judged, 4)
    return {"clocks": clocks, "judged": judged, "on_time": on_time, "on_time_share": share, "breaches": breaches}


async def test_a_stricter_draft_shows_the_breaches_and_the_load_that_it_would_have_made(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await four_cases(alone)
    name = await draft_policy(editor, targets=[RESOLVE_12])
    run = await replay(alone, editor, policies=[name])
    assert (run["policies"], run["calendar"], run["started_by"]) == (["L01/2"], None, "somsri")
    assert (run["case_files"], run["examined"], run["replayed"]) == (4, 4, 4)
    really, drafted = (await resolving(editor, run))["1102"]
    assert really == outcome(clocks=4, judged=4, on_time=2, breaches=2)
    assert drafted == outcome(clocks=4, judged=4, on_time=1, breaches=3)
    load = {one["day"]: one for one in await results(editor, run, "load")}
    # 18:00: 75 % by all four; 21:00: twelve hours by three; next day twice that by two, thrice by one
    assert load["2026-02-03"]["drafted"] == {"warnings": 4, "breaches": 3, "very_late": 0}
    assert load["2026-02-04"]["drafted"] == {"warnings": 0, "breaches": 0, "very_late": 3}
    declared = await alone.sql("SELECT declared_at, level FROM sla.breach")
    days = Counter((row["declared_at"].astimezone(BANGKOK).date().isoformat(), row["level"] == 1) for row in declared)
    for day, one in load.items():
        assert (one["really"]["breaches"], one["really"]["very_late"]) == (days[day, True], days[day, False])


UNTOUCHED = (
    "case_file", "interval", "classification", "milestone", "clock", "breach", "outbox", "outbox_sent", "stream",
    "calendar_version", "policy_version", "book", "calendar_run", "calendar_change", "calendar_told", "inbox",
)  # fmt: skip


async def test_a_replay_changes_nothing_but_its_own_results(alone: System, editor: httpx.AsyncClient) -> None:
    await four_cases(alone)
    name = await draft_policy(editor, targets=[RESOLVE_12])

    async def everything() -> dict[str, Any]:
        return {one: await alone.sql(f"SELECT t::text FROM sla.{one} t ORDER BY 1") for one in UNTOUCHED}

    before = await everything()
    answer = await editor.post(URL, json=PERIOD | {"policies": [name]})
    while await alone.nodes["sla"].step_job(
        next(j for j in alone.nodes["sla"].service.jobs if j.name == "run_what_if")
    ):
        pass
    assert (await editor.get(answer.headers["Location"])).json()["state"] == "done"
    assert await everything() == before


async def test_a_copy_of_the_rules_in_force_gives_exactly_what_happened(
    alone: System, editor: httpx.AsyncClient
) -> None:
    dice = random.Random(36)
    happened: list[tuple[datetime, int, Story, str]] = []
    for number in range(25):
        story, at = Story(office=dice.choice(["1102", "1056"])), NINE + timedelta(minutes=dice.randrange(600))
        happened.append((at, number, story, "registered"))
        for step in dice.choice(
            [(), ("asked", "supplied"), ("resolved",), ("asked", "supplied", "resolved"), ("cancelled",)]
        ):
            at += timedelta(minutes=dice.randrange(1, 1500))
            happened.append((at, number, story, step))
    for at, _, story, step in sorted(happened, key=lambda one: one[:2]):
        message = story.registered(at, "L01") if step == "registered" else getattr(story, step)(at)
        await pass_to(alone, at, message)
    await pass_to(alone, NINE + hours(120))
    run = await replay(alone, editor, policies=[await draft_policy(editor)])
    rows = await results(editor, run, "offices")
    assert {one["office"] for one in rows} == {"1102", "1056"}
    assert 0 < sum(one["really"]["breaches"] for one in rows) < sum(one["really"]["clocks"] for one in rows)
    for one in rows:
        assert one["drafted"] == one["really"], one


async def test_a_draft_calendar_is_tried_on_the_clocks_that_count_by_it(
    alone: System, editor: httpx.AsyncClient
) -> None:
    thursday = bangkok("2026-02-05 10:00")
    done = Story()
    await pass_to(alone, thursday, done.registered(thursday, "E01"))
    monday = bangkok("2026-02-09 10:00")
    await pass_to(alone, monday, done.resolved(monday))
    day = {"day": "2026-02-06", "name": "วันหยุดพิเศษ"}
    made = await editor.post("/sla/v1/calendars", json={"code": "office", "based_on": 1, "days": [day]})
    calendar = {"code": "office", "version": made.json()["calendar"]["version"]}
    period = {"from_at": "2026-02-05T00:00:00+07:00", "to_at": "2026-02-06T00:00:00+07:00"}
    run = await replay(alone, editor, calendar=calendar, **period)
    really, drafted = (await resolving(editor, run))["1102"]
    assert (really["breaches"], really["on_time"]) == (1, 0)
    assert (drafted["breaches"], drafted["on_time"]) == (0, 1)


async def test_only_the_cases_of_the_period_and_the_place_are_replayed(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await four_cases(alone)
    later, far = Story(), Story(office="1056")
    await pass_to(alone, NINE + hours(60), later.registered(NINE + hours(60), "L01"), far.registered(NINE, "L01"))
    name = await draft_policy(editor, targets=[RESOLVE_12])
    for place, offices, replayed in (
        ({}, ["1056", "1102"], 5),
        ({"office": "1056"}, ["1056"], 1),
        ({"region": 1}, ["1102"], 4),
    ):
        run = await replay(alone, editor, policies=[name], **place)
        assert (sorted(await resolving(editor, run)), run["replayed"]) == (offices, replayed)
    both = await replay(alone, editor, policies=[name])
    branch = alone.api("branch_staff", office="1102")
    assert list(await resolving(branch, both)) == ["1102"]
    assert {one["office"] for one in await results(branch, both, "load")} == {"1102"}
    listed = (await editor.get(URL)).json()["items"]
    assert listed[0]["id"] == both["id"]
    assert len(listed) == 4
    assert (await alone.api("complaints_division").delete(f"{URL}/{both['id']}")).status_code == 403
    assert [(await editor.delete(f"{URL}/{both['id']}")).status_code for _ in range(2)] == [204, 404]
    assert (await editor.get(f"{URL}/{both['id']}/offices")).status_code == 404


class Killed(Exception):
    """The process dies before it commits."""


async def batch_that_dies(db: Database) -> None:
    async with db.transaction() as tx:
        await what_if.work(tx, 1)
        raise Killed


async def test_a_replay_killed_in_every_batch_and_raced_counts_each_case_once(
    alone: System, editor: httpx.AsyncClient, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "SCANNED_FOR_EACH", 1)  # one case in a batch
    await four_cases(alone)
    name = await draft_policy(editor, targets=[RESOLVE_12])
    answer = await editor.post(URL, json=PERIOD | {"policies": [name]})
    for _ in range(3):
        with pytest.raises(Killed):
            await batch_that_dies(alone.db["sla"])
        async with alone.db["sla"].transaction() as tx:
            await what_if.work(tx, 1)

    async def race() -> None:
        own = Database(database.url("sla"), schema="sla", clock=alone.clock, pool_size=1)
        for _ in range(10):
            async with own.transaction() as tx:
                await what_if.work(tx, 1)
        await own.dispose()

    await asyncio.gather(race(), race())
    run = (await editor.get(answer.headers["Location"])).json()
    assert (run["state"], run["examined"], run["replayed"]) == ("done", 4, 4)
    really, drafted = (await resolving(editor, run))["1102"]
    assert (really["clocks"], drafted["clocks"], drafted["breaches"]) == (4, 4, 3)


async def test_a_replay_goes_by_the_drafts_as_they_were_when_it_was_asked_for(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await four_cases(alone)
    name = await draft_policy(editor, targets=[RESOLVE_12])
    answer = await editor.post(URL, json=PERIOD | {"policies": [name]})
    assert (await editor.delete("/sla/v1/policies/L01/2", headers={"If-Match": '"1"'})).status_code == 204
    await alone.drain()
    run = (await editor.get(answer.headers["Location"])).json()
    assert (await resolving(editor, run))["1102"][1]["breaches"] == 3


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"policies": []}, "nothing_to_try"),
    ({"to_at": "2026-02-02T00:00:00+07:00"}, "bad_period"),
    ({"to_at": "2027-02-02T00:00:00+07:00"}, "bad_period"),
    ({"from_at": "2024-02-02T00:00:00+07:00"}, "period_too_long"),
    ({"policies": [{"code": "L01", "version": 99}]}, "unknown_version"),
    ({"calendar": {"code": "moon", "version": 1}}, "unknown_version"),
    ({"policies": [{"code": "L01", "version": 1}, {"code": "L01", "version": 2}]}, "policy_tie"),
    ({"office": "9999"}, "unknown_office"),
]


async def test_replays_that_make_no_sense_are_refused_and_starting_one_needs_a_right(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await pass_to(alone, NINE + hours(24))
    name = await draft_policy(editor)
    for change, code in REFUSED:
        answer = await editor.post(URL, json=PERIOD | {"policies": [name]} | change)
        assert (answer.status_code, code in answer.text) == (422, True), (change, answer.text)
    assert (await alone.api("complaints_division").post(URL, json=PERIOD | {"policies": [name]})).status_code == 403
    async with alone.db["sla"].transaction() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM what_if_run")) == 0
