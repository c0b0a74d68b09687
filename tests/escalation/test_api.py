"""The follow-up desk over REST: the list, the chase log, acknowledgements, offices and their posts."""

from datetime import timedelta

import httpx
import pytest

from shared.contracts.escalation import RungAcknowledged
from tests.escalation.given import Case, Desk, Front

HOUR = timedelta(hours=1)


async def a_rung_fired(desk: Desk, office: str = "1102") -> Case:
    """A case of the office, breached a minute ago, its first rung fired."""
    case = Case(office)
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.routed(desk.now, office), case.breached(desk.now))
    await desk.advance(minutes=1)
    return case


async def listed(client: httpx.AsyncClient, **filters: object) -> list[str]:
    answer = await client.get("/follow-ups", params={k: str(v).lower() for k, v in filters.items()})
    assert answer.status_code == 200, answer.text
    return [line["case_id"] for line in answer.json()["items"]]


async def test_the_list_shows_late_and_warned_cases_the_longest_overdue_first(desk: Desk, front: Front) -> None:
    first, warned, calm = Case("1102"), Case("1103"), Case("1104")
    await desk.hear(first.registered(desk.now), first.breached(desk.now - HOUR))
    await desk.hear(warned.registered(desk.now), warned.warned(desk.now, desk.now + 5 * HOUR))
    await desk.hear(calm.registered(desk.now), calm.armed(desk.now, desk.now + 24 * HOUR))
    division = front.sign_in("complaints_division")
    assert await listed(division) == [str(first.case_id), str(warned.case_id)]
    await desk.hear(first.resolved(desk.now))
    assert await listed(division) == [str(warned.case_id)]


async def test_the_filters_of_the_list_select_what_they_say(desk: Desk, front: Front) -> None:
    late, other = await a_rung_fired(desk, "1102"), Case("5541004")
    other.office = "1103"
    await desk.hear(other.registered(desk.now), other.warned(desk.now, desk.now + HOUR))
    broken = await a_rung_fired(desk, "1102")
    not_repaired = await a_rung_fired(desk, "1102")
    await desk.hear(not_repaired.resolved(desk.now, repaired=False))
    division = front.sign_in("complaints_division")
    promise = {"promised_at": (desk.now + HOUR).isoformat(), "defer_hours": 1}
    assert (await division.post(f"/cases/{broken.case_id}/rungs/1/acknowledge", json=promise)).status_code == 200
    await desk.advance(hours=2)
    assert await listed(division, rung=1, unacknowledged=True) == [str(late.case_id)]
    assert await listed(division, promise_broken=True) == [str(broken.case_id)]
    assert await listed(division, not_repaired=True) == [str(not_repaired.case_id)]
    assert await listed(division, office="1103") == [str(other.case_id)]
    assert await listed(division, rung=0) == [str(other.case_id)]
    assert str(other.case_id) not in await listed(division, min_age_hours=2)
    assert len(await listed(division, region=1)) == 4


async def test_pages_of_the_list_join_without_gaps_or_repeats(desk: Desk, front: Front) -> None:
    cases = [str((await a_rung_fired(desk)).case_id) for _ in range(5)]
    division = front.sign_in("complaints_division")
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    pages = 0
    while pages == 0 or "cursor" in query:
        page = (await division.get("/follow-ups", params=query)).json()
        seen += [line["case_id"] for line in page["items"]]
        query = {"limit": "2"} | ({"cursor": page["next_cursor"]} if page["next_cursor"] else {})
        pages += 1
    assert (seen, pages) == (cases, 3)


@pytest.mark.parametrize(
    ("role", "office", "sees"),
    [
        ("branch_manager", "1102", True), ("branch_manager", "1103", False), ("region_director", "R01", True),
        ("region_director", "R02", False), ("deputy_governor", "D3", True), ("deputy_governor", "D1", False),
        ("complaints_division", None, True),
    ],
)  # fmt: skip
async def test_each_reader_sees_the_cases_of_their_offices_only(
    desk: Desk, front: Front, role: str, office: str | None, sees: bool
) -> None:
    case = await a_rung_fired(desk, "1102")
    reader = front.sign_in(role, office)
    assert await listed(reader) == ([str(case.case_id)] if sees else [])
    assert (await reader.get(f"/cases/{case.case_id}/rungs")).status_code == (200 if sees else 404)


async def test_restricted_cases_are_shown_to_named_readers_only(desk: Desk, front: Front) -> None:
    case = Case("1102", restricted=True)
    await desk.hear(case.registered(desk.now), case.breached(desk.now))
    assert await listed(front.sign_in("complaints_division")) == []
    assert await listed(front.sign_in("complaints_division", None, "restricted_reader")) == [str(case.case_id)]


async def test_acknowledging_puts_the_next_rung_off_and_is_told(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    await desk.advance(hours=20)
    manager = front.sign_in("branch_manager", "1102")
    answer = await manager.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={"note": "ส่งทีมแล้ว"})
    assert answer.status_code == 200
    until = desk.now + 24 * HOUR
    (told,) = await desk.told(RungAcknowledged, case)
    assert (told["acknowledged_by"], told["rung"]) == ("dev-branch_manager", 1)
    await desk.advance(hours=23)
    assert len(await desk.rungs(case)) == 1
    await desk.advance(hours=1, minutes=1)
    assert (await desk.rungs(case))[-1].fired_at >= until
    again = await manager.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={})
    assert (again.status_code, again.json()["code"]) == (409, "already_acknowledged")


