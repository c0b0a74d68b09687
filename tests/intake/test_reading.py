"""Lists, search, count board and tracking: who sees which rows, by which index."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from services.intake_service.store import reads
from services.intake_service.store.reads import After, Wanted
from services.intake_service.use_cases.maintaining import check
from shared.kernel.access import EVERYTHING, Scope
from shared.testing.start import START
from shared.testing.system import System
from tests.intake.given import BRANCH, COMPLAINT, FAR_BRANCH, OTHER_BRANCH, Desk

URL = "/intake/v1/cases"


async def found(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"{URL}{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_list_is_paged_by_cursor_without_gap_or_repetition(desk: Desk) -> None:
    made = [(await desk.register(received_at=f"2026-02-03T08:{n // 2:02d}:00+07:00"))["id"] for n in range(7)]
    seen: list[str] = []
    query = "?limit=3"
    while query:
        page = (await desk.division.get(f"{URL}{query}")).json()
        seen += [item["id"] for item in page["items"]]
        query = f"?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7


FILTERS: dict[str, set[str]] = {
    "?state=routed": {"far", "near", "secret"},
    "?state=received": {"new"},
    f"?office={BRANCH}": {"near", "secret"},
    "?region=2": {"far"},
    "?kind=complaint": {"near", "secret"},
    "?kind=incident_report": {"far"},
    "?subject=Q01": {"near"},
    "?channel=line": {"new"},
    "?queue=head_office": {"new"},
    "?received_from=2026-02-03T09:00:00%2B07:00": {"near", "far", "secret"},
    "?received_to=2026-02-03T09:00:00%2B07:00": {"new"},
    "?state=routed&channel=line": set(),
}


async def test_every_filter_narrows_the_list(desk: Desk) -> None:
    named = {
        (await desk.register(channel="line", received_at="2026-02-03T08:00:00+07:00"))["id"]: "new",
        await desk.routed(): "near",
        await desk.routed(branch=FAR_BRANCH, subject="I02"): "far",
        await desk.routed(subject="P02"): "secret",
    }
    reader = desk.system.api("complaints_division", "restricted_reader")
    for query, expected in FILTERS.items():
        assert {named[each] for each in await found(reader, query)} == expected, query


async def test_no_branch_reads_anothers_cases_and_restricted_ones_stay_restricted(desk: Desk) -> None:
    """failures.md 14: intake's part."""
    near, other, far = await desk.routed(), await desk.routed(branch=OTHER_BRANCH), await desk.routed(branch=FAR_BRANCH)
    secret = await desk.routed(subject="P01")
    queue = (await desk.register())["id"]
    api = desk.system.api
    may_see: list[tuple[httpx.AsyncClient, set[str]]] = [
        (api("branch_staff", office=BRANCH), {near}),
        (api("branch_manager", office=OTHER_BRANCH), {other}),
        (api("region_staff", region=1), {near, other}),
        (api("region_director", region=2), {far}),
        (api("deputy_governor", regions=[1, 2]), {near, other, far}),
        (api("complaints_division"), {near, other, far, queue}),
        (api("complaints_division", "restricted_reader"), {near, other, far, queue, secret}),
        (api("branch_staff", "restricted_reader", office=BRANCH), {near, secret}),
        (api("branch_staff"), set()),
    ]
    for client, seen in may_see:
        assert set(await found(client)) == seen
        for case_id in (near, other, far, queue, secret):
            for path in ("", "/timeline"):
                answer = await client.get(f"{URL}/{case_id}{path}")
                assert answer.status_code == (200 if case_id in seen else 404)
    assert (await api("survey_caller").get(URL)).status_code == 403
    assert (await desk.system.anonymous().get(URL)).status_code == 401


