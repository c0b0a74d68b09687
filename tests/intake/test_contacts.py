"""Personal data: masked, audited, corrected by version, erased without a trace."""

from typing import Any
from uuid import UUID

from services.intake_service.use_cases.contacting import cards
from tests.intake.given import Desk

CARD: dict[str, Any] = {"name": "สมหญิง มีสุข", "phone": "0898765432", "language": "th", "place": "บ้านเลขที่ 9"}


async def test_a_full_reading_is_audited_with_its_purpose(desk: Desk) -> None:
    case = await desk.register()
    url = f"/intake/v1/cases/{case['id']}/contact"
    assert (await desk.officer.get(url)).status_code == 422
    card = await desk.officer.get(f"{url}?purpose=call_back")
    assert card.json()["phone"] == "+66812345678"
    (row,) = await desk.system.sql("SELECT actor, subject, facts FROM intake.audit WHERE action = 'contact.read'")
    assert (row["actor"], row["subject"]) == ("officer", case["id"])
    assert '"purpose": "call_back"' in row["facts"]
    assert (await desk.system.api("region_director", region=1).get(f"{url}?purpose=audit")).status_code == 403


async def test_lists_and_cases_show_masked_values_only(desk: Desk) -> None:
    case = await desk.register()
    for path in ("", f"/{case['id']}", "/search?q=สมชาย"):
        text = (await desk.officer.get(f"/intake/v1/cases{path}")).text
        assert "08x-xxx-5678" in text
        assert "12345678" not in text
        assert "ใจดี" not in text


async def test_a_masked_value_written_back_is_refused(desk: Desk) -> None:
    """failures.md 13."""
    case = await desk.register()
    for field, value in {
        "phone": "08x-xxx-5678",
        "name": "ส***",
        "email": "s***@example.com",
        "line_id": "U***",
    }.items():
        answer = await desk.officer.put(
            f"/intake/v1/cases/{case['id']}/contact", json={**CARD, field: value}, headers={"If-Match": '"1"'}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "masked_value"), field
    (row,) = await desk.system.sql("SELECT phone, name, version FROM intake.contacts")
    assert (row["phone"], row["name"], row["version"]) == ("+66812345678", "สมชาย ใจดี", 1)