async def test_nobody_acknowledges_for_another_post(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    director = front.sign_in("region_director", "R01")
    answer = await director.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_post")
    clerk = front.sign_in("branch_staff", "1102")
    assert (await clerk.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={})).status_code == 403


async def test_a_rung_that_has_not_fired_cannot_be_acknowledged(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    division = front.sign_in("complaints_division")
    assert (await division.post(f"/cases/{case.case_id}/rungs/2/acknowledge", json={})).status_code == 404
    late = {"promised_at": (desk.now - HOUR).isoformat()}
    refused = await division.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json=late)
    assert (refused.status_code, refused.json()["code"]) == (422, "promise_in_the_past")


async def test_a_chase_is_logged_once_per_key_and_shows_on_the_list(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    division = front.sign_in("complaints_division")
    body = {"whom": "ผจก.กปภ.สาขาชลบุรี", "means": "phone", "answer": "รออะไหล่", "next_chase_on": "2026-02-04"}
    url, key = f"/follow-ups/{case.case_id}/chases", {"Idempotency-Key": "k1"}
    first = await division.post(url, json=body, headers=key)
    again = await division.post(url, json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    (line,) = (await division.get("/follow-ups")).json()["items"]
    assert line["next_chase_on"] == "2026-02-04"
    (chase,) = (await division.get(f"/cases/{case.case_id}/rungs")).json()["chases"]
    assert (chase["answer"], chase["chased_by"]) == ("รออะไหล่", "dev-complaints_division")


async def test_a_chase_holds_no_phone_number_and_needs_a_case_on_the_list(desk: Desk, front: Front) -> None:
    case, calm = await a_rung_fired(desk), Case("1102")
    await desk.hear(calm.registered(desk.now))
    division = front.sign_in("complaints_division")
    body = {"whom": "ผจก.", "means": "phone", "answer": "โทร 081-234-5678"}
    assert (await division.post(f"/follow-ups/{case.case_id}/chases", json=body)).status_code == 422
    body["answer"] = "รออะไหล่"
    answer = await division.post(f"/follow-ups/{calm.case_id}/chases", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_on_follow_up_list")


async def test_4_a_client_cannot_set_the_rung_or_any_deadline(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    division = front.sign_in("complaints_division")
    for field in ("rung", "fired_at", "deferred_until", "due_at", "state"):
        answer = await division.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={field: 3})
        assert answer.status_code == 422


async def test_the_rungs_of_a_case_say_what_fired_and_what_is_next(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    view = (await front.sign_in("branch_manager", "1102").get(f"/cases/{case.case_id}/rungs")).json()
    assert [(r["rung"], r["state"], r["officer"]) for r in view["rungs"]] == [(1, "fired", None)]
    assert (view["next_rung"]["rung"], view["next_rung"]["post"]) == (2, "region_director")


async def test_posts_are_entered_with_the_version_that_was_seen(front: Front) -> None:
    division = front.sign_in("complaints_division")
    seen = await division.get("/offices/1102/posts")
    assert seen.json()["posts"][0]["vacant"] is True
    officer = {"staff_code": "PWA-48211", "name": "สมชาย ตัวอย่าง", "phone": "02-551-8000", "acting": True}
    body = {"posts": [{"post": "branch_manager", "officer": officer}]}
    assert (await division.put("/offices/1102/posts", json=body)).status_code == 428
    put = await division.put("/offices/1102/posts", json=body, headers={"If-Match": seen.headers["ETag"]})
    assert put.status_code == 200
    assert put.json()["posts"][0]["officer"] == {"staff_code": "PWA-48211", "name": "สมชาย ตัวอย่าง", "acting": True}
    stale = await division.put("/offices/1102/posts", json=body, headers={"If-Match": seen.headers["ETag"]})
    assert stale.status_code == 412
    shown = (await front.sign_in("branch_staff", "1102").get("/offices/1102/posts")).json()["posts"][0]
    assert shown["phone"] is None


async def test_an_office_has_only_the_posts_of_its_kind(front: Front) -> None:
    division = front.sign_in("complaints_division")
    body = {"posts": [{"post": "deputy_governor", "officer": None}]}
    answer = await division.put("/offices/1102/posts", json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_post")
    assert (await division.get("/offices/9999/posts")).status_code == 404
    assert (await division.get("/offices/X999/posts")).status_code == 422


async def test_all_250_offices_are_listed(front: Front) -> None:
    division = front.sign_in("complaints_division")
    page = (await division.get("/offices", params={"limit": 200})).json()
    rest = (await division.get("/offices", params={"limit": 200, "cursor": page["next_cursor"]})).json()
    assert len(page["items"]) + len(rest["items"]) == 234 + 10 + 5 + 1
    areas = (await division.get("/offices", params={"kind": "area"})).json()["items"]
    assert [office["code"] for office in areas] == ["D1", "D2", "D3", "D4", "D5"]
