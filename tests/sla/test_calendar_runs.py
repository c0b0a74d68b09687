"""A calendar version on clocks under way: previewed without a trace, applied exactly once, breaches put right."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.sla_service.store.calendar_runs import next_cases
from services.sla_service.use_cases import calendar_runs
from shared.db import Database
from shared.messaging.port import Message
from shared.testing.postgres import TestDatabase
from shared.testing.system import System
from tests.sla.bench import Story, mark
from tests.sla.given import bangkok, hours

THURSDAY = bangkok("2026-02-05 10:00")
FRIDAY_DUE, MONDAY_DUE = bangkok("2026-02-06 16:30"), bangkok("2026-02-09 16:30")
URL = "/sla/v1/calendars"
FRIDAY_OFF = {"day": "2026-02-06", "name": "วันหยุดพิเศษตามมติคณะรัฐมนตรี"}
MOST = 3  # cases in a batch


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def hear(alone: System, *messages: Message) -> None:
    await alone.nodes["sla"].context.consumer.receive([*messages, mark(alone.clock.now())])


async def pass_to(alone: System, at: datetime) -> None:
    alone.clock.set(at)
    await hear(alone)
    await alone.drain()


async def begin(alone: System, count: int = 1, subject: str = "E01", **story: Any) -> list[Story]:
    """Cases received on Thursday morning, due by the end of Friday."""
    alone.clock.set(THURSDAY)
    stories = [Story(**story) for _ in range(count)]
    await hear(alone, *(one.registered(THURSDAY, subject) for one in stories))
    return stories


async def draft(editor: httpx.AsyncClient, **change: Any) -> int:
    body = {"code": "office", "based_on": 1, "days": [FRIDAY_OFF]} | change
    answer = await editor.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    version: int = answer.json()["calendar"]["version"]
    return version


async def publish(editor: httpx.AsyncClient, version: int) -> None:
    tag = (await editor.get(f"{URL}/office/{version}")).headers["ETag"]
    answer = await editor.post(f"{URL}/office/{version}/publish", headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def run(alone: System, editor: httpx.AsyncClient, version: int, kind: str) -> dict[str, Any]:
    """Start a preview or an application and let it end."""
    answer = await editor.post(f"{URL}/office/{version}/{kind}")
    assert answer.status_code == 202, answer.text
    await alone.drain()
    ended: dict[str, Any] = (await editor.get(answer.headers["Location"])).json()
    return ended


async def changes(editor: httpx.AsyncClient, run_id: str, **wanted: Any) -> list[dict[str, Any]]:
    """All pages of what a run changes."""
    found: list[dict[str, Any]] = []
    params = {"limit": 2, **wanted}
    while True:
        page = (await editor.get(f"/sla/v1/calendar-runs/{run_id}/changes", params=params)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


async def resolve_clocks(alone: System) -> dict[UUID, tuple[str, datetime | None]]:
    rows = await alone.sql(
        "SELECT case_id, c.code || '/' || c.version AS calendar, due_at FROM sla.clock k "
        "JOIN sla.calendar_version c ON c.id = k.calendar_version_id WHERE metric = 'resolve'"
    )
    return {row["case_id"]: (row["calendar"], row["due_at"]) for row in rows}


async def breaches(alone: System) -> list[tuple[int, datetime, str | None]]:
    rows = await alone.sql(
        "SELECT b.generation, b.due_at, b.void_reason FROM sla.breach b JOIN sla.clock k ON k.id = b.clock_id "
        "WHERE k.metric = 'resolve' AND b.level = 1 ORDER BY b.generation"
    )
    return [tuple(row) for row in rows]


async def told(alone: System, *kinds: str) -> list[tuple[str, str]]:
    """(last word of the type, case) of every event of these kinds about the resolve clock."""
    rows = await alone.sql(
        "SELECT type, key, payload::jsonb->>'metric' AS metric FROM "
        "(SELECT type, key, payload, recorded_at, seq FROM sla.outbox UNION ALL "
        "SELECT type, key, payload, recorded_at, seq FROM sla.outbox_sent) e ORDER BY recorded_at, seq"
    )
    named = [
        (r["type"].removeprefix("pwa.sla.").removesuffix(".v1"), r["key"]) for r in rows if r["metric"] == "resolve"
    ]
    return [one for one in named if one[0] in kinds]


TABLES = ("case_file", "interval", "classification", "milestone", "clock", "breach", "outbox", "outbox_sent", "stream")


async def everything(alone: System) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [tuple(row) for row in await alone.sql(f"SELECT * FROM sla.{name} t ORDER BY t::text")] for name in TABLES
    }


async def test_36_a_late_holiday_voids_fridays_breach_and_mondays_true_one_stands_beside_it(
    alone: System, editor: httpx.AsyncClient
) -> None:
    [story] = await begin(alone)
    await pass_to(alone, FRIDAY_DUE + hours(1))
    assert await breaches(alone) == [(1, FRIDAY_DUE, None)]
    version = await draft(editor)
    await publish(editor, version)
    applied = await run(alone, editor, version, "apply")
    assert (applied["state"], applied["changed"], applied["voided"]) == ("done", 1, 1)
    assert await breaches(alone) == [(1, FRIDAY_DUE, "calendar")]
    assert (await resolve_clocks(alone))[story.case_id] == ("office/3", MONDAY_DUE)
    key = str(story.case_id)
    assert await told(alone, "breach-voided", "clock-rescheduled") == [
        ("clock-rescheduled", key),
        ("breach-voided", key),
    ]
    await pass_to(alone, MONDAY_DUE + hours(1))
    assert await breaches(alone) == [(1, FRIDAY_DUE, "calendar"), (2, MONDAY_DUE, None)]
    assert await told(alone, "breached") == [("breached", key)] * 2


async def test_a_breach_is_put_right_even_when_the_holiday_is_applied_after_the_true_deadline(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await begin(alone)
    await pass_to(alone, MONDAY_DUE + hours(16))
    version = await draft(editor)
    await publish(editor, version)
    preview = await run(alone, editor, version, "preview")
    [seen] = await changes(editor, preview["id"], effect="voided")
    assert seen["breached"] is True
    assert await breaches(alone) == [(1, FRIDAY_DUE, None)]
    await run(alone, editor, version, "apply")
    await pass_to(alone, MONDAY_DUE + hours(17))
    assert await breaches(alone) == [(1, FRIDAY_DUE, "calendar"), (2, MONDAY_DUE, None)]
    await pass_to(alone, MONDAY_DUE + hours(40))
    assert len(await breaches(alone)) == 2


async def test_a_preview_shows_exactly_what_the_application_then_does_and_changes_nothing(
    alone: System, editor: httpx.AsyncClient
) -> None:
    overdue = await begin(alone, 4)
    open_ones = await begin(alone, 3, "S01")
    on_hold, elsewhere = (await begin(alone))[0], (await begin(alone, subject="L03"))[0]
    done = (await begin(alone))[0]
    await hear(alone, on_hold.asked(THURSDAY + hours(1)), done.resolved(THURSDAY + hours(2)))
    await pass_to(alone, FRIDAY_DUE + hours(1))
    version = await draft(editor)
    before = await everything(alone)
    preview = await run(alone, editor, version, "preview")
    assert await everything(alone) == before
    seen = await changes(editor, preview["id"])
    resolving = {UUID(one["case_id"]): one for one in seen if one["metric"] == "resolve"}
    assert resolving.keys() == {story.case_id for story in [*overdue, *open_ones]}
    assert {one["case_id"] for one in seen if one["voided"]} == {str(story.case_id) for story in overdue}
    for story in overdue:
        assert datetime.fromisoformat(resolving[story.case_id]["old_due_at"]) == FRIDAY_DUE
        assert datetime.fromisoformat(resolving[story.case_id]["new_due_at"]) == MONDAY_DUE
    closed = [row for row in before["clock"] if done.case_id in row]

    await publish(editor, version)
    applied = await run(alone, editor, version, "apply")
    assert await changes(editor, applied["id"]) == seen
    assert applied["examined"] == applied["open_clocks"] == preview["open_clocks"]
    after = await resolve_clocks(alone)
    for case_id, one in resolving.items():
        assert after[case_id] == ("office/3", datetime.fromisoformat(one["new_due_at"]))
    assert after[on_hold.case_id] == ("office/3", None)
    assert after[elsewhere.case_id][0] == "always/1"
    assert [row for row in (await everything(alone))["clock"] if done.case_id in row] == closed


async def test_a_day_that_is_worked_after_all_makes_clocks_late_and_the_timer_says_so(
    alone: System, editor: httpx.AsyncClient
) -> None:
    alone.clock.set(bangkok("2026-03-02 10:00"))  # Tuesday the third is a holiday
    [story] = [Story()]
    await hear(alone, story.registered(alone.clock.now(), "E01"))
    await pass_to(alone, bangkok("2026-03-04 09:00"))
    assert (await resolve_clocks(alone))[story.case_id][1] == bangkok("2026-03-04 16:30")
    version = await draft(editor, days=[], removed=["2026-03-03"])
    preview = await run(alone, editor, version, "preview")
    assert (preview["breached"], preview["voided"]) == (len(await changes(editor, preview["id"], effect="breached")), 0)
    await publish(editor, version)
    await run(alone, editor, version, "apply")
    await pass_to(alone, bangkok("2026-03-04 09:01"))
    [breach] = await alone.sql(
        "SELECT b.* FROM sla.breach b JOIN sla.clock k ON k.id = b.clock_id WHERE k.metric = 'resolve' AND level = 1"
    )
    assert (breach["cause"], breach["due_at"]) == ("calendar", bangkok("2026-03-03 16:30"))
    assert breach["breached_at"] == bangkok("2026-03-04 09:00")


class Killed(Exception):
    """The process dies before it commits."""


async def batch_that_dies(db: Database) -> None:
    async with db.transaction() as tx:
        await calendar_runs.work(tx, MOST)
        raise Killed


async def test_an_application_killed_after_every_batch_and_raced_by_another_worker_happens_once(
    alone: System, editor: httpx.AsyncClient, database: TestDatabase
) -> None:
    stories = await begin(alone, 10)
    await pass_to(alone, FRIDAY_DUE + hours(1))
    version = await draft(editor)
    await publish(editor, version)
    answer = await editor.post(f"{URL}/office/{version}/apply")
    again = await editor.post(f"{URL}/office/{version}/apply")
    assert again.json()["id"] == answer.json()["id"]
    db = alone.db["sla"]
    for _ in range(7):
        with pytest.raises(Killed):
            await batch_that_dies(db)
        async with db.transaction() as tx:
            await calendar_runs.work(tx, MOST)
    assert await calendar_work_by(database, alone, workers=2) == 0
    ended = (await editor.get(answer.headers["Location"])).json()
    assert (ended["state"], ended["voided"], ended["troubled"]) == ("done", len(stories), 0)
    assert ended["examined"] == ended["open_clocks"]
    keys = sorted(str(story.case_id) for story in stories)
    assert sorted(key for _, key in await told(alone, "breach-voided")) == keys
    assert sorted(key for _, key in await told(alone, "clock-rescheduled")) == keys
    await run(alone, editor, version, "apply")  # nothing is left to do
    assert len(await told(alone, "breach-voided", "clock-rescheduled")) == 2 * len(stories)


async def calendar_work_by(database: TestDatabase, alone: System, workers: int) -> int:
    """Let several workers at it at the same time until none finds work; how many runs are still open."""

    async def work() -> None:
        own = Database(database.url("sla"), schema="sla", clock=alone.clock, pool_size=1)
        try:
            for _ in range(50):
                async with own.transaction() as tx:
                    if not await calendar_runs.work(tx, MOST):
                        await asyncio.sleep(0)
        finally:
            await own.dispose()

    await asyncio.gather(*(work() for _ in range(workers)))
    [row] = await alone.sql("SELECT count(*) AS n FROM sla.calendar_run WHERE state = 'running'")
    return int(row["n"])


async def test_cases_that_others_hold_meanwhile_are_taken_in_another_pass(
    alone: System, editor: httpx.AsyncClient
) -> None:
    stories = await begin(alone, 4)
    version = await draft(editor)
    await publish(editor, version)
    answer = await editor.post(f"{URL}/office/{version}/apply")
    db = alone.db["sla"]
    async with db.transaction() as holder:
        await holder.execute(text("SELECT 1 FROM case_file WHERE case_id = :id FOR UPDATE"), {"id": stories[0].case_id})
        for _ in range(5):
            async with db.transaction() as tx:
                await calendar_runs.work(tx, MOST)
        after = await resolve_clocks(alone)
        assert {after[one.case_id][0] for one in stories[1:]} == {"office/3"}
        assert after[stories[0].case_id][0] == "office/1"
    await alone.drain()
    assert (await resolve_clocks(alone))[stories[0].case_id] == ("office/3", MONDAY_DUE)
    ended = (await editor.get(answer.headers["Location"])).json()
    assert (ended["state"], ended["examined"]) == ("done", ended["open_clocks"])


async def test_a_case_that_cannot_be_evaluated_stops_nobody_elses_application(
    alone: System, editor: httpx.AsyncClient
) -> None:
    stories = await begin(alone, 5)
    bad = stories[2].case_id
    await alone.sql("UPDATE sla.clock SET id = gen_random_uuid() WHERE case_id = $1", bad)  # its save breaks a key
    version = await draft(editor)
    await publish(editor, version)
    applied = await run(alone, editor, version, "apply")
    assert (applied["state"], applied["troubled"]) == ("done", 1)
    after = await resolve_clocks(alone)
    assert {case_id: calendar for case_id, (calendar, _) in after.items()} == {
        story.case_id: "office/1" if story.case_id == bad else "office/3" for story in stories
    }


async def test_a_preview_of_a_draft_that_is_changed_meanwhile_fails_and_says_why(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await begin(alone)
    version = await draft(editor)
    answer = await editor.post(f"{URL}/office/{version}/preview")
    await editor.patch(f"{URL}/office/{version}", json={"name_th": "อื่น"}, headers={"If-Match": '"1"'})
    await alone.drain()
    ended = (await editor.get(answer.headers["Location"])).json()
    assert (ended["state"], ended["problem"]) == ("failed", "draft_changed")
    assert (await editor.delete(f"{URL}/office/{version}", headers={"If-Match": '"2"'})).status_code == 204
    assert (await editor.get(answer.headers["Location"])).status_code == 404


async def test_only_the_newest_published_version_is_applied_and_only_by_who_may(
    alone: System, editor: httpx.AsyncClient
) -> None:
    version = await draft(editor)
    assert (await editor.post(f"{URL}/office/{version}/apply")).json()["code"] == "not_published"
    await publish(editor, version)
    assert (await editor.post(f"{URL}/office/1/apply")).json()["code"] == "superseded"
    reader = alone.api("complaints_division")
    assert (await reader.post(f"{URL}/office/{version}/apply")).status_code == 403
    assert (await reader.post(f"{URL}/office/{version}/preview")).status_code == 403
    assert (await editor.post(f"{URL}/office/9/preview")).status_code == 404


async def test_the_changes_of_a_run_are_shown_to_each_reader_by_office(
    alone: System, editor: httpx.AsyncClient
) -> None:
    for story in ({"office": "1102"}, {"office": "1056"}, {"office": "1102", "restricted": True}):
        await begin(alone, 1, **story)
    version = await draft(editor)
    preview = await run(alone, editor, version, "preview")
    seen = {
        "national": await changes(alone.api("complaints_division"), preview["id"]),
        "branch": await changes(alone.api("branch_staff", office="1102"), preview["id"]),
        "other": await changes(alone.api("branch_staff", office="1103"), preview["id"]),
    }
    offices = {who: sorted(one["office"] for one in found if one["metric"] == "resolve") for who, found in seen.items()}
    assert offices == {"national": ["1056", "1102"], "branch": ["1102"], "other": []}
    listed = (await editor.get("/sla/v1/calendar-runs", params={"code": "office"})).json()["items"]
    assert [one["id"] for one in listed] == [preview["id"]]


FILL = """
INSERT INTO sla.case_file (case_id, office, kind, restricted, cycle, last_seq)
SELECT gen_random_uuid(), '1102', 'complaint', false, 1, 1 FROM generate_series(1, 20000);
INSERT INTO sla.clock
    (id, case_id, metric, cycle, policy_version_id, calendar_version_id, started_at, budget, updated_at)
SELECT gen_random_uuid(), case_id, 'resolve', 1, (SELECT id FROM sla.policy_version LIMIT 1),
       (SELECT id FROM sla.calendar_version WHERE code = 'office' AND version = 1), now(), '1 hour', now()
FROM sla.case_file;
ANALYZE sla.clock;
"""


async def test_a_batch_costs_what_it_takes_however_many_clocks_are_open(alone: System) -> None:
    for statement in FILL.strip().rstrip(";").split(";\n"):
        await alone.sql(statement)
    [row] = await alone.sql("SELECT id FROM sla.calendar_version WHERE code = 'office' AND version = 1")
    batch = next_cases().params(calendars=[row["id"]], reached=UUID(int=2**126), most=100)
    written = batch.compile(alone.db["sla"].engine.sync_engine, compile_kwargs={"literal_binds": True})
    plan = await alone.sql(f"EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF) {written}")
    lines = "\n".join(one[0] for one in plan)
    assert "using clock_open_calendar_idx on clock (actual rows=100" in lines, lines
    assert "Seq Scan" not in lines
    assert "Rows Removed by Filter" not in lines
