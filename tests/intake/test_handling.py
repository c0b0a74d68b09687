"""What people do with cases, and what they may not do (process steps 1, 4 and 5)."""

from datetime import timedelta
from typing import Any

from tests.intake.given import BRANCH, FAR_BRANCH, OTHER_BRANCH, WORK, Desk


async def test_a_case_goes_from_receipt_to_resolution(desk: Desk) -> None:
    case = await desk.register()
    case_id = case["id"]
    classified = await desk.done(desk.officer, case_id, "classify", {"subject": "Q01"})
    assert (classified["state"], classified["kind"], classified["severity"]) == ("classified", "complaint", "high")
    routed = await desk.done(desk.officer, case_id, "route", {"branch": BRANCH})
    assert (routed["state"], routed["office"], routed["region"]) == ("routed", BRANCH, 1)
    assert (await desk.done(desk.branch(), case_id, "accept"))["state"] == "in_progress"
    resolved = await desk.done(desk.branch(), case_id, "resolve", WORK)
    assert resolved["state"] == "resolved"
    assert resolved["work"]["mister_prapa"] == "MP-1102-01"
    events = await desk.system.sql("SELECT type FROM intake.outbox WHERE topic = 'pwa.intake.v1' ORDER BY seq")
    assert [row["type"].split(".")[2] for row in events] == [
        "case-registered", "case-classified", "case-routed", "case-accepted", "case-resolved",
    ]  # fmt: skip
    audit = await desk.system.sql("SELECT action, actor FROM intake.audit ORDER BY id")
    assert [row["action"] for row in audit] == [
        "case.registered", "case.classified", "case.routed", "case.accepted", "case.resolved",
    ]  # fmt: skip
    assert audit[-1]["actor"] == "worker"


async def test_the_suggestion_and_the_choice_are_both_kept(desk: Desk) -> None:
    case = await desk.register(text="ท่อประปาแตกหน้าบ้าน น้ำไหลนองถนน")
    suggested = await desk.officer.get(f"/intake/v1/cases/{case['id']}/suggestion")
    assert suggested.json()["subject"] == "L01"
    await desk.done(desk.officer, case["id"], "classify", {"subject": "L02"})
    (row,) = await desk.system.sql("SELECT suggested, chosen, confidence, actor FROM intake.classifications")
    assert (row["suggested"], row["chosen"], row["actor"]) == ("L01", "L02", "officer")
    assert row["confidence"] == suggested.json()["confidence"]


async def test_an_incident_report_is_promoted_to_a_complaint_by_reclassification(desk: Desk) -> None:
    case_id = await desk.in_progress(subject="I02")
    promoted = await desk.done(desk.officer, case_id, "classify", {"subject": "L01"})
    assert (promoted["state"], promoted["kind"]) == ("in_progress", "complaint")
    (event,) = await desk.system.sql(
        "SELECT payload FROM intake.outbox WHERE type = 'pwa.intake.case-classified.v1' AND seq > 2"
    )
    assert '"previous_kind": "incident_report"' in event["payload"]


async def test_a_case_waits_for_information_and_goes_on_where_it_was(desk: Desk) -> None:
    case_id = await desk.in_progress()
    missing = {"missing": ["เลขมาตรวัดน้ำ", "ภาพถ่าย"], "asked": "complainant"}
    waiting = await desk.done(desk.officer, case_id, "request-information", missing)
    assert (waiting["state"], waiting["missing"]) == ("awaiting_information", missing["missing"])
    assert (await desk.do(desk.branch(), case_id, "resolve", WORK)).json()["code"] == "illegal_transition"
    back = await desk.done(desk.officer, case_id, "supply-information", {"text": "เลขมาตร 12345 โทร 0812223333"})
    assert (back["state"], back["missing"]) == ("in_progress", [])


async def test_an_enquiry_is_answered_and_closed_at_once(desk: Desk) -> None:
    case = await desk.register(desk.officer, subject="E01")
    answered = await desk.done(desk.officer, case["id"], "answer", {"text": "เปิด 08:30-16:30 น."})
    assert answered["state"] == "answered"
    assert answered["closed_at"] is not None


async def test_what_needs_work_is_not_answered_away(desk: Desk) -> None:
    refused = {"Q01": "complaint_not_answerable", "I02": "needs_field_work", None: "not_classified"}
    for subject, code in refused.items():
        case = await desk.register(desk.officer, subject=subject)
        answer = await desk.do(desk.officer, case["id"], "answer", {"text": "ได้"})
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_an_incident_that_needs_no_field_work_may_be_answered(desk: Desk) -> None:
    case = await desk.register(desk.officer, subject="I01")
    assert (await desk.done(desk.officer, case["id"], "answer", {"text": "น้ำจะไหล 18:00 น."}))["state"] == "answered"


async def test_a_bounced_case_waits_in_the_head_office_queue_and_keeps_its_receipt(desk: Desk) -> None:
    case_id = await desk.routed()
    before = await desk.get(case_id)
    bounced = await desk.done(desk.branch(), case_id, "bounce", {"reason": "อยู่นอกพื้นที่"})
    assert (bounced["state"], bounced["office"], bounced["received_at"]) == ("classified", "HQ", before["received_at"])
    queue = (await desk.division.get("/intake/v1/cases?queue=head_office")).json()["items"]
    assert [item["id"] for item in queue] == [case_id]
    assert (await desk.branch().get(f"/intake/v1/cases/{case_id}")).status_code == 404


