"""The SLA service over REST: who sees what, the lists, the calculator and its refusals."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.messaging.port import Message
from shared.reference import subjects
from shared.testing.system import System
from tests.sla.bench import Story, mark
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")
VECTORS = json.loads((Path(__file__).parent / "sla_vectors.json").read_text())["vectors"]


async def hear(alone: System, *messages: Message) -> None:
    await alone.nodes["sla"].context.consumer.receive([*messages, mark(alone.clock.now())])


@pytest.fixture
async def breached(alone: System) -> dict[str, Story]:
    """Overdue cases of two branches in two regions and of the head office, and a restricted one."""
    stories = {name: Story(office=office) for name, office in (("chonburi", "1102"), ("far", "1056"), ("hq", "HQ"))}
    stories["secret"] = Story(office="1102", restricted=True)
    for story in stories.values():
        await hear(alone, story.registered(NINE - hours(30), "L01"))
    await alone.drain()
    return stories


READERS: list[tuple[tuple[str, ...], dict[str, Any], set[str]]] = [
    (("branch_staff",), {"office": "1102"}, {"chonburi"}),
    (("branch_staff",), {"office": "1103"}, set()),
    (("region_staff",), {"region": 1}, {"chonburi"}),
    (("complaints_division",), {}, {"chonburi", "far", "hq"}),
    (("complaints_division", "restricted_reader"), {}, {"chonburi", "far", "hq", "secret"}),
    (("branch_manager", "restricted_reader"), {"office": "1102"}, {"chonburi", "secret"}),
]


async def test_each_role_sees_the_rows_of_its_offices_and_no_others(alone: System, breached: dict[str, Story]) -> None:
    for roles, place, visible in READERS:
        client = alone.api(*roles, **place)
        listed = {row["case_id"] for row in (await client.get("/sla/v1/breaches")).json()["items"]}
        assert listed == {str(breached[name].case_id) for name in visible}, (roles, place)
        for name, story in breached.items():
            for path in ("clocks", "explain"):
                status = (await client.get(f"/sla/v1/cases/{story.case_id}/{path}")).status_code
                assert status == (200 if name in visible else 404), (roles, place, name, path)


async def test_every_read_needs_a_right(alone: System) -> None:
    for path in (f"cases/{uuid4()}/clocks", f"cases/{uuid4()}/explain", "breaches", "policies", "calendars"):
        url = f"/sla/v1/{path}"
        assert (await alone.anonymous().get(url)).status_code == 401
        assert (await alone.api("channel_adapter").get(url)).status_code == 403


async def test_breaches_come_in_pages_and_by_filter(alone: System, breached: dict[str, Story]) -> None:
    client = alone.api("complaints_division")
    seen, params = [], {"limit": "1", "metric": "resolve"}
    while True:
        page = (await client.get("/sla/v1/breaches", params=params)).json()
        seen += [row["case_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 3
    by_office = await client.get("/sla/v1/breaches", params={"office": "1102", "standing": True, "metric": "resolve"})
    assert [row["office"] for row in by_office.json()["items"]] == ["1102"]
    for level, cases in ((1, 3), (2, 0)):
        of_level = await client.get("/sla/v1/breaches", params={"level": level, "metric": "resolve"})
        assert [row["level"] for row in of_level.json()["items"]] == [level] * cases
    assert (await client.get("/sla/v1/breaches", params={"level": 0})).status_code == 422
    assert (await client.get("/sla/v1/breaches", params={"cursor": "x"})).status_code == 422
    assert (await client.get("/sla/v1/breaches", params={"office": "9999"})).status_code == 422
    story = breached["chonburi"]
    await hear(alone, story.resolved(NINE - hours(10)))
    voided = (await client.get("/sla/v1/breaches", params={"standing": False, "metric": "resolve"})).json()["items"]
    assert [(row["case_id"], row["void_reason"]) for row in voided] == [(str(story.case_id), "late_fact")]


async def test_policies_and_calendars_are_listed_with_their_versions(alone: System) -> None:
    client = alone.api("policy_editor")
    policies = (await client.get("/sla/v1/policies", params={"limit": 200})).json()["items"]
    assert {one["subject"] for one in policies} == {*subjects(), "*"}
    [triage] = [one for one in policies if one["kind"] == "unclassified"]
    assert triage["targets"] == [{"metric": "resolve", "amount": 24, "unit": "wall", "calendar": "always"}]
    calendars = (await client.get("/sla/v1/calendars")).json()["items"]
    shown = [(one["code"], one["version"], one["published_at"] is not None) for one in calendars]
    assert shown == [("always", 1, True), ("office", 1, True), ("office", 2, False)]
    assert {"day": "2026-03-03", "name": "วันมาฆบูชา", "windows": []} in calendars[1]["exceptions"]


def _question(vector: dict[str, Any]) -> dict[str, Any] | None:
    """The calculator's body for a vector, where whole hours or days say it."""
    seconds = vector.get("budget_seconds", 0)
    unit, amount = ("wall" if vector["calendar"] == "always" else "office"), seconds // 3600
    for key, name in (("budget_working_days", "working_day"), ("budget_calendar_days", "calendar_day")):
        if key in vector:
            unit, amount = name, vector[key]
    if "start" not in vector or "+" in vector["calendar"] or seconds % 3600 or "retarget" in vector:
        return None
    pauses = [
        {"began_at": bangkok(begin).isoformat(), "ended_at": bangkok(end).isoformat() if end else None}
        for begin, end in vector.get("holds", [])
    ]
    target = {"amount": amount, "unit": unit, "calendar": vector["calendar"]}
    return {"target": target, "start": bangkok(vector["start"]).isoformat(), "holds": pauses}


