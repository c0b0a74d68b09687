"""Step 6 in detail: versions, the feed without gaps, acknowledgements, the manifest."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx

from services.reporting_service.domain.canonical import digest
from services.reporting_service.store import ois as records
from services.reporting_service.use_cases import folding, ois
from shared.contracts import intake
from shared.contracts.ois import OisRecord
from shared.kernel.ids import uuid7
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story, ask


async def read_all(client: httpx.AsyncClient, limit: int = 200) -> list[dict[str, Any]]:
    """The whole feed, as OIS reads it."""
    items: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = (await client.get("/reporting/v1/ois/records", params=query)).raise_for_status().json()
        items += page["items"]
        if not page["items"]:
            return items
        query["cursor"] = page["next_cursor"]


async def told_to_ois(database: TestDatabase) -> list[OisRecord]:
    rows = await ask(database, "SELECT payload::text FROM reporting.outbox WHERE topic = 'pwa.ois.v1' ORDER BY id")
    return [OisRecord.model_validate_json(row["payload"]) for row in rows]


async def test_a_version_is_told_for_every_change_and_none_without_a_change(
    desk: Desk, database: TestDatabase, api: Api
) -> None:
    story = Story().received()
    await desk.tell(story)
    first = await read_all(api("ois"))
    assert [item["record"]["state"] for item in first] == ["classified", "routed", "routed"]
    story.escalated(1, NINE + HOUR)
    await desk.tell(story)
    assert await read_all(api("ois")) == first
    await desk.tell(story.resolved(NINE + 2 * HOUR).informed(NINE + 3 * HOUR).called(NINE + 4 * HOUR))
    items = await read_all(api("ois"))
    assert [item["version"] for item in items] == list(range(1, len(items) + 1))
    events = await told_to_ois(database)
    assert [(event.version, event.state) for event in events] == [(i["version"], i["record"]["state"]) for i in items]
    assert events[-1].satisfied is True
    assert events[-1].told_at == NINE + 3 * HOUR
    assert all(item["sha256"] == digest(item["record"]) for item in items)


async def test_changes_that_arrive_together_are_told_one_by_one(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received().resolved(NINE + HOUR).reopened(NINE + 2 * HOUR))
    states = [item["record"]["state"] for item in await read_all(api("ois"))]
    assert states == ["classified", "routed", "routed", "resolved", "in_progress"]


async def test_complaints_and_incident_reports_that_run_as_cases_are_recorded_and_enquiries_are_not(
    desk: Desk, api: Api
) -> None:
    enquiry = Story(subject="E01").received()
    enquiry.say(intake.CaseAnswered, NINE, answered_at=NINE)
    complaint, incident = Story().received(), Story(subject="I02").received()
    await desk.tell(enquiry, complaint, incident)
    assert {item["case_id"] for item in await read_all(api("ois"))} == {str(complaint.case_id), str(incident.case_id)}


async def test_a_restricted_subject_is_recorded_without_its_substance(desk: Desk, api: Api) -> None:
    await desk.tell(Story(subject="P02").received().resolved(NINE + HOUR, mister_prapa="MP-1"))
    item = (await read_all(api("ois")))[-1]["record"]
    assert item["restricted"] is True
    assert {item[name] for name in ("subject", "dimension", "cause", "action", "mister_prapa")} == {None}


async def test_the_feed_has_no_gap_and_no_reader_overtakes_a_writer(desk: Desk) -> None:
    """Writers commit in any order while a reader follows with its cursor: it sees every record once, in order."""
    writers, each = 8, 25
    written: set[tuple[UUID, int]] = set()
    read: list[tuple[int, UUID, int]] = []
    done = asyncio.Event()

    async def write(number: int) -> None:
        for n in range(each):
            async with desk.db.transaction() as tx:
                first = records.Version(uuid7(), 1, "0" * 64, {"n": n, "writer": number})
                await records.add_versions(tx, [first], tx.now)
                await asyncio.sleep(0.001 * ((number * n) % 5))
            written.add((first.case_id, 1))

    async def place() -> None:
        while not done.is_set():
            async with desk.db.transaction() as tx:
                if not await ois.number_feed(tx, 7):
                    await asyncio.sleep(0)

    async def follow() -> None:
        after = 0
        while len(read) < writers * each:
            async with desk.db.transaction() as tx:
                rows, _ = await ois.read_feed(tx, after, 5)
            read.extend((row.position, row.case_id, row.version) for row in rows)
            after = read[-1][0] if read else 0

    async with asyncio.timeout(60):
        placing = [asyncio.create_task(place()) for _ in range(2)]
        await asyncio.gather(follow(), *(write(number) for number in range(writers)))
        done.set()
        await asyncio.gather(*placing)
    assert [position for position, _, _ in read] == list(range(1, writers * each + 1))
    assert {(case_id, version) for _, case_id, version in read} == written


async def test_ois_acknowledges_rejects_and_differs_and_all_of_it_is_listed(desk: Desk, api: Api) -> None:
    stories = [Story().received() for _ in range(4)]
    await desk.tell(*stories)
    client, operator = api("ois"), api("operator", "complaints_division")
    latest = {item["case_id"]: item for item in await read_all(client)}
    taken, refused, changed, silent = (latest[str(story.case_id)] for story in stories)
    word = {"case_id": taken["case_id"], "version": taken["version"], "accepted": True, "sha256": taken["sha256"]}
    words = [
        word,
        {"case_id": refused["case_id"], "version": refused["version"], "accepted": False, "reason": "ไม่พบรหัสสาขา"},
        {"case_id": changed["case_id"], "version": changed["version"], "accepted": True, "sha256": "f" * 64},
        {"case_id": str(uuid7()), "version": 1, "accepted": True},
        word,
    ]
    answer = (await client.post("/reporting/v1/ois/acknowledgements", json={"acknowledgements": words})).json()
    assert [each["result"] for each in answer["results"]] == [
        "recorded",
        "recorded",
        "recorded",
        "unknown",
        "unchanged",
    ]
    desk.clock.advance(timedelta(hours=1))
    status = (await operator.get("/reporting/v1/ois/status")).json()
    assert [status[name] for name in ("records", "accepted", "missing", "rejected", "different")] == [4, 1, 1, 1, 1]
    assert [each["case_id"] for each in status["overdue"]] == [silent["case_id"]]
    assert status["rejected_records"][0]["reason"] == "ไม่พบรหัสสาขา"
    replayed = await operator.post("/reporting/v1/ois/replays", json={"status": "rejected"})
    assert (replayed.status_code, replayed.json()) == (202, {"records": 1})
    await desk.work()
    again = (await read_all(client))[-1]
    assert (again["case_id"], again["reason"], again["version"]) == (refused["case_id"], "replay", refused["version"])


async def test_an_acknowledgement_is_told_once(desk: Desk, api: Api, database: TestDatabase) -> None:
    story = Story().received()
    await desk.tell(story)
    item = (await read_all(api("ois")))[-1]
    word = {"case_id": item["case_id"], "version": item["version"], "accepted": True}
    for _ in range(3):
        await api("ois").post("/reporting/v1/ois/acknowledgements", json={"acknowledgements": [word]})
    rows = await ask(database, "SELECT type FROM reporting.outbox WHERE topic = 'pwa.reporting.v1'")
    assert [row["type"] for row in rows] == ["pwa.reporting.ois-acknowledged.v1"]


async def test_a_word_on_an_older_version_leaves_the_newest_missing(desk: Desk, api: Api) -> None:
    story = Story().received()
    await desk.tell(story)
    item = (await read_all(api("ois")))[0]
    word = {"case_id": item["case_id"], "version": 1, "accepted": True}
    await api("ois").post("/reporting/v1/ois/acknowledgements", json={"acknowledgements": [word]})
    assert (await api("ois").get("/reporting/v1/ois/status")).json()["missing"] == 1


async def test_a_rejection_says_why_and_only_ois_may_acknowledge(desk: Desk, api: Api) -> None:
    word = {"case_id": str(uuid7()), "version": 1, "accepted": False}
    body = {"acknowledgements": [word]}
    assert (await api("ois").post("/reporting/v1/ois/acknowledgements", json=body)).status_code == 422
    word["reason"] = "โทร 081-234-5678"
    assert (await api("ois").post("/reporting/v1/ois/acknowledgements", json=body)).status_code == 422
    assert (await api("committee").post("/reporting/v1/ois/acknowledgements", json=body)).status_code == 403
    assert (await api("branch_staff", office="1102").get("/reporting/v1/ois/records")).status_code == 403


async def test_the_manifest_of_a_day_can_be_recomputed_by_the_reader_of_the_feed(desk: Desk, api: Api) -> None:
    await desk.tell(*(Story().received() for _ in range(3)))
    running = (await api("ois").get("/reporting/v1/ois/manifests/2026-02-03")).json()
    assert running["complete"] is False
    items = await read_all(api("ois"), limit=2)
    desk.clock.advance(timedelta(days=1))
    await desk.tell(Story().received(NINE + timedelta(days=1)))
    manifest = (await api("ois").get("/reporting/v1/ois/manifests/2026-02-03")).json()
    lines = "".join(f"{i['position']}|{i['case_id']}|{i['version']}|{i['sha256']}\n" for i in items)
    assert manifest["complete"] is True
    assert manifest["sha256"] == sha256(lines.encode()).hexdigest() == running["sha256"]
    assert (manifest["records"], manifest["cases"]) == (len(items), 3)
    assert (manifest["first_position"], manifest["last_position"]) == (1, len(items))
    nothing = (await api("ois").get("/reporting/v1/ois/manifests/2026-01-01")).json()
    assert (nothing["records"], nothing["first_position"]) == (0, None)


async def test_two_workers_on_one_case_never_give_a_version_twice(desk: Desk, database: TestDatabase) -> None:
    stories = [Story().received().resolved(NINE + HOUR).called(NINE + 2 * HOUR) for _ in range(20)]
    await desk.hear(*stories)

    async def worker() -> None:
        while True:
            async with desk.db.transaction() as tx:
                if not await folding.fold_waiting(tx, 3):
                    return

    await asyncio.gather(*(worker() for _ in range(5)))
    rows = await ask(
        database, "SELECT case_id, array_agg(version ORDER BY version) v FROM reporting.ois_record GROUP BY 1"
    )
    assert all(row["v"] == list(range(1, len(row["v"]) + 1)) for row in rows)
    assert len(rows) == 20