async def test_a_never_assigned_case_stays_in_the_head_office_queue(desk: Desk) -> None:
    """failures.md 2: intake's part."""
    case = await desk.register(received_at="2026-01-05T09:00:00+07:00")
    await desk.routed()
    queue = (await desk.division.get("/intake/v1/cases?queue=head_office")).json()["items"]
    assert [item["id"] for item in queue] == [case["id"]]


async def test_transfers_bounces_notes_and_corrections_never_move_the_receipt(desk: Desk) -> None:
    """failures.md 3: intake's part."""
    case_id = await desk.routed()
    await desk.done(desk.branch(), case_id, "bounce", {"reason": "ไม่ใช่พื้นที่"})
    await desk.done(desk.officer, case_id, "route", {"branch": OTHER_BRANCH})
    await desk.done(desk.officer, case_id, "route", {"branch": FAR_BRANCH})
    await desk.officer.post(f"/intake/v1/cases/{case_id}/notes", json={"text": "โทรถามแล้ว"})
    await desk.done(desk.officer, case_id, "classify", {"subject": "Q02"})
    rows = await desk.system.sql("SELECT received_at, number FROM intake.cases")
    assert rows[0]["received_at"].isoformat() == "2026-02-03T02:00:00+00:00"
    stated = await desk.system.sql("SELECT DISTINCT payload ->> 'received_at' AS at FROM intake.outbox")
    assert {row["at"] for row in stated} == {None, "2026-02-03T02:00:00Z"}


UNTRUE: list[tuple[dict[str, Any], str]] = [
    ({"mister_prapa": None}, "mister_prapa_missing"),
    ({"repaired": False}, "not_repaired_reason_missing"),
    ({"not_repaired_reason": "x"}, "not_repaired_reason_given"),
    ({"done_at": "2026-02-03T09:00:01+07:00"}, "done_at_in_future"),
    ({"done_at": "2026-02-03T08:59:59+07:00"}, "done_at_before_receipt"),
    ({"action": "โทรแจ้งคุณสมชาย 081-234-5678 แล้ว"}, "personal_data_in_text"),
    ({"mister_prapa": "สมชาย ใจดี"}, "string_pattern_mismatch"),
]


async def test_a_report_that_cannot_be_true_or_tells_too_much_is_refused(desk: Desk) -> None:
    case_id = await desk.in_progress()
    for change, code in UNTRUE:
        answer = await desk.do(desk.branch(), case_id, "resolve", {**WORK, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_not_repaired_with_its_reason_is_a_resolution_too(desk: Desk) -> None:
    case_id = await desk.in_progress()
    report = {**WORK, "repaired": False, "mister_prapa": None, "not_repaired_reason": "รออะไหล่"}
    resolved = await desk.done(desk.branch(), case_id, "resolve", report)
    assert resolved["work"]["repaired"] is False


async def test_the_handler_may_not_reopen_the_own_case_and_the_cycle_rises(desk: Desk) -> None:
    case_id = await desk.resolved()
    self_decided = await desk.do(
        desk.system.api("complaints_division", subject="worker"), case_id, "reopen", {"reason": "not_fixed"}
    )
    assert (self_decided.status_code, self_decided.json()["code"]) == (403, "handler_may_not_decide")
    desk.system.clock.advance(timedelta(hours=1))
    reopened = await desk.done(desk.division, case_id, "reopen", {"reason": "not_fixed"})
    assert (reopened["state"], reopened["cycle"], reopened["office"]) == ("in_progress", 2, BRANCH)
    too_early = await desk.do(desk.branch(), case_id, "resolve", WORK)
    assert too_early.json()["code"] == "done_at_before_receipt"
    await desk.done(desk.branch(), case_id, "resolve", {**WORK, "done_at": "2026-02-03T10:00:00+07:00"})
    detail = await desk.get(case_id)
    assert [(each["cycle"], each["work"]["repaired"]) for each in detail["cycles"]] == [(1, True), (2, True)]


async def test_a_branch_may_not_reopen(desk: Desk) -> None:
    case_id = await desk.resolved()
    assert (await desk.do(desk.branch(), case_id, "reopen", {"reason": "other"})).status_code == 403


async def test_a_cancelled_case_is_closed_for_good(desk: Desk) -> None:
    case = await desk.register()
    cancelled = await desk.done(desk.officer, case["id"], "cancel", {"reason": "duplicate", "note": "ซ้ำ"})
    assert cancelled["state"] == "cancelled"
    for verb, body in (("classify", {"subject": "Q01"}), ("cancel", {"reason": "mistaken"})):
        answer = await desk.do(desk.officer, case["id"], verb, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
        assert answer.json()["facts"]["state"] == "cancelled"


async def test_a_change_names_the_version_that_was_seen(desk: Desk) -> None:
    case = await desk.register()
    url = f"/intake/v1/cases/{case['id']}/classify"
    assert (await desk.officer.post(url, json={"subject": "Q01"})).status_code == 428
    stale = await desk.officer.post(url, json={"subject": "Q01"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    done = await desk.officer.post(url, json={"subject": "Q01"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')


async def test_a_branch_that_received_a_case_itself_may_take_it_on_when_classified(desk: Desk) -> None:
    case = await desk.register(desk.branch(), channel="walk_in")
    await desk.done(desk.branch(), case["id"], "classify", {"subject": "Q02"})
    assert (await desk.done(desk.branch(), case["id"], "accept"))["state"] == "in_progress"


async def test_a_case_at_the_head_office_is_nobodys_to_accept(desk: Desk) -> None:
    case = await desk.register()
    both = desk.system.api("branch_staff", "intake_officer", subject="both")
    await desk.done(both, case["id"], "classify", {"subject": "Q02"})
    assert (await desk.do(both, case["id"], "accept")).json()["code"] == "illegal_transition"