async def test_the_calculator_gives_what_the_vectors_say(alone: System) -> None:
    client = alone.api("complaints_division")
    asked = 0
    for vector in VECTORS:
        body = _question(vector)
        if body is None or "due" not in vector:
            continue
        answer = await client.post("/sla/v1/calculator", json=body)
        assert answer.status_code == 200, answer.text
        due = bangkok(vector["due"]) if vector["due"] else None
        assert answer.json()["due_at"] == (due.isoformat().replace("+00:00", "Z") if due else None), vector["id"]
        if due:
            assert answer.json()["stretches"][-1]["used_seconds"] == answer.json()["budget_seconds"]
        asked += 1
    assert asked > 35


async def test_a_channel_may_ask_for_a_date_before_there_is_a_case_and_sees_no_clock(alone: System) -> None:
    channel = alone.api("channel_adapter")
    body = {"target": {"amount": 3, "unit": "working_day", "calendar": "office"}, "start": NINE.isoformat()}
    answer = await channel.post("/sla/v1/calculator", json=body)
    assert (answer.status_code, answer.json().get("due_at")) == (200, "2026-02-06T09:30:00Z")
    assert (await channel.get("/sla/v1/breaches")).status_code == 403
    assert (await alone.api("committee").post("/sla/v1/calculator", json=body)).status_code == 403


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"start": "2026-02-03T09:00:00"}, "naive_time"),
    ({"start": "2099-02-03T09:00:00+07:00"}, "absurd_time"),
    ({"target": {"amount": 0, "unit": "office", "calendar": "office"}}, "amount"),
    ({"target": {"amount": True, "unit": "office", "calendar": "office"}}, "amount"),
    ({"target": {"amount": 3, "unit": "office", "calendar": "moon"}}, "unknown_calendar"),
    ({"sla_level": 3}, "sla_level"),
]


async def test_the_calculator_refuses_what_makes_no_sense(alone: System) -> None:
    client = alone.api("complaints_division")
    for change, named in REFUSED:
        body = {"target": {"amount": 3, "unit": "office", "calendar": "office"}, "start": NINE.isoformat()} | change
        answer = await client.post("/sla/v1/calculator", json=body)
        assert answer.status_code == 422, answer.text
        assert named in answer.text
