"""Process step 6: OIS has a record of every complaint and every change, and can prove that none is missing."""

from hashlib import sha256
from typing import Any

import httpx
import pytest

from shared.testing.system import System
from tests.journeys.calling import answer_call
from tests.journeys.closing import change, closed, intake, registered

FEED = "/reporting/v1/ois/records"


async def pull(ois: httpx.AsyncClient, cursor: str | None = None) -> tuple[list[dict[str, Any]], str]:
    """Everything since the cursor, a page at a time, and the cursor to come back with."""
    items: list[dict[str, Any]] = []
    while True:
        query: dict[str, Any] = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await ois.get(FEED, params=query)).raise_for_status().json()
        cursor = page["next_cursor"]
        if not page["items"]:
            return items, page["next_cursor"]
        items += page["items"]


async def acknowledge(ois: httpx.AsyncClient, items: list[dict[str, Any]], **verdict: Any) -> dict[str, Any]:
    words = [{"case_id": item["case_id"], "version": item["version"], "accepted": True, **verdict} for item in items]
    answer = await ois.post("/reporting/v1/ois/acknowledgements", json={"acknowledgements": words})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.transports
async def test_ois_follows_a_complaint_through_every_change_and_acknowledges_it(system: System) -> None:
    ois = system.api("ois")
    case_id = await registered(system)
    first, cursor = await pull(ois)
    assert {item["case_id"] for item in first} == {case_id}
    assert first[-1]["record"]["state"] == "routed"
    assert first[-1]["record"]["due_at"] is not None
    await acknowledge(ois, first)
    await system.drain()
    assert (await intake(system, case_id))["facts"]["ois_accepted"] is True

    await change(system.api("branch_staff", office="1102", subject="somchai"), case_id, "accept")
    branch = system.api("branch_staff", office="1102", subject="somchai")
    report = {"repaired": True, "cause": "ท่อแตก", "action": "ตัดต่อท่อใหม่", "mister_prapa": "MP-1102-01"}
    await change(branch, case_id, "resolve", {**report, "done_at": system.clock.now().isoformat()})
    await system.drain()
    await answer_call(system, case_id)
    later, _ = await pull(ois, cursor)
    record = later[-1]["record"]
    assert (record["state"], record["repaired"], record["mister_prapa"]) == ("resolved", True, "MP-1102-01")
    assert (record["satisfied"], record["cause"]) == (True, "ท่อแตก")
    positions = [item["position"] for item in [*first, *later]]
    assert positions == list(range(1, len(positions) + 1))
    versions = [item["version"] for item in [*first, *later]]
    assert versions == list(range(1, len(versions) + 1))


async def test_what_is_missing_or_rejected_is_listed_and_comes_again(system: System) -> None:
    ois, division = system.api("ois"), system.api("complaints_division")
    taken, refused, silent = [await registered(system) for _ in range(3)]
    items, cursor = await pull(ois)
    newest = {item["case_id"]: item for item in items}
    await acknowledge(ois, [newest[taken]], sha256=newest[taken]["sha256"])
    await acknowledge(ois, [newest[refused]], accepted=False, reason="ไม่พบรหัสสาขาในระบบ OIS")
    await system.advance(minutes=16)
    status = (await division.get("/reporting/v1/ois/status")).json()
    assert [each["case_id"] for each in status["overdue"]] == [silent]
    assert [each["case_id"] for each in status["rejected_records"]] == [refused]
    assert (status["records"], status["accepted"]) == (3, 1)
    for name in ("missing", "rejected"):
        again = await system.api("operator").post("/reporting/v1/ois/replays", json={"status": name})
        assert again.json() == {"records": 1}
    await system.drain()
    replayed, _ = await pull(ois, cursor)
    assert [(item["case_id"], item["reason"]) for item in replayed] == [(silent, "replay"), (refused, "replay")]
    await acknowledge(ois, replayed)
    assert (await division.get("/reporting/v1/ois/status")).json()["accepted"] == 3


async def test_the_days_manifest_proves_that_nothing_is_missing(system: System) -> None:
    ois = system.api("ois")
    for _ in range(2):
        await closed(system)
    items, _ = await pull(ois)
    await system.advance(hours=16)
    manifest = (await ois.get("/reporting/v1/ois/manifests/2026-02-03")).json()
    own = "".join(f"{i['position']}|{i['case_id']}|{i['version']}|{i['sha256']}\n" for i in items)
    of_the_day = [item for item in items if item["position"] <= manifest["last_position"]]
    assert manifest["complete"] is True
    assert manifest["records"] == len(of_the_day)
    assert manifest["sum_of_versions"] == sum(item["version"] for item in of_the_day)
    assert manifest["sha256"] == sha256(own.encode()).hexdigest()


async def test_the_stream_and_the_feed_tell_the_same(system: System) -> None:
    await closed(system)
    items, _ = await pull(system.api("ois"))
    rows = await system.sql(
        "SELECT payload->>'case_id' AS case_id, (payload->>'version')::int AS version FROM reporting.outbox_sent "
        "WHERE topic = 'pwa.ois.v1' ORDER BY id"
    )
    assert [(row["case_id"], row["version"]) for row in rows] == [(i["case_id"], i["version"]) for i in items]


async def test_an_enquiry_answered_at_once_is_not_a_record_of_ois(system: System) -> None:
    case_id = await registered(system, subject="E01")
    officer = system.api("intake_officer", office="HQ")
    await change(officer, case_id, "answer", {"text": "ชำระได้ที่เคาน์เตอร์และแอป"})
    await system.drain()
    assert (await pull(system.api("ois")))[0] == []
