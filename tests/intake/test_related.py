"""Step 1: other cases of the same person, place or meter; incidents nearby; the references of follow-ups."""

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import Row

from services.intake_service.store import contacts, related
from services.intake_service.store.reads import After
from shared.kernel.access import Scope
from shared.testing.start import START
from shared.testing.system import System
from tests.intake.given import BRANCH, COMPLAINT, FAR_BRANCH, Desk
from tests.intake.test_reading import MANY, plan_of

NOBODY = {"name": None, "phone": None, "line_id": None, "email": None}


async def shared_with(client: httpx.AsyncClient, case_id: str, query: str = "") -> dict[str, list[str]]:
    answer = await client.get(f"/intake/v1/cases/{case_id}/related{query}")
    assert answer.status_code == 200, answer.text
    return {item["id"]: item["shared"] for item in answer.json()["items"]}


async def test_cases_of_the_same_person_place_meter_or_account_are_found_with_what_they_share(desk: Desk) -> None:
    place = "หมู่บ้านเอื้ออาทร ซอย 12"
    mine = await desk.register(
        contact={"phone": "0812345678", "line_id": "U77"}, place=place, meter="M-9", account="A-1"
    )
    by = {
        "phone": await desk.register(contact={"phone": "+66812345678"}, place="ที่อื่น"),
        "line_id": await desk.register(contact={"line_id": "U77"}, place="ที่อื่น"),
        "meter": await desk.register(contact=NOBODY, place=None, meter="M-9"),
        "account": await desk.register(contact=NOBODY, place=None, account="A-1"),
        "place": await desk.register(contact=NOBODY, place=f"{place} ต.บางปลาสร้อย"),
    }
    both = await desk.register(contact={"phone": "0812345678"}, place="ที่อื่น", meter="M-9")
    await desk.register(contact={"phone": "0899999999"}, place="ที่อื่น")
    expected = {case["id"]: [name] for name, case in by.items()} | {both["id"]: ["meter", "phone"]}
    assert await shared_with(desk.officer, mine["id"]) == expected


async def test_related_cases_are_masked_and_the_comparison_is_on_record(desk: Desk) -> None:
    mine, other = await desk.register(), await desk.register()
    answer = await desk.officer.get(f"/intake/v1/cases/{mine['id']}/related")
    assert [item["id"] for item in answer.json()["items"]] == [other["id"]]
    assert "0812345678" not in answer.text
    assert "สมชาย" not in answer.text
    rows = await desk.system.sql("SELECT subject, facts FROM intake.audit WHERE action = 'case.related_read'")
    assert [row["subject"] for row in rows] == [mine["id"]]
    assert "0812345678" not in str(rows)


async def test_readers_find_their_own_rows_only_and_restricted_ones_stay_restricted(desk: Desk) -> None:
    mine = await desk.routed()
    far = await desk.routed(FAR_BRANCH)
    secret = await desk.routed(subject="P02")
    assert set(await shared_with(desk.branch(), mine)) == set()
    assert set(await shared_with(desk.officer, mine)) == {far}
    reader = desk.system.api("complaints_division", "restricted_reader")
    assert set(await shared_with(reader, mine)) == {far, secret}
    assert (await desk.branch().get(f"/intake/v1/cases/{far}/related")).status_code == 404
    assert (await desk.system.api("survey_caller").get(f"/intake/v1/cases/{mine}/related")).status_code == 403


async def test_an_anonymous_report_without_a_place_has_no_relatives(desk: Desk) -> None:
    mine = await desk.register(contact=None, place=None)
    await desk.register()
    assert await shared_with(desk.officer, mine["id"]) == {}


async def test_related_cases_are_paged_without_gap_or_repetition(desk: Desk) -> None:
    made = [(await desk.register())["id"] for _ in range(6)]
    seen: list[str] = []
    query = "?limit=2"
    while query:
        page = (await desk.officer.get(f"/intake/v1/cases/{made[0]}/related{query}")).json()
        seen += [item["id"] for item in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert sorted(seen) == sorted(made[1:])


async def test_open_incident_reports_of_the_same_office_in_the_last_days_are_nearby(desk: Desk) -> None:
    mine = await desk.routed()
    old = await desk.routed(subject="I02", received_at=(START - timedelta(days=8)).isoformat())
    recent = await desk.routed(subject="I02")
    await desk.routed(FAR_BRANCH, subject="I02")
    await desk.routed()
    query = "?which=incidents_nearby"
    assert set(await shared_with(desk.branch(), mine, query)) == {recent}
    assert set(await shared_with(desk.branch(), mine, f"{query}&days=30")) == {recent, old}
    hinted = await desk.register(branch=BRANCH)
    assert set(await shared_with(desk.officer, hinted["id"], query)) == {recent}


async def test_a_follow_up_keeps_what_the_other_system_calls_it_and_counts_once(desk: Desk) -> None:
    case = await desk.register()
    chase = {**COMPLAINT, "channel": "gcc_1111", "origin": "gcc_1111", "origin_reference": "G-77"}
    chase |= {"follow_up_of": case["number"], "text": "ยังไม่มา"}
    answers = [(await desk.adapter.post("/intake/v1/cases", json=chase)).json() for _ in range(2)]
    assert [(each["id"], each["attached"], each["tracking_code"]) for each in answers] == [(case["id"], True, None)] * 2
    assert (await desk.get(case["id"]))["follow_ups"] == 1
    entries = (await desk.division.get(f"/intake/v1/cases/{case['id']}/timeline")).json()["items"]
    told = [each["facts"] for each in entries if each["entry"] == "followed_up"]
    assert [(each["origin"], each["origin_reference"]) for each in told] == [("gcc_1111", "G-77")]


CARDS = """
INSERT INTO intake.contacts (case_id, version, language, phone, meter, account, place, text)
SELECT id, 1, 'th', '08' || lpad((hashtext(number) & 9999999)::text, 8, '0'), 'M' || (hashtext(number) & 99999),
    'A' || (hashtext(number) & 99999), 'บ้านเลขที่ ' || (hashtext(number) & 999999) || ' ถนนสุขุมวิท', 'น้ำไม่ไหล'
FROM intake.cases
"""


async def test_relatives_and_incidents_walk_indexes_over_50000_cases(intake: System) -> None:
    await intake.sql(MANY, START)
    await intake.sql(CARDS)
    await intake.sql("ANALYZE intake.cases, intake.contacts, intake.case_facts, intake.resolutions")
    row = (await intake.sql("SELECT case_id FROM intake.contacts LIMIT 1"))[0]
    async with intake.db["intake"].transaction() as tx:
        card: Row[Any] = await contacts.get(tx, row["case_id"])
    after = After(START - timedelta(days=10), row["case_id"])
    for scope in (Scope(everything=True), Scope(offices=frozenset({"1102"}))):
        statement = related.same(scope, row["case_id"], card, after, 50)
        assert statement is not None
        plan = await plan_of(intake, statement)
        assert "Seq Scan on contacts" not in plan, plan
        assert "Seq Scan on cases" not in plan, plan
        for index in ("contacts_phone_idx", "contacts_meter_idx", "contacts_account_idx", "contacts_haystack_idx"):
            assert index in plan, plan
        near = related.Near(row["case_id"], "1102", START - timedelta(days=7))
        plan = await plan_of(intake, related.incidents(scope, near, None, 50))
        assert "Seq Scan on cases" not in plan, plan
