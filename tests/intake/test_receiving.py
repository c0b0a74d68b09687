"""Receiving cases over the API (process step 1)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from shared.kernel.words import Channel
from tests.intake.given import BRANCH, COMPLAINT, OTHER_BRANCH, Desk

URL = "/intake/v1/cases"


async def test_a_complaint_gets_a_number_a_tracking_code_and_its_first_version(desk: Desk) -> None:
    answer = await desk.adapter.post(URL, json=COMPLAINT)
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"1"'
    case = answer.json()
    assert case["number"] == "HQ-2569-000001"
    assert case["state"] == "received"
    assert case["office"] == "HQ"
    assert "081" not in answer.text
    assert "สมชาย" not in answer.text


async def test_every_channel_can_hand_a_case_over(desk: Desk) -> None:
    for channel in Channel:
        case = await desk.register(channel=str(channel))
        assert (await desk.get(case["id"]))["channel"] == channel


async def test_a_report_may_be_anonymous(desk: Desk) -> None:
    case = await desk.register(contact=None)
    shown = await desk.get(case["id"])
    assert shown["contact"]["version"] == 0
    assert await desk.system.sql("SELECT * FROM intake.outbox WHERE topic = 'pwa.intake.contacts.v1'") == []


async def test_a_client_supplied_status_sla_or_escalation_field_is_refused(desk: Desk) -> None:
    """failures.md 4."""
    for field in ("state", "status", "due_at", "sla_policy", "escalation_level", "number", "resolved_at", "severity"):
        answer = await desk.adapter.post(URL, json={**COMPLAINT, field: "1"})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field"), field
    assert await desk.system.sql("SELECT * FROM intake.cases") == []


async def test_a_misspelt_field_is_refused_naming_the_nearest_known_one(desk: Desk) -> None:
    """failures.md 7."""
    body = {key: value for key, value in COMPLAINT.items() if key != "channel"} | {"chanel": "line"}
    answer = await desk.adapter.post(URL, json=body)
    assert answer.status_code == 422
    unknown = [error for error in answer.json()["errors"] if error["code"] == "unknown_field"]
    assert unknown[0]["nearest"] == "channel"


IMPOSSIBLE: list[tuple[Any, str]] = [
    ("2026-01-03T08:59:00+07:00", "received_at_out_of_window"),
    ("2026-02-03T09:06:00+07:00", "received_at_out_of_window"),
    ("2569-02-03T09:00:00+07:00", "buddhist_era_year"),
    ("2026-02-03T09:00:00", "naive_time"),
    (1770084000, "bad_time"),
]


async def test_an_impossible_time_of_receipt_is_refused(desk: Desk) -> None:
    for received_at, code in IMPOSSIBLE:
        answer = await desk.adapter.post(URL, json={**COMPLAINT, "received_at": received_at})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_letter_of_29_days_ago_counts_from_its_receipt(desk: Desk) -> None:
    case = await desk.register(channel="letter", received_at="2026-01-05T10:00:00+07:00")
    shown = await desk.get(case["id"])
    assert shown["received_at"].startswith("2026-01-05T03:00:00")


async def test_the_same_idempotency_key_makes_one_case_and_the_same_answer(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a1"}
    first = await desk.adapter.post(URL, json=COMPLAINT, headers=headers)
    second = await desk.adapter.post(URL, json=COMPLAINT, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(await desk.system.sql("SELECT * FROM intake.cases")) == 1


async def test_an_idempotency_key_with_another_body_is_refused(desk: Desk) -> None:
    headers = {"Idempotency-Key": "a1"}
    await desk.adapter.post(URL, json=COMPLAINT, headers=headers)
    answer = await desk.adapter.post(URL, json={**COMPLAINT, "text": "อย่างอื่น"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


async def test_no_personal_data_is_kept_with_the_idempotency_key(desk: Desk) -> None:
    await desk.adapter.post(URL, json=COMPLAINT, headers={"Idempotency-Key": "a1"})
    (row,) = await desk.system.sql("SELECT answer::text FROM intake.idempotency")
    assert "12345678" not in row["answer"]
    assert "สมชาย" not in row["answer"]


async def test_the_same_origin_reference_gives_the_existing_case(desk: Desk) -> None:
    first = await desk.register(channel="traffy_fondue", origin_reference="2026-ABC")
    answer = await desk.adapter.post(
        URL, json={**COMPLAINT, "channel": "traffy_fondue", "origin_reference": "2026-ABC"}
    )
    assert answer.status_code == 200
    assert answer.json()["id"] == first["id"]
    assert answer.json()["repeated"] is True
    assert [e["entry"] for e in await _timeline(desk, first["id"])] == ["registered"]


async def test_what_differs_in_a_repetition_is_noted_and_never_overwrites(desk: Desk) -> None:
    first = await desk.register(channel="gcc_1111", origin_reference="1111/99")
    await desk.register(channel="gcc_1111", origin_reference="1111/99", text="ข้อความใหม่ โทร 0899999999")
    shown = await desk.get(first["id"])
    assert shown["version"] == 1
    entry = (await _timeline(desk, first["id"]))[-1]
    assert entry["entry"] == "repeated"
    assert entry["facts"]["differs"] == ["text"]
    notes = await desk.division.get(f"{URL}/{first['id']}/notes?purpose=audit")
    assert notes.json()[0]["text"].startswith("ข้อความใหม่")
    card = await desk.division.get(f"{URL}/{first['id']}/contact?purpose=audit")
    assert card.json()["text"] == COMPLAINT["text"]


async def test_a_follow_up_is_attached_and_raises_the_severity(desk: Desk) -> None:
    case_id = await desk.routed(subject="Q02")
    case = await desk.get(case_id)
    assert case["severity"] == "normal"
    answer = await desk.adapter.post(URL, json={**COMPLAINT, "text": "ยังไม่มาเลย", "follow_up_of": case["number"]})
    assert answer.status_code == 200
    assert answer.json()["attached"] is True
    assert answer.json()["tracking_code"] is None
    after = await desk.get(case_id)
    assert (after["severity"], after["follow_ups"], after["received_at"]) == ("high", 1, case["received_at"])
    assert len(await desk.system.sql("SELECT * FROM intake.cases")) == 1


async def test_a_follow_up_may_name_the_tracking_code_as_people_write_it(desk: Desk) -> None:
    case = await desk.register()
    written = str(case["tracking_code"]).lower().replace("0", "o").replace("-", " ")
    answer = await desk.adapter.post(URL, json={**COMPLAINT, "follow_up_of": written})
    assert answer.json()["id"] == case["id"]
    assert answer.json()["tracking_code"] == case["tracking_code"]


async def test_a_follow_up_that_matches_nothing_becomes_an_enquiry(desk: Desk) -> None:
    case = await desk.register(follow_up_of="1102-2569-999999")
    assert (await desk.get(case["id"]))["kind"] == "information"
    assert case["state"] == "received"


async def test_staff_who_know_subject_and_branch_classify_and_route_at_once(desk: Desk) -> None:
    case = await desk.register(desk.officer, subject="Q01", branch=BRANCH)
    assert (case["state"], case["office"], case["version"]) == ("routed", BRANCH, 1)
    types = await desk.system.sql(
        "SELECT type, payload ->> 'office' AS office FROM intake.outbox WHERE topic = 'pwa.intake.v1' ORDER BY seq"
    )
    assert [(row["type"].split(".")[2], row["office"]) for row in types] == [
        ("case-registered", "HQ"), ("case-classified", "HQ"), ("case-routed", BRANCH),
    ]  # fmt: skip


async def test_what_an_adapter_states_of_subject_and_branch_is_a_hint(desk: Desk) -> None:
    case = await desk.register(subject="Q01", branch=BRANCH)
    shown = await desk.get(case["id"])
    assert (shown["state"], shown["kind"], shown["office"]) == ("received", "unclassified", "HQ")
    assert (shown["subject_hint"], shown["branch_hint"]) == ("Q01", BRANCH)


UNACCEPTABLE: list[tuple[dict[str, Any], str]] = [
    ({"branch": "9999"}, "unknown_branch"),
    ({"receiving_office": "R01"}, "unknown_branch"),
    ({"subject": "Q99"}, "unknown_subject"),
    ({"subject": "F01"}, "follow_up_subject"),
    ({"channel": "fax"}, "enum"),
    ({"text": " \u200b "}, "blank_text"),
    ({"contact": {"phone": "08x-xxx-1234"}}, "masked_value"),
    ({"contact": {"name": "ส***"}}, "masked_value"),
    ({"contact": {"phone": "12"}}, "bad_phone"),
]


async def test_what_cannot_be_registered_is_refused_with_its_reason(desk: Desk) -> None:
    for change, code in UNACCEPTABLE:
        answer = await desk.officer.post(URL, json={**COMPLAINT, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_branch_receives_for_itself_only(desk: Desk) -> None:
    own = await desk.register(desk.branch(), channel="walk_in")
    assert (own["office"], own["number"]) == (BRANCH, f"{BRANCH}-2569-000001")
    foreign = await desk.branch().post(URL, json={**COMPLAINT, "receiving_office": OTHER_BRANCH})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_office")


async def test_an_api_key_registers_for_its_own_channel_only_and_ends_when_revoked(desk: Desk) -> None:
    operator = desk.system.api("operator")
    made = await operator.post("/intake/v1/api-keys", json={"channel": "line", "label": "LINE OA"})
    assert made.status_code == 201, made.text
    bot = desk.system.anonymous(headers={"X-API-Key": made.json()["key"]})
    assert (await bot.post(URL, json={**COMPLAINT, "channel": "line"})).status_code == 201
    assert (await bot.post(URL, json={**COMPLAINT, "channel": "email"})).status_code == 403
    assert (await bot.get(URL)).status_code == 401
    assert "key_hash" not in (await operator.get("/intake/v1/api-keys")).text
    revoked = await operator.delete(f"/intake/v1/api-keys/{made.json()['id']}")
    assert revoked.json()["revoked_at"] is not None
    stored = await desk.system.sql("SELECT key_hash FROM intake.api_keys")
    assert made.json()["key"].encode() not in bytes(stored[0]["key_hash"])


async def test_numbers_follow_the_fiscal_year_of_the_receipt_in_bangkok(desk: Desk) -> None:
    desk.system.clock.advance(_until("2026-10-01T00:10:00+07:00", desk))
    before = await desk.register(received_at="2026-09-30T23:59:59+07:00")
    after = await desk.register(received_at="2026-10-01T00:00:00+07:00")
    assert (before["number"], after["number"]) == ("HQ-2569-000001", "HQ-2570-000001")


async def test_posts_at_the_same_moment_share_transactions(desk: Desk) -> None:
    adapter = desk.adapter
    answers = await asyncio.gather(*(adapter.post(URL, json=COMPLAINT) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {201}
    numbers = sorted(answer.json()["number"] for answer in answers)
    assert numbers == [f"HQ-2569-{n:06d}" for n in range(1, 41)]
    (row,) = await desk.system.sql("SELECT count(DISTINCT xmin::text) AS n FROM intake.cases")
    assert row["n"] < 40


async def _timeline(desk: Desk, case_id: str) -> list[dict[str, Any]]:
    return list((await desk.division.get(f"{URL}/{case_id}/timeline")).json()["items"])


def _until(instant: str, desk: Desk) -> timedelta:
    return datetime.fromisoformat(instant) - desk.system.clock.now()
