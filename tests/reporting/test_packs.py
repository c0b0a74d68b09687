"""Step 8 in detail: what a pack says, that it is made once, and that spreadsheets cannot run it."""

import asyncio
import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as sample
from hypothesis import strategies as st

from services.reporting_service.domain.canonical import digest
from services.reporting_service.domain.pack import as_csv
from services.reporting_service.domain.sheet import BOM, to_csv
from services.reporting_service.use_cases import packs
from shared.kernel.fiscal import midnight
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story, ask

DAY = date(2026, 2, 3)
EVENING = NINE + 21 * HOUR  # 06:00 of the day after


async def pack_of(api: Api, region: int, *roles: str) -> dict[str, Any]:
    client = api(*(roles or ("complaints_division",)))
    lines = (await client.get("/reporting/v1/packs", params={"region": region, "day": DAY.isoformat()})).json()["items"]
    assert len(lines) == 1
    pack: dict[str, Any] = (await client.get(f"/reporting/v1/packs/{lines[0]['id']}")).raise_for_status().json()
    return pack


async def next_morning(desk: Desk) -> None:
    desk.clock.set(EVENING)
    await desk.marks(EVENING)
    await desk.work()


async def test_at_six_every_region_has_its_pack_of_the_day_before_and_exactly_one(desk: Desk, api: Api) -> None:
    late = Story(office="1102").received(NINE - 48 * HOUR).breached(NINE - 24 * HOUR).escalated(1, NINE - 24 * HOUR)
    done = Story(office="1102").received().resolved(NINE + 2 * HOUR).called(NINE + 3 * HOUR)
    waiting = Story(office="1102", subject="I02").received(NINE + HOUR)
    head_office = Story(office="HQ").received()
    await desk.tell(late, done, waiting, head_office)
    desk.clock.set(EVENING - timedelta(minutes=1))
    await desk.marks(EVENING)
    await desk.work()
    assert (await api("complaints_division").get("/reporting/v1/packs")).json()["items"] == []
    await next_morning(desk)
    await next_morning(desk)
    listed = (await api("complaints_division").get("/reporting/v1/packs")).json()["items"]
    assert [(each["day"], each["region"]) for each in listed] == [(DAY.isoformat(), region) for region in range(1, 11)]
    pack = (await pack_of(api, 1))["content"]
    summary = pack["summary"]
    names = ("received", "resolved", "resolved_within_sla", "open", "open_over_sla", "open_within_sla")
    assert [summary[name] for name in names] == [2, 1, 1, 2, 1, 1]
    assert summary["ageing"]["1_to_3_days"] == 1
    assert summary["ageing"]["under_1_day"] == 1
    assert summary["escalations_standing"] == {"1": 1, "2": 0, "3": 0}
    asked = summary["satisfaction"]
    assert (asked["asked"], asked["reached"], asked["answered"], asked["no_phone"], asked["satisfied"]) == (
        1,
        1,
        1,
        0,
        1,
    )
    assert [case["number"] for case in pack["cases"]] == sorted(story.number for story in (late, done, waiting))
    assert pack["last_page"]["head_office"]["open"] == 1
    assert pack["last_page"]["country"]["received"] == 3
    assert pack["th"]["title"].endswith("3 ก.พ. 2569")


async def test_packs_wait_for_facts_on_their_way_but_not_for_ever(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received())
    desk.clock.set(EVENING + HOUR)
    await desk.marks(NINE + HOUR)
    await desk.work()
    assert (await api("complaints_division").get("/reporting/v1/packs")).json()["items"] == []
    desk.clock.set(EVENING + 2 * HOUR)
    await desk.work()
    assert len((await api("complaints_division").get("/reporting/v1/packs")).json()["items"]) == 10


async def test_packs_asked_for_by_hand_wait_for_facts_as_the_automatic_ones_do(desk: Desk, api: Api) -> None:
    client = api("operator", "complaints_division")
    await desk.tell(Story().received())
    desk.clock.set(EVENING + HOUR)
    await desk.marks(NINE + HOUR)
    asked = await client.post("/reporting/v1/packs/run", json={"day": DAY.isoformat()})
    assert (asked.status_code, asked.json()["code"]) == (409, "facts_not_here")
    assert (await client.get("/reporting/v1/packs")).json()["items"] == []
    desk.clock.set(EVENING + 2 * HOUR)
    asked = await client.post("/reporting/v1/packs/run", json={"day": DAY.isoformat()})
    await desk.work()
    assert (await client.get(asked.headers["Location"])).json()["state"] == "done"


async def test_every_missed_day_is_made_up_for(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received())
    desk.clock.set(EVENING + timedelta(days=2))
    await desk.marks(EVENING + timedelta(days=2))
    await desk.work()
    client = api("complaints_division")
    days = {each["day"] for each in (await client.get("/reporting/v1/packs?limit=200")).json()["items"]}
    assert days == {"2026-02-03", "2026-02-04", "2026-02-05"}


