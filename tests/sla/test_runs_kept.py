"""Previews and replays are thrown away when they are old; what was applied, and what is under way, stays."""

from typing import Any

import httpx
import pytest

from services.sla_service.jobs import forget_runs
from shared.testing.system import System
from tests.sla.test_calendar_runs import begin, changes, draft, publish, run
from tests.sla.test_what_if import URL as WHAT_IF

PERIOD = {"from_at": "2026-02-01T00:00:00+07:00", "to_at": "2026-02-05T00:00:00+07:00"}


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def forget(alone: System) -> int:
    return await forget_runs(alone.nodes["sla"].context)


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
    assert (await forget(alone), await forget(alone)) == (2, 0)
    assert await kept(editor) == {"calendars": ["preview", "apply"], "what_if": 0}
    assert len(await changes(editor, applied["id"])) == 1


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
