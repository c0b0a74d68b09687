"""Previews and replays are thrown away when they are old; what was applied, and what is under way, stays."""

from typing import Any

import httpx
import pytest

from services.sla_service.jobs import forget_runs
from services.sla_service.use_cases.forgetting import ROWS_AT_ONCE
from shared.testing.system import System
from tests.sla.test_calendar_runs import begin, changes, draft, publish, run
from tests.sla.test_what_if import URL as WHAT_IF

PERIOD = {"from_at": "2026-02-01T00:00:00+07:00", "to_at": "2026-02-05T00:00:00+07:00"}


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def forget(alone: System) -> int:
    """How often the job found something to throw away."""
    times = 0
    while await forget_runs(alone.nodes["sla"].context):
        times += 1
    return times


async def kept(editor: httpx.AsyncClient) -> dict[str, Any]:
    runs = (await editor.get("/sla/v1/calendar-runs")).json()["items"]
    return {"calendars": [one["kind"] for one in runs], "what_if": len((await editor.get(WHAT_IF)).json()["items"])}


async def test_old_previews_and_replays_are_forgotten_once_and_applications_stay(
    alone: System, editor: httpx.AsyncClient
) -> None:
    await begin(alone)
    version = await draft(editor)
    asked = await editor.post(WHAT_IF, json=PERIOD | {"calendar": {"code": "office", "version": version}})
    assert asked.status_code == 202, asked.text
    await run(alone, editor, version, "preview")
    await publish(editor, version)
    applied = await run(alone, editor, version, "apply")
    await alone.advance(days=89)
    assert await forget(alone) == 0
    alone.clock.set(alone.clock.now().replace(year=2027))
    fresh = await editor.post(f"/sla/v1/calendars/office/{version}/preview")  # not worked off: it is under way
    assert fresh.status_code == 202, fresh.text
    assert await forget(alone) > 0
    assert await forget(alone) == 0
    assert await kept(editor) == {"calendars": ["preview", "apply"], "what_if": 0}
    assert len(await changes(editor, applied["id"])) == 1


CHANGES = """
INSERT INTO sla.calendar_change (run_id, case_id, metric, cycle, voided, breached)
SELECT id, gen_random_uuid(), 'resolve', 1, false, false FROM sla.calendar_run, generate_series(1, $1)
"""


async def test_a_preview_that_showed_very_much_is_forgotten_a_bounded_part_at_a_time(
    alone: System, editor: httpx.AsyncClient
) -> None:
    version = await draft(editor)
    await run(alone, editor, version, "preview")
    await alone.sql(CHANGES, 2 * ROWS_AT_ONCE + 1)
    alone.clock.set(alone.clock.now().replace(year=2027))
    left = []
    while await forget_runs(alone.nodes["sla"].context):
        [row] = await alone.sql("SELECT count(*) AS n FROM sla.calendar_change")
        left.append(row["n"])
    assert left == [ROWS_AT_ONCE + 1, 1, 0, 0]
    assert (await kept(editor))["calendars"] == []


# Stands for a worker that ends the run between the request's two statements.
ENDS_AT_ONCE = (
    """CREATE FUNCTION sla.end_at_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE sla.calendar_run SET state = 'done', finished_at = now() WHERE state = 'running'; RETURN NULL;
    END $$""",
    "CREATE TRIGGER end_at_once AFTER INSERT ON sla.calendar_run EXECUTE FUNCTION sla.end_at_once()",
)


async def test_a_run_that_ends_while_somebody_asks_for_it_again_is_a_conflict(
    alone: System, editor: httpx.AsyncClient
) -> None:
    version = await draft(editor)
    for statement in ENDS_AT_ONCE:
        await alone.sql(statement)
    answer = await editor.post(f"/sla/v1/calendars/office/{version}/preview")
    assert (answer.status_code, answer.json()["code"]) == (409, "just_ended")