async def test_ten_builders_at_once_make_one_pack_per_region_and_day(desk: Desk, database: TestDatabase) -> None:
    await desk.tell(Story().received())
    desk.clock.set(EVENING)

    async def build() -> list[Any]:
        async with desk.db.transaction() as tx:
            return await packs.build_day(tx, DAY)

    built = await asyncio.gather(*(build() for _ in range(6)))
    assert all(each == built[0] for each in built)
    assert (await ask(database, "SELECT count(*) FROM reporting.pack"))[0][0] == 10


async def test_a_pack_is_frozen_later_facts_never_move_it(desk: Desk, api: Api) -> None:
    story = Story().received()
    await desk.tell(story)
    await next_morning(desk)
    before = await pack_of(api, 1)
    await desk.tell(story.resolved(NINE + HOUR))
    run = await api("operator").post("/reporting/v1/packs/run", json={"day": DAY.isoformat()})
    assert run.status_code == 202
    await desk.work()
    ended = (await api("operator").get(run.headers["Location"])).json()
    assert ended["state"] == "done"
    assert before["id"] in ended["result"]["packs"]
    after = await pack_of(api, 1)
    assert after["content"] == before["content"]
    assert digest(after["content"]) == after["sha256"]


async def test_asking_twice_under_one_key_is_one_run(desk: Desk, api: Api) -> None:
    await next_morning(desk)
    key = {"Idempotency-Key": "run-1"}
    body = {"day": DAY.isoformat()}
    first, second = [await api("operator").post("/reporting/v1/packs/run", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["Location"] == second.headers["Location"]


async def test_the_packs_of_a_day_that_is_not_over_are_refused(desk: Desk, api: Api) -> None:
    answer = await api("operator").post("/reporting/v1/packs/run", json={"day": "2026-02-03"})
    assert (answer.status_code, answer.json()["code"]) == (422, "day_not_over")


async def test_a_restricted_case_counts_in_the_totals_and_is_listed_to_restricted_readers_only(
    desk: Desk, api: Api
) -> None:
    secret = Story(subject="P02").received(due=NINE + timedelta(days=30))
    await desk.tell(secret)
    await next_morning(desk)
    pack = await pack_of(api, 1)
    assert (pack["content"]["summary"]["open"], pack["content"]["summary"]["open_restricted"]) == (1, 1)
    assert (pack["content"]["cases"], pack["content"]["restricted_cases_not_listed"]) == ([], 1)
    assert pack["restricted_cases"] is None
    assert secret.number not in as_csv(pack["content"])
    seen = await pack_of(api, 1, "complaints_division", "restricted_reader")
    assert [case["number"] for case in seen["restricted_cases"]] == [secret.number]


async def test_a_region_sees_its_own_packs_only(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received())
    await next_morning(desk)
    own, other = await pack_of(api, 1), await pack_of(api, 2)
    client = api("region_staff", region=1)
    listed = (await client.get("/reporting/v1/packs")).json()["items"]
    assert [each["region"] for each in listed] == [1]
    assert (await client.get(f"/reporting/v1/packs/{own['id']}")).status_code == 200
    for path in (other["id"], f"{other['id']}.csv"):
        assert (await client.get(f"/reporting/v1/packs/{path}")).status_code == 404
    assert (await api("branch_staff", office="1102").get("/reporting/v1/packs")).status_code == 403


async def test_the_csv_opens_in_a_spreadsheet_and_ends_with_the_regions_side_by_side(desk: Desk, api: Api) -> None:
    story = Story().received()
    await desk.tell(story)
    await next_morning(desk)
    pack = await pack_of(api, 1)
    answer = await api("complaints_division").get(f"/reporting/v1/packs/{pack['id']}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert any(row and row[0] == story.number for row in rows)
    assert [row[0] for row in rows[-12:]] == [f"กปภ.เขต {n}" for n in range(1, 11)] + ["สำนักงานใหญ่", "รวม"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@sample(rest=st.text(max_size=20))
def test_cells_that_begin_like_a_formula_are_inert_and_thai_opens(start: str, rest: str) -> None:
    """failures.md 28."""
    text = to_csv([[f"{start}{rest}", "น้ำไม่ไหล"]])
    assert text.startswith(BOM)
    cells = next(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert cells[0].startswith("'")
    assert cells[1] == "น้ำไม่ไหล"


async def test_a_day_is_told_as_it_ended_whatever_happened_in_the_night(desk: Desk, api: Api) -> None:
    story = Story().received()
    await desk.tell(story, Story().received(midnight(date(2026, 2, 4)) + HOUR))
    await desk.tell(story.resolved(midnight(date(2026, 2, 4)) + 2 * HOUR))
    await next_morning(desk)
    summary = (await pack_of(api, 1))["content"]["summary"]
    assert (summary["received"], summary["open"], summary["resolved"]) == (1, 1, 0)
