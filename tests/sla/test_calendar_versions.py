"""Calendar versions over REST: drafted, changed, compared, published once by a person, and told."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.sla_service.domain.calendar_draft import (
    CalendarChange,
    CalendarContent,
    Closure,
    WrittenDay,
    changed,
    difference,
)
from services.sla_service.service import SERVICE, seed
from shared.reference import holidays
from shared.testing.system import System
from tests.sla.given import bangkok

WEEK = [["08:30-16:30"]] * 5 + [[], []]
URL = "/sla/v1/calendars"


@pytest.fixture
def editor(alone: System) -> httpx.AsyncClient:
    return alone.api("policy_editor", subject="somsri")


async def draft(editor: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await editor.post(URL, json={"code": "office", "based_on": 1} | body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["calendar"]
    assert answer.headers["Location"] == f"{URL}/{made['code']}/{made['version']}"
    assert answer.headers["ETag"] == '"1"'
    return made


async def publish(editor: httpx.AsyncClient, version: int, code: str = "office") -> httpx.Response:
    tag = (await editor.get(f"{URL}/{code}/{version}")).headers["ETag"]
    return await editor.post(f"{URL}/{code}/{version}/publish", headers={"If-Match": tag})


async def told(alone: System) -> list[tuple[str, int]]:
    rows = await alone.sql(
        "SELECT key, (payload::jsonb->>'version')::int AS version FROM sla.outbox "
        "WHERE type = 'pwa.sla.calendar-published.v1' UNION ALL "
        "SELECT key, (payload::jsonb->>'version')::int FROM sla.outbox_sent "
        "WHERE type = 'pwa.sla.calendar-published.v1' ORDER BY 1, 2"
    )
    return [(row["key"], row["version"]) for row in rows]


async def test_a_late_holiday_is_drafted_as_a_copy_with_one_more_day(editor: httpx.AsyncClient) -> None:
    day = {"day": "2026-02-06", "name": "วันหยุดพิเศษ"}
    made = await draft(editor, days=[day])
    assert (made["version"], made["based_on"], made["published_at"], made["created_by"]) == (3, 1, None, "somsri")
    assert made["horizon_on"] == "2027-01-01"
    diff = (await editor.get(f"{URL}/office/3/diff", params={"from_version": 1})).json()
    new = {"name": "วันหยุดพิเศษ", "windows": []}
    assert diff["days"] == [{"day": "2026-02-06", "change": "added", "old": None, "new": new}]
    assert (diff["weekdays"], diff["fields"]) == ([], [])
    assert diff["old"]["published_at"] is not None
    assert diff["new"]["published_at"] is None


async def test_a_draft_is_changed_by_whoever_saw_its_newest_state_and_deleted_likewise(
    editor: httpx.AsyncClient,
) -> None:
    await draft(editor)
    url = f"{URL}/office/3"
    half = {"day": "2026-12-24", "name": "ครึ่งวัน", "windows": ["08:30-12:00"]}
    change = {"days": [half], "removed": ["2026-03-03"], "weekly": [*WEEK[:5], ["09:00-12:00"], []]}
    assert (await editor.patch(url, json=change)).status_code == 428
    answer = await editor.patch(url, json=change, headers={"If-Match": '"1"'})
    assert answer.headers["ETag"] == '"2"', answer.text
    assert (await editor.patch(url, json=change, headers={"If-Match": '"1"'})).status_code == 412
    diff = (await editor.get(f"{url}/diff", params={"from_version": 1})).json()
    assert [(one["day"], one["change"]) for one in diff["days"]] == [("2026-03-03", "removed"), ("2026-12-24", "added")]
    assert diff["weekdays"] == [{"weekday": "Saturday", "old": [], "new": ["09:00-12:00"]}]
    assert (await editor.delete(url, headers={"If-Match": '"1"'})).status_code == 412
    assert (await editor.delete(url, headers={"If-Match": '"2"'})).status_code == 204
    assert (await editor.get(url)).status_code == 404


async def test_a_closure_over_the_end_of_the_year_closes_the_days_of_both_years(editor: httpx.AsyncClient) -> None:
    closure = {"first": "2026-12-30", "last": "2027-01-05", "name": "ปิดทำการช่วงปีใหม่"}
    made = await draft(editor, closures=[closure])
    closed = {one["day"] for one in made["exceptions"] if not one["windows"]}
    assert {"2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-04", "2027-01-05"} <= closed
    question = {
        "target": {"amount": 1, "unit": "working_day", "calendar": "office", "version": 3},
        "start": "2026-12-29T10:00:00+07:00",
    }
    answer = (await editor.post("/sla/v1/calculator", json=question)).json()
    assert (answer["calendar"], answer["due_at"]) == ("office/3", "2027-01-06T09:30:00Z")


async def test_a_year_drafted_from_the_library_has_the_days_of_the_shipped_draft_and_says_what_it_lacks(
    editor: httpx.AsyncClient,
) -> None:
    answer = await editor.post(URL, json={"code": "office", "based_on": 1, "draft_year": 2027})
    assert "cabinet decision" in answer.json()["hints"][0]
    made = answer.json()["calendar"]
    drafted = {one["day"] for one in made["exceptions"] if one["day"].startswith("2027")}
    assert drafted == {one.day.isoformat() for one in holidays(2027)}
    assert (made["horizon_on"], made["published_at"]) == ("2027-12-31", None)


async def test_one_call_publishes_the_shipped_draft_of_2027_and_the_check_falls_silent(
    alone: System, editor: httpx.AsyncClient
) -> None:
    alone.clock.set(bangkok("2026-11-10 09:00"))
    async with alone.db["sla"].transaction() as tx:
        assert await SERVICE.checks(tx) == ["calendar office version 1 ends on 2027-01-01"]
    answer = await publish(editor, 2)
    assert answer.status_code == 200, answer.text
    published = answer.json()["calendar"]
    assert (published["published_by"], published["published_at"]) == ("somsri", "2026-11-10T02:00:00Z")
    assert answer.json()["warnings"] == []
    async with alone.db["sla"].transaction() as tx:
        assert await SERVICE.checks(tx) == []
    assert (await publish(editor, 2)).json()["code"] == "already_published"
    rows = await alone.sql("SELECT actor, action, subject FROM sla.audit WHERE action = 'calendar.published'")
    assert [tuple(row) for row in rows] == [("somsri", "calendar.published", "office/2")]


async def test_published_versions_are_told_once_the_shipped_ones_too(alone: System, editor: httpx.AsyncClient) -> None:
    shipped = [("calendar/always", 1), ("calendar/office", 1)]
    assert await told(alone) == shipped
    await seed(alone.nodes["sla"].context)
    assert await told(alone) == shipped
    await draft(editor, days=[{"day": "2026-02-06", "name": "วันหยุดพิเศษ", "windows": ["08:30-12:00"]}])
    assert (await publish(editor, 3)).status_code == 200
    await seed(alone.nodes["sla"].context)
    assert await told(alone) == [*shipped, ("calendar/office", 3)]
    [row] = await alone.sql("SELECT payload::jsonb AS p FROM sla.outbox WHERE payload::jsonb->>'version' = '3'")
    assert '"windows": ["08:30-12:00"]' in row["p"]


async def test_a_horizon_of_less_than_a_year_warns_at_publication(editor: httpx.AsyncClient) -> None:
    await draft(editor)
    assert (await publish(editor, 3)).json()["warnings"] == ["horizon_under_12_months"]


async def test_a_draft_that_lacks_what_was_published_since_is_refused(editor: httpx.AsyncClient) -> None:
    await draft(editor, days=[{"day": "2026-02-06", "name": "วันหยุดพิเศษ"}])
    await draft(editor, days=[{"day": "2026-02-13", "name": "วันหยุดพิเศษ"}])
    assert (await publish(editor, 3)).status_code == 200
    for version in (2, 4):
        answer = await publish(editor, version)
        assert (answer.status_code, answer.json()["code"]) == (409, "outdated_draft")
        assert answer.json()["facts"] == {"published": "office/3"}


async def test_a_calendar_that_never_opens_is_refused_at_publication(editor: httpx.AsyncClient) -> None:
    opens_late = {"day": "2028-06-01", "name": "เปิด", "windows": ["08:30-16:30"]}
    await draft(editor, code="annex", based_on=None, name_th="อาคาร", weekly=[[]] * 7, days=[opens_late])
    answer = await publish(editor, 1, "annex")
    assert (answer.status_code, answer.json()["code"]) == (422, "calendar_never_open")


DAY = {"day": "2026-02-06", "name": "x"}
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"weekly": [["16:30-08:30"]] * 7}, 422, "bad_window"),
    ({"weekly": [["08:30-25:00"]] * 7}, 422, "bad_window"),
    ({"weekly": [["08:30-12:00", "11:00-16:30"]] * 7}, 422, "bad_window"),
    ({"weekly": [[]] * 6}, 422, "weekly"),
    ({"weekly": [[]] * 7}, 422, "calendar_never_open"),
    ({"days": [DAY, DAY]}, 422, "day_twice"),
    ({"days": [DAY | {"name": "โทร 0812345678"}]}, 422, "personal_data_in_text"),
    ({"days": [DAY | {"day": "2569-02-06"}]}, 422, "buddhist_era_year"),
    ({"removed": ["2026-02-07"]}, 422, "unknown_day"),
    ({"closures": [{"first": "2026-02-07", "last": "2026-02-06", "name": "x"}]}, 422, "bad_closure"),
    ({"closures": [{"first": "2026-02-07", "last": "2027-02-06", "name": "x"}]}, 422, "bad_closure"),
    ({"zone": "Mars/Olympus"}, 422, "unknown_zone"),
    ({"zone": "../etc/passwd"}, 422, "unknown_zone"),
    ({"based_on": 99}, 404, "not_found"),
    ({"based_on": None}, 422, "incomplete_draft"),
    ({"published_at": "2026-02-06T00:00:00Z"}, 422, "unknown_field"),
]


async def test_calendars_that_make_no_sense_are_refused(alone: System, editor: httpx.AsyncClient) -> None:
    for change, status, code in REFUSED:
        answer = await editor.post(URL, json={"code": "office", "based_on": 1} | change)
        assert answer.status_code == status, (change, answer.text)
        assert code in answer.text, (change, answer.text)
    assert [row["n"] for row in await alone.sql("SELECT count(*) AS n FROM sla.calendar_version")] == [3]


async def test_writing_needs_the_right_to_write_policies(alone: System, editor: httpx.AsyncClient) -> None:
    await draft(editor)
    reader, stranger = alone.api("complaints_division"), alone.api("channel_adapter")
    tag = {"If-Match": '"1"'}
    for client in (reader, stranger):
        assert (await client.post(URL, json={"code": "office", "based_on": 1})).status_code == 403
        assert (await client.patch(f"{URL}/office/3", json={}, headers=tag)).status_code == 403
        assert (await client.delete(f"{URL}/office/3", headers=tag)).status_code == 403
        assert (await client.post(f"{URL}/office/3/publish", headers=tag)).status_code == 403
    assert (await reader.get(f"{URL}/office/3/diff", params={"from_version": 1})).status_code == 200
    assert (await stranger.get(f"{URL}/office/3/diff", params={"from_version": 1})).status_code == 403


async def test_the_same_request_twice_makes_one_draft(editor: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "draft-1"}
    answers = [await editor.post(URL, json={"code": "office", "based_on": 1}, headers=key) for _ in range(2)]
    assert [one.json()["calendar"]["version"] for one in answers] == [3, 3]
    listed = (await editor.get(URL, params={"code": "office"})).json()["items"]
    assert [one["version"] for one in listed] == [1, 2, 3]


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
WRITTEN = st.builds(
    WrittenDay, DAYS, st.sampled_from(["a", "b"]), st.sampled_from([(), ("08:30-12:00",), ("09:00-10:00",)])
)
BASE = CalendarContent("office", "Asia/Bangkok", tuple(map(tuple, WEEK)))


def unique(days: list[WrittenDay]) -> tuple[WrittenDay, ...]:
    return tuple({one.day: one for one in days}.values())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@drawn(st.lists(WRITTEN, max_size=8), st.lists(WRITTEN, max_size=8))
def test_a_difference_applied_to_the_old_version_gives_the_new_one(
    old: list[WrittenDay], new: list[WrittenDay]
) -> None:
    before = changed(BASE, CalendarChange(days=unique(old)))
    after = changed(BASE, CalendarChange(days=unique(new)))
    found = difference(before, after).days
    said = tuple(one.new for one in found if one.new)
    gone = frozenset(one.day for one in found if one.new is None)
    assert changed(before, CalendarChange(days=said, removed=gone)) == after
    assert all(one.old != one.new for one in found)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@drawn(DAYS, st.integers(0, 59))
def test_a_closure_closes_exactly_its_days(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    content = changed(BASE, CalendarChange(closures=(Closure(first, last, "x"),)))
    wanted = {date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)}
    assert {one.day for one in content.exceptions} == wanted
