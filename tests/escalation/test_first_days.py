"""The first day of an office that has not begun, and its last, are put off and brought forward until it has come."""

import httpx

from services.escalation_service.use_cases.coverage import problems
from tests.escalation.given import Desk, Front
from tests.escalation.test_organisation import DAY, NEW, move, told, version_of


async def begin(client: httpx.AsyncClient, office: str, at: str) -> httpx.Response:
    body = {"name_th": "กปภ.สาขาใหม่", "valid_from": at}
    return await client.put(f"/offices/{office}", json=body, headers=await version_of(client, office))


async def test_the_first_day_of_an_office_is_corrected_until_it_has_come(desk: Desk, front: Front) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    await division.post("/offices", json=NEW | {"valid_from": (now + 9 * DAY).isoformat()})
    await move(division, 3, now + 30 * DAY, "1999")
    put_off = await begin(division, "1999", (now + 20 * DAY).isoformat())
    assert (put_off.status_code, put_off.json()["valid_from"]) == (200, (now + 20 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert told(await begin(division, "1999", (now + 40 * DAY).isoformat())) == (409, "moves_before_it_begins")
    assert told(await begin(division, "1999", (now - 2 * DAY).isoformat())) == (422, "valid_from_in_the_past")
    assert (await begin(division, "1999", (now + DAY).isoformat())).status_code == 200
    assert [stay["region"] for stay in (await division.get("/offices/1999/regions")).json()["items"]] == [2, 3]
    desk.clock.advance(2 * DAY)
    assert (await begin(division, "1999", (now + DAY).isoformat())).status_code == 200, "as it is"
    assert told(await begin(division, "1999", (now + 5 * DAY).isoformat())) == (409, "has_begun")


async def test_a_region_that_begins_earlier_or_later_belongs_to_its_area_from_that_day(
    desk: Desk, front: Front
) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    region = {"code": "R11", "name_th": "กปภ.เขต 11", "belongs_to": "D5"}
    await division.post("/offices", json=region | {"valid_from": (now + 9 * DAY).isoformat()})
    await division.post("/offices", json=NEW | {"belongs_to": "R11", "valid_from": (now + 12 * DAY).isoformat()})
    assert (await begin(division, "R11", (now + 5 * DAY).isoformat())).status_code == 200
    assert told(await begin(division, "R11", (now + 15 * DAY).isoformat())) == (409, "office_not_open")
    desk.clock.advance(6 * DAY)
    async with desk.db.transaction() as tx:
        assert not [one for one in await problems(tx) if "belong to no deputy governor" in one]


async def test_an_area_is_put_off_after_the_region_that_will_belong_to_it(desk: Desk, front: Front) -> None:
    division, first, then = front.sign_in("complaints_division"), desk.now + 10 * DAY, desk.now + 40 * DAY
    for new in ({"code": "D6", "name_th": "รองผู้ว่าการ 6"}, {"code": "R11", "name_th": "เขต 11", "belongs_to": "D6"}):
        assert (await division.post("/offices", json=new | {"valid_from": first.isoformat()})).status_code == 201
    for code in ("R11", "D6"):
        put_off = await begin(division, code, then.isoformat())
        assert put_off.status_code == 200, put_off.text


async def test_the_first_and_the_last_day_of_an_office_are_put_off_together(desk: Desk, front: Front) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    days = {"valid_from": (now + 10 * DAY).isoformat(), "valid_to": (now + 20 * DAY).isoformat()}
    assert (await division.post("/offices", json=NEW | days)).status_code == 201
    later = {"valid_from": (now + 30 * DAY).isoformat(), "valid_to": (now + 90 * DAY).isoformat()}
    body = {"name_th": "กปภ.สาขาใหม่", **later}
    answer = await division.put("/offices/1999", json=body, headers=await version_of(division, "1999"))
    assert answer.status_code == 200, answer.text