async def test_a_correction_is_a_new_version_of_the_card(desk: Desk) -> None:
    case = await desk.register()
    url = f"/intake/v1/cases/{case['id']}/contact"
    answer = await desk.officer.put(url, json=CARD, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["contact"] == {
        "name": "ส***", "phone": "08x-xxx-5432", "line_id": None, "email": None, "version": 2, "erased": False
    }  # fmt: skip
    (event,) = await desk.system.sql("SELECT payload FROM intake.outbox WHERE type LIKE '%contact-changed%'")
    assert "8765432" not in event["payload"]
    assert '"contact_version": 2' in event["payload"]
    pointers = await desk.system.sql(
        "SELECT payload FROM intake.outbox WHERE topic = 'pwa.intake.contacts.v1' ORDER BY seq"
    )
    assert len(pointers) == 2


async def test_an_anonymous_complainant_may_give_a_phone_later(desk: Desk) -> None:
    case = await desk.register(contact=None)
    answer = await desk.officer.put(f"/intake/v1/cases/{case['id']}/contact", json=CARD, headers={"If-Match": '"1"'})
    assert answer.json()["contact"]["version"] == 1


async def test_erasing_leaves_no_personal_data_in_any_table(desk: Desk) -> None:
    case = await desk.register(text="โทรกลับที่ 0812345678 ค่ะ")
    case_id = case["id"]
    await desk.officer.post(f"/intake/v1/cases/{case_id}/notes", json={"text": "สมชาย ใจดี โทร 0812345678"})
    answer = await desk.division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["contact"]["erased"] is True
    tables = await desk.system.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'intake'")
    for table in tables:
        rows = await desk.system.sql(f"SELECT t::text AS row FROM intake.{table['table_name']} t")
        assert not [row for row in rows if "12345678" in row["row"] or "ใจดี" in row["row"]], table["table_name"]
    again = await desk.officer.put(f"/intake/v1/cases/{case_id}/contact", json=CARD, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "erased")


async def test_only_who_may_erase_erases(desk: Desk) -> None:
    case = await desk.register()
    answer = await desk.officer.delete(f"/intake/v1/cases/{case['id']}/contact", headers={"If-Match": '"1"'})
    assert answer.status_code == 403


async def test_the_relay_gets_the_latest_card_and_a_tombstone_once_it_is_erased(desk: Desk) -> None:
    case_id = UUID((await desk.register())["id"])
    async with desk.system.db["intake"].transaction() as tx:
        card = (await cards(tx, [case_id]))[case_id]
    assert card is not None
    assert (card.version, card.phone, card.consent) == (1, "+66812345678", "privacy-notice-1")
    await desk.division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": '"1"'})
    async with desk.system.db["intake"].transaction() as tx:
        assert (await cards(tx, [case_id]))[case_id] is None


async def test_contacts_are_erased_two_fiscal_years_after_closing(desk: Desk) -> None:
    resolved, open_case = await desk.resolved(), (await desk.register())["id"]
    await desk.system.advance(days=365 + 250)
    assert not await desk.system.sql("SELECT * FROM intake.contacts WHERE erased_at IS NOT NULL")
    await desk.system.advance(days=400)
    erased = await desk.system.sql("SELECT case_id FROM intake.contacts WHERE erased_at IS NOT NULL")
    assert [str(row["case_id"]) for row in erased] == [resolved]
    assert (await desk.get(open_case))["contact"]["erased"] is False
    (row,) = await desk.system.sql("SELECT actor FROM intake.audit WHERE action = 'case.contact_erased'")
    assert row["actor"] == "system"


async def test_nothing_personal_comes_back_to_an_erased_case(desk: Desk) -> None:
    case = await desk.register(origin_reference="T1")
    url = f"/intake/v1/cases/{case['id']}"
    await desk.division.delete(f"{url}/contact", headers={"If-Match": '"1"'})
    note = await desk.officer.post(f"{url}/notes", json={"text": "โทร 0812345678"})
    assert (note.status_code, note.json()["code"]) == (409, "erased")
    spoken = await desk.do(desk.officer, case["id"], "cancel", {"reason": "withdrawn", "note": "สมชายขอยกเลิก"})
    assert (spoken.status_code, spoken.json()["code"]) == (409, "erased")
    repeated = await desk.register(origin_reference="T1", text="สมชาย 0812345678")
    assert repeated["id"] == case["id"]
    chased = await desk.register(follow_up_of=case["number"])
    assert chased["id"] != case["id"]
    assert await desk.system.sql("SELECT * FROM intake.notes") == []
    assert (await desk.done(desk.officer, case["id"], "cancel", {"reason": "withdrawn"}))["state"] == "cancelled"


async def test_an_erased_case_is_still_answered_and_the_answer_is_not_kept(desk: Desk) -> None:
    case = await desk.register(desk.officer, subject="E01")
    url = f"/intake/v1/cases/{case['id']}/contact"
    erased = await desk.division.delete(url, headers={"If-Match": f'"{case["version"]}"'})
    assert erased.status_code == 200, erased.text
    answered = await desk.done(desk.officer, case["id"], "answer", {"text": "เรียนคุณสมชาย โทร 0812345678"})
    assert answered["state"] == "answered"
    assert await desk.system.sql("SELECT * FROM intake.notes") == []


async def test_an_erased_case_goes_on_when_information_comes_and_the_words_are_not_kept(desk: Desk) -> None:
    case_id = (await desk.register(desk.officer, subject="Q01"))["id"]
    waiting = await desk.done(
        desk.officer, case_id, "request-information", {"missing": ["เลขที่ผู้ใช้น้ำ"], "asked": "other"}
    )
    url = f"/intake/v1/cases/{case_id}/contact"
    await desk.division.delete(url, headers={"If-Match": f'"{waiting["version"]}"'})
    supplied = await desk.done(desk.officer, case_id, "supply-information", {"text": "สมชาย 0812345678"})
    assert supplied["state"] == "classified"
    assert await desk.system.sql("SELECT * FROM intake.notes") == []
