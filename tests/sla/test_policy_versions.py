"""Policy versions over REST: drafted, compared, published without ties, for new cases only."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from services.sla_service.jobs import fire_clocks
from services.sla_service.service import seed
from shared.contracts.base import REPORTING, SURVEY
from shared.messaging.port import Message
from shared.testing.system import System
from tests.sla.bench import Story, mark
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")
URL = "/sla/v1/policies"
RESOLVE_12 = {"metric": "resolve", "amount": 12, "unit": "wall", "calendar": "always"}
ACKNOWLEDGE_4 = {"metric": "acknowledge", "amount": 4, "unit": "office", "calendar": "office"}


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def hear(alone: System, *messages: Message) -> None:
    await alone.nodes["sla"].context.consumer.receive([*messages, mark(alone.clock.now())])


async def draft(editor: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await editor.post(URL, json={"code": "L01", "based_on": 1} | body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def publish(editor: httpx.AsyncClient, version: int, code: str = "L01", **body: Any) -> httpx.Response:
    tag = (await editor.get(f"{URL}/{code}/{version}")).headers["ETag"]
    return await editor.post(f"{URL}/{code}/{version}/publish", json=body, headers={"If-Match": tag})


async def shown(alone: System, story: Story) -> dict[str, tuple[str, datetime]]:
    """Policy and deadline of the clock of the repair."""
    answer = await alone.api("complaints_division").get(f"/sla/v1/cases/{story.case_id}/clocks")
    clocks = [one for one in answer.json()["clocks"] if one["metric"] == "resolve"]
    return {one["metric"]: (one["policy"], datetime.fromisoformat(one["due_at"])) for one in clocks}


async def test_a_draft_has_everything_a_policy_decides_and_a_diff_says_what_changes(editor: httpx.AsyncClient) -> None:
    made = await draft(
        editor,
        targets=[RESOLVE_12, ACKNOWLEDGE_4],
        warnings=[{"level": "75%", "fraction": 0.75}, {"level": "2h", "before_seconds": 7200}],
        pause_reasons=["information_from_complainant", "waiting_for_parts"],
        pause_budget_hours=72,
        reopen_mode="count_all",
        ladder="urgent",
        very_late=[2, 4],
        effective_to="2027-10-01T00:00:00+07:00",
    )
    assert (made["version"], made["effective_from"], made["subject"], made["published_at"]) == (2, None, "L01", None)
    diff = (await editor.get(f"{URL}/L01/2/diff", params={"from_version": 1})).json()
    changes = {one["field"]: (one["old"], one["new"]) for one in diff["fields"]}
    gone = {name for name, (_, new) in changes.items() if name.startswith("targets.") and new is None}
    assert gone == {f"targets.{metric}" for metric in ("first_contact", "notify_customer", "survey_call", "ois_record")}
    changes = {name: change for name, change in changes.items() if name not in gone}
    assert changes.pop("effective_from")[1] is None
    assert changes == {
        "effective_to": (None, "2027-09-30T17:00:00Z"),
        "targets.resolve": ({**RESOLVE_12, "amount": 24}, RESOLVE_12),
        "warnings.2h": (None, {"level": "2h", "before_seconds": 7200}),
        "pause_reasons": (
            ["information_from_complainant", "information_from_other", "customer_absent", "other_agency"],
            ["information_from_complainant", "waiting_for_parts"],
        ),
        "pause_budget_hours": (240, 72),
        "reopen_mode": ("continue", "count_all"),
        "ladder": (None, "urgent"),
        "very_late": ([2, 3], [2, 4]),
    }
    url, tag = f"{URL}/L01/2", {"If-Match": '"1"'}
    assert (await editor.patch(url, json={"ladder": None}, headers=tag)).json()["ladder"] is None
    assert (await editor.patch(url, json={"ladder": None}, headers=tag)).status_code == 412
    assert (await editor.delete(url, headers={"If-Match": '"2"'})).status_code == 204
    assert (await editor.get(url)).status_code == 404


async def test_a_policy_that_would_tie_is_refused_with_the_name_of_the_other(editor: httpx.AsyncClient) -> None:
    await draft(editor, targets=[RESOLVE_12])
    answer = await publish(editor, 2)
    assert (answer.status_code, answer.json()["code"], answer.json()["facts"]["policy"]) == (409, "policy_tie", "L01/1")
    assert (await publish(editor, 2, end_predecessor=True)).status_code == 200
    ended = (await editor.get(f"{URL}/L01/1")).json()
    assert ended["effective_to"] == (await editor.get(f"{URL}/L01/2")).json()["effective_from"]
    assert (await publish(editor, 2)).json()["code"] == "already_published"


async def test_a_policy_that_begins_where_another_later_one_is_in_force_is_refused_even_then(
    editor: httpx.AsyncClient,
) -> None:
    await draft(editor, targets=[RESOLVE_12], effective_from="2026-06-01T00:00:00+07:00")
    assert (await publish(editor, 2, end_predecessor=True)).status_code == 200
    await draft(editor, targets=[RESOLVE_12], effective_from="2026-04-01T00:00:00+07:00")
    answer = await publish(editor, 3, end_predecessor=True)
    assert (answer.status_code, answer.json()["facts"]["policy"]) == (409, "L01/2")
    assert (await editor.get(f"{URL}/L01/1")).json()["effective_to"] == "2026-05-31T17:00:00Z"  # nothing was half done
    gap = {"effective_to": "2026-06-01T00:00:00+07:00"}
    assert (await editor.patch(f"{URL}/L01/3", json=gap, headers={"If-Match": '"1"'})).status_code == 200
    assert (await publish(editor, 3, end_predecessor=True)).status_code == 200


async def test_cases_under_way_keep_their_policy_and_new_ones_get_the_new_one(
    alone: System, editor: httpx.AsyncClient
) -> None:
    old, held = Story(), Story()
    await hear(alone, old.registered(NINE, "L01"), held.registered(NINE, "L01"), held.asked(NINE))
    await draft(editor, targets=[RESOLVE_12])
    alone.clock.advance(hours(1))
    assert (await publish(editor, 2, end_predecessor=True)).status_code == 200
    new, late = Story(), Story()
    await hear(alone, old.routed(alone.clock.now(), "1103"), held.supplied(alone.clock.now()))
    await hear(alone, new.registered(alone.clock.now(), "L01"), late.registered(NINE, "L01"))
    assert await shown(alone, old) == {"resolve": ("L01/1", NINE + hours(24))}
    assert await shown(alone, held) == {"resolve": ("L01/1", NINE + hours(25))}
    assert await shown(alone, late) == {"resolve": ("L01/1", NINE + hours(24))}  # it began before the change
    assert await shown(alone, new) == {"resolve": ("L01/2", NINE + hours(13))}


async def test_warnings_by_fraction_and_by_offset_are_each_given_once_at_their_instant(
    alone: System, editor: httpx.AsyncClient
) -> None:
    """Ten office hours from nine: due at 11:00 the next day; three hours before that, walked backwards, is 16:00."""
    ten = {"metric": "resolve", "amount": 10, "unit": "office", "calendar": "office"}
    by = [{"level": "half", "fraction": 0.5}, {"level": "3h", "before_seconds": 3 * 3600}]
    await draft(editor, targets=[ten], warnings=by)
    assert (await publish(editor, 2, end_predecessor=True)).status_code == 200
    story = Story()
    await hear(alone, story.registered(NINE, "L01"))
    given = []
    for at in ("13:59", "14:01", "15:59", "16:01", "16:20"):
        alone.clock.set(bangkok(f"2026-02-03 {at}"))
        await hear(alone)
        await alone.drain()
        rows = await alone.sql("SELECT reason FROM sla.decision WHERE what = 'warned' ORDER BY id")
        given.append([row["reason"] for row in rows])
    assert given == [[], ["half"], ["half"], ["half", "3h"], ["half", "3h"]]


async def test_a_policy_for_one_office_wins_over_the_one_for_all(alone: System, editor: httpx.AsyncClient) -> None:
    assert (await draft(editor, office="1102", targets=[RESOLVE_12]))["version"] == 2
    assert (await publish(editor, 2)).status_code == 200
    here, there = Story(office="1102"), Story(office="1103")
    await hear(alone, here.registered(alone.clock.now(), "L01"), there.registered(alone.clock.now(), "L01"))
    assert (await shown(alone, here))["resolve"][0] == "L01/2"
    assert (await shown(alone, there))["resolve"][0] == "L01/1"


async def test_the_range_of_a_policy_is_ended_by_a_person_and_only_towards_the_future(
    alone: System, editor: httpx.AsyncClient
) -> None:
    url = f"{URL}/L01/1/end"
    assert (await editor.post(url, json={"at": "2026-01-01T00:00:00+07:00"})).json()["code"] == "bad_range"
    assert (await editor.post(url, json={"at": "2026-06-01T00:00:00+07:00"})).status_code == 200
    assert (await editor.post(url, json={"at": "2026-07-01T00:00:00+07:00"})).json()["code"] == "already_ended"
    assert (await editor.post(url, json={})).json()["effective_to"] == "2026-02-03T02:00:00Z"
    await draft(editor)
    assert (await editor.post(f"{URL}/L01/2/end", json={})).json()["code"] == "not_published"
    rows = await alone.sql("SELECT actor, subject FROM sla.audit WHERE action = 'policy.ended'")
    assert [tuple(row) for row in rows] == [("somsri", "L01/1")] * 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"targets": [RESOLVE_12 | {"amount": -1}]}, "amount"),
    ({"targets": [RESOLVE_12 | {"amount": 100_000}]}, "amount"),
    ({"targets": [ACKNOWLEDGE_4 | {"amount": 500, "unit": "working_day"}]}, "absurd_amount"),
    ({"targets": [RESOLVE_12 | {"amount": 1.5}]}, "amount"),
    ({"targets": [RESOLVE_12 | {"amount": True}]}, "amount"),
    ({"targets": [RESOLVE_12 | {"unit": "fortnight"}]}, "unit"),
    ({"targets": [RESOLVE_12 | {"metric": "be_nice"}]}, "metric"),
    ({"targets": [ACKNOWLEDGE_4 | {"calendar": "moon"}]}, "unknown_calendar"),
    ({"targets": [RESOLVE_12 | {"calendar": "office"}]}, "wall_counts_always"),
    ({"targets": [RESOLVE_12, RESOLVE_12]}, "metric_twice"),
    ({"targets": [RESOLVE_12 | {"amount": 0}]}, "no_target"),
    ({"warnings": [{"level": "a", "fraction": 1.5}]}, "fraction"),
    ({"warnings": [{"level": "a", "fraction": 0.5}, {"level": "a", "before_seconds": 60}]}, "warning_twice"),
    ({"warnings": [{"level": "a"}]}, "warnings"),
    ({"pause_budget_hours": 0}, "pause_budget_hours"),
    ({"pause_budget_hours": 1_000_000}, "pause_budget_hours"),
    ({"pause_reasons": ["a", "a"]}, "pause_reason_twice"),
    ({"very_late": [3, 2]}, "bad_tiers"),
    ({"very_late": [1]}, "very_late"),
    ({"reopen_mode": "forget"}, "reopen_mode"),
    ({"subject": "moon"}, "unknown_subject"),
    ({"kind": "compliment"}, "fits_no_case"),
    ({"office": "9999"}, "unknown_office"),
    ({"effective_from": "2026-06-01T00:00:00Z", "effective_to": "2026-05-01T00:00:00Z"}, "bad_range"),
    ({"based_on": None}, "incomplete_draft"),
    ({"ladders": "x"}, "ladder"),
]


async def test_policies_that_nobody_could_keep_are_refused(alone: System, editor: httpx.AsyncClient) -> None:
    before = await alone.sql("SELECT count(*) FROM sla.policy_version")
    for change, code in REFUSED:
        answer = await editor.post(URL, json={"code": "L01", "based_on": 1} | change)
        assert answer.status_code == 422, (change, answer.text)
        assert code in answer.text, (change, answer.text)
    assert await alone.sql("SELECT count(*) FROM sla.policy_version") == before
    await draft(editor, effective_from="2026-01-01T00:00:00+07:00")
    assert (await publish(editor, 2, end_predecessor=True)).json()["code"] == "backdated_policy"


async def test_writing_policies_needs_the_right_for_it(alone: System, editor: httpx.AsyncClient) -> None:
    await draft(editor)
    reader, tag = alone.api("complaints_division"), {"If-Match": '"1"'}
    assert (await reader.get(f"{URL}/L01/2")).status_code == 200
    assert (await reader.post(URL, json={"code": "L01", "based_on": 1})).status_code == 403
    assert (await reader.patch(f"{URL}/L01/2", json={}, headers=tag)).status_code == 403
    assert (await reader.delete(f"{URL}/L01/2", headers=tag)).status_code == 403
    assert (await reader.post(f"{URL}/L01/2/publish", json={}, headers=tag)).status_code == 403
    assert (await reader.post(f"{URL}/L01/1/end", json={})).status_code == 403


async def test_a_breach_tells_the_policy_and_the_ladder_that_it_names(editor: httpx.AsyncClient, alone: System) -> None:
    made = await draft(editor, targets=[RESOLVE_12], ladder="urgent")
    assert (await publish(editor, made["version"], end_predecessor=True)).status_code == 200
    named, plain = Story(), Story()
    start = alone.clock.now()
    await hear(alone, named.registered(start, "L01"), plain.registered(start, "L02"))
    alone.clock.advance(hours(400))
    await hear(alone, *(mark(alone.clock.now(), topic) for topic in (SURVEY, REPORTING)))
    while await fire_clocks(alone.nodes["sla"].context):
        pass
    sql = "SELECT payload FROM sla.outbox WHERE type = 'pwa.sla.breached.v1'"
    told = [json.loads(row["payload"]) for row in await alone.sql(sql)]
    found = {one["case_id"]: (one["policy"], one["ladder"]) for one in told if one["metric"] == "resolve"}
    assert found == {str(named.case_id): ("L01/2", "urgent"), str(plain.case_id): ("L02/1", None)}


async def test_a_policy_that_names_a_ladder_is_told_when_it_is_published_and_again_when_it_ends(
    editor: httpx.AsyncClient, alone: System
) -> None:
    made = await draft(editor, ladder="urgent")
    assert (await publish(editor, made["version"], end_predecessor=True)).status_code == 200
    begin, end = alone.clock.now(), alone.clock.now() + hours(48)
    assert (await editor.post(f"{URL}/L01/{made['version']}/end", json={"at": end.isoformat()})).status_code == 200
    sql = "SELECT key, payload FROM sla.outbox WHERE type = 'pwa.sla.ladder-named.v1' ORDER BY id"
    rows = await alone.sql(sql)
    told = [json.loads(row["payload"]) for row in rows]
    assert {row["key"] for row in rows} == {"policy/L01"}
    assert [(one["policy"], one["version"], one["ladder"]) for one in told] == [("L01", 2, "urgent")] * 2
    assert [datetime.fromisoformat(one["valid_from"]) for one in told] == [begin, begin]
    assert [one["valid_to"] and datetime.fromisoformat(one["valid_to"]) for one in told] == [None, end]


async def test_what_was_published_before_anybody_listened_is_told_once_at_the_next_start(
    editor: httpx.AsyncClient, alone: System
) -> None:
    await draft(editor, ladder="urgent")
    await alone.sql(
        """UPDATE sla.policy_version SET published_at = '2010-01-01', published_by = 'x',
            effective_from = '2010-01-01', effective_to = '2011-01-01' WHERE code = 'L01' AND version = 2"""
    )
    for _ in range(2):
        await seed(alone.nodes["sla"].context)
    rows = await alone.sql("SELECT key FROM sla.outbox WHERE type = 'pwa.sla.ladder-named.v1'")
    assert [row["key"] for row in rows] == ["policy/L01"]