async def test_a_foreign_case_cannot_be_changed_and_looks_like_none(desk: Desk) -> None:
    case_id = await desk.routed(branch=OTHER_BRANCH)
    for verb, body in (("accept", {}), ("route", {"branch": BRANCH}), ("cancel", {"reason": "mistaken"})):
        answer = await desk.do(desk.branch(BRANCH), case_id, verb, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    paths = (f"/{case_id}/contact?purpose=audit", f"/{case_id}/notes?purpose=audit", f"/{case_id}/suggestion")
    for path in paths:
        assert (await desk.branch(BRANCH).get(f"{URL}{path}")).status_code == 404


async def test_search_finds_words_whatever_their_tone_marks_and_takes_wildcards_literally(desk: Desk) -> None:
    hit = (await desk.register(text="น้ำไม่ไหล 50%_\\ลดลง"))["id"]
    await desk.register(text="น้ำขุ่น 50ab\\ลดลง", contact=None, place="ที่อื่น")
    for words in ("ไม่ไหล", "นำไม่ไหล", "เทศบาล 5", "สมชาย", "81234567", "50%_\\ลดลง"):
        answer = await desk.officer.get(f"{URL}/search", params={"q": words})
        assert [item["id"] for item in answer.json()["items"]] == [hit], words
    assert await found(desk.officer, "/search?q=น้ำ ไม่ไหล") == []
    for too_short in ("น้ำ", "%%%", "___"):
        answer = await desk.officer.get(f"{URL}/search", params={"q": too_short})
        assert (answer.status_code, answer.json()["code"]) == (422, "search_too_short")


async def test_search_by_number_or_tracking_code_finds_the_case(desk: Desk) -> None:
    case = await desk.register()
    for written in (
        case["number"],
        case["tracking_code"],
        case["number"].translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")),
    ):
        answer = await desk.officer.get(f"{URL}/search", params={"q": written})
        assert [item["id"] for item in answer.json()["items"]] == [case["id"]]
    assert (await desk.officer.get(f"{URL}/by-number/{case['number']}")).json()["id"] == case["id"]
    assert (await desk.officer.get(f"{URL}/by-number/nonsense")).status_code == 404


async def test_search_keeps_to_the_readers_rows_and_is_audited_without_its_words(desk: Desk) -> None:
    await desk.routed(branch=OTHER_BRANCH)
    assert (await desk.branch().get(f"{URL}/search?q=สมชาย")).json()["items"] == []
    assert (await desk.system.api("region_director", region=1).get(f"{URL}/search?q=สมชาย")).status_code == 403
    (row,) = await desk.system.sql("SELECT facts FROM intake.audit WHERE action = 'cases.searched'")
    assert row["facts"] == '{"found": 0}'


async def test_the_count_board_tells_what_was_recorded_and_what_is_known_now(desk: Desk) -> None:
    unclear = await desk.register(channel="line")
    await desk.register(desk.officer, subject="Q01", branch=BRANCH)
    await desk.register(desk.branch(), channel="walk_in", received_at="2026-02-02T23:59:59+07:00")
    await desk.done(desk.officer, unclear["id"], "classify", {"subject": "W02"})
    board = (await desk.division.get("/intake/v1/counts?day=2026-02-03")).json()
    assert board["as_recorded"]["total"] == board["as_classified"]["total"] == 2
    recorded = {(row["office"], row["kind"], row["dimension"], row["channel"]) for row in board["as_recorded"]["rows"]}
    assert recorded == {
        ("HQ", "unclassified", None, "line"),
        ("HQ", "complaint", "ด้านปริมาณน้ำ", "contact_center_1662"),
    }
    now = {(row["office"], row["kind"], row["dimension"]) for row in board["as_classified"]["rows"]}
    assert now == {("HQ", "complaint", "ด้านคุณภาพน้ำ"), (BRANCH, "complaint", "ด้านปริมาณน้ำ")}
    yesterday = (await desk.division.get(f"/intake/v1/counts?day=2026-02-02&office={BRANCH}")).json()
    assert yesterday["as_recorded"]["total"] == 1
    assert (await desk.division.get("/intake/v1/counts")).json()["day"] == "2026-02-03"
    assert (await desk.branch(OTHER_BRANCH).get("/intake/v1/counts")).json()["as_recorded"]["total"] == 0


async def test_restricted_cases_are_counted_for_those_who_may_see_them(desk: Desk) -> None:
    await desk.routed(subject="P02")
    for roles, total in ((("complaints_division",), 0), (("complaints_division", "restricted_reader"), 1)):
        board = (await desk.system.api(*roles).get("/intake/v1/counts")).json()
        assert board["as_recorded"]["total"] == board["as_classified"]["total"] == total


async def test_the_complainant_sees_state_and_dates_and_nothing_else(desk: Desk) -> None:
    case = await desk.register(desk.officer, subject="P02", branch=BRANCH)
    visitor = desk.system.anonymous()
    answer = await visitor.get(f"/intake/v1/track/{str(case['tracking_code']).lower()}")
    assert answer.status_code == 200
    assert answer.json().keys() == {"state", "received_at", "due_at", "resolved_at", "closed_at", "reopened"}
    assert answer.json()["state"] == "routed"
    for wrong in (case["number"], "ABCD-EFGH-JKMNP", "x"):
        assert (await visitor.get(f"/intake/v1/track/{wrong}")).status_code == 404


async def test_the_tracking_page_is_rate_limited(desk: Desk) -> None:
    visitor = desk.system.anonymous()
    answers = [await visitor.get("/intake/v1/track/ABCD-EFGH-JKMNP") for _ in range(40)]
    assert answers[0].status_code == 404
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_reference_data_is_there_and_the_check_is_content(desk: Desk) -> None:
    assert len((await desk.adapter.get("/intake/v1/offices")).json()) == 234
    assert len((await desk.adapter.get("/intake/v1/offices?region=1")).json()) < 40
    codes = [row["code"] for row in (await desk.adapter.get("/intake/v1/subjects")).json()]
    assert "Q01" in codes
    assert "F01" not in codes
    async with desk.system.db["intake"].transaction() as tx:
        assert await check(tx) == []
        await tx.execute(text("UPDATE intake.subjects SET valid_to = :now"), {"now": tx.now - timedelta(days=1)})
        assert len(await check(tx)) == 1
        await tx.execute(text("UPDATE intake.subjects SET valid_to = NULL"))


MANY = """
INSERT INTO intake.cases (id, number, tracking_code, state, kind, subject, severity, restricted, channel,
    receiving_office, office, region, received_at, registered_at, contact_version, recorded_kind, cycle, follow_ups,
    missing, closed_at, erased, version)
SELECT gen_random_uuid(), 'HQ-2569-' || lpad(n::text, 6, '0'), 'T' || n,
    CASE WHEN n % 50 = 0 THEN 'routed' ELSE 'resolved' END, 'complaint',
    CASE WHEN n % 7 = 0 THEN 'Q01' ELSE 'Q02' END, 'normal', n % 97 = 0,
    CASE WHEN n % 11 = 0 THEN 'line' ELSE 'website' END, 'HQ',
    CASE WHEN n % 500 = 0 THEN 'HQ' ELSE (1000 + n % 230)::text END,
    CASE WHEN n % 500 = 0 THEN NULL ELSE n % 10 + 1 END,
    $1::timestamptz - make_interval(mins => n), $1, 1, 'complaint', 1, 0, '[]',
    CASE WHEN n % 50 = 0 THEN NULL ELSE $1::timestamptz END, false, 1
FROM generate_series(1, 50000) n
"""
LISTS: list[tuple[Scope, Wanted]] = [
    (EVERYTHING, Wanted()),
    (EVERYTHING, Wanted(state="routed")),
    (EVERYTHING, Wanted(office="1102")),
    (EVERYTHING, Wanted(region=3)),
    (EVERYTHING, Wanted(kind="complaint")),
    (EVERYTHING, Wanted(subject="Q01")),
    (EVERYTHING, Wanted(channel="line")),
    (EVERYTHING, Wanted(at_head_office=True)),
    (EVERYTHING, Wanted(received_from=START - timedelta(days=2), received_to=START - timedelta(days=1))),
    (Scope(offices=frozenset({"1102"})), Wanted()),
    (Scope(offices=frozenset({"1102"})), Wanted(state="routed")),
    (Scope(regions=frozenset({4})), Wanted()),
    (Scope(regions=frozenset({4, 5})), Wanted()),
    (Scope(everything=True), Wanted()),
]


async def plan_of(system: System, statement: Select[Any]) -> str:
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    return "\n".join(row[0] for row in await system.sql(f"EXPLAIN {str(compiled).replace('%%', '%')}"))


async def test_lists_and_search_walk_indexes_over_50000_cases(intake: System) -> None:
    await intake.sql(MANY, START)
    await intake.sql(
        "INSERT INTO intake.contacts (case_id, version, language, text, place) "
        "SELECT id, 1, 'th', 'น้ำไม่ไหลที่ซอย ' || md5(id::text), 'บ้าน ' || number FROM intake.cases"
    )
    await intake.sql(
        "INSERT INTO intake.case_facts (case_id, cycle, due_at, stopped_at) "
        "SELECT id, 1, received_at + interval '1 day', closed_at FROM intake.cases"
    )
    await intake.sql("ANALYZE intake.cases, intake.contacts, intake.case_facts, intake.resolutions")
    after = After(START - timedelta(days=3), UUID(int=7))
    for scope, wanted in LISTS:
        for start in (None, after):
            plan = await plan_of(intake, reads.newest(scope, wanted, start, 51))
            assert "Seq Scan on cases" not in plan, (scope, wanted, plan)
            assert "Seq Scan on contacts" not in plan, (scope, wanted, plan)
    for scope in (EVERYTHING, Scope(regions=frozenset({4}))):
        plan = await plan_of(intake, reads.overdue(scope, Wanted(), after, 51, now=START))
        assert "case_facts_due_at_idx" in plan, plan
        assert "Seq Scan" not in plan.replace("Seq Scan on resolutions", ""), plan
        plan = await plan_of(intake, reads.matching(scope, "ซอย abcdef012", None, 51))
        assert "contacts_haystack_idx" in plan, plan


async def test_the_overdue_list_starts_with_the_oldest_deadline(desk: Desk) -> None:
    ids = [(await desk.register())["id"] for _ in range(3)]
    for case_id, hours in zip(ids, (3, 1, 2), strict=True):
        await desk.system.sql(
            "INSERT INTO intake.case_facts (case_id, cycle, due_at) VALUES ($1::uuid, 1, $2)",
            case_id, START - timedelta(hours=hours),
        )  # fmt: skip
    assert await found(desk.division, "?overdue=true") == [ids[0], ids[2], ids[1]]
    first = (await desk.division.get(f"{URL}?overdue=true&limit=1")).json()
    assert await found(desk.division, f"?overdue=true&limit=5&cursor={first['next_cursor']}") == [ids[2], ids[1]]
    assert COMPLAINT["text"] not in str(first)


async def test_a_hint_of_a_restricted_subject_restricts_the_case_until_it_is_classified(desk: Desk) -> None:
    case = await desk.register(subject="P02", receiving_office=BRANCH)
    url = f"/intake/v1/cases/{case['id']}"
    assert (await desk.branch().get(url)).status_code == 404
    (event,) = await desk.system.sql("SELECT payload FROM intake.outbox WHERE type LIKE '%case-registered%'")
    assert '"restricted": true' in event["payload"]
    reader = desk.system.api("complaints_division", "restricted_reader", subject="reader")
    assert (await desk.get(case["id"], reader))["subject"] is None
    await desk.done(reader, case["id"], "classify", {"subject": "Q01"})
    assert (await desk.branch().get(url)).status_code == 200


async def test_a_hint_of_an_open_subject_leaves_the_case_open_to_its_branch(desk: Desk) -> None:
    case = await desk.register(subject="Q01", receiving_office=BRANCH)
    assert (await desk.branch().get(f"/intake/v1/cases/{case['id']}")).status_code == 200
