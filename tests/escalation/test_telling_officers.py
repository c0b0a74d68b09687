"""Officers are told of the rungs that call upon them: by which means, when, and what they read."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from services.escalation_service import texts
from services.escalation_service.domain.offices import Officer
from services.escalation_service.jobs import bundle_messages, settle_stale_mailings
from shared.contracts.escalation import OfficerTold
from tests.escalation.mailroom import DIRECTOR, DIVISION, GOVERNOR, HOUR, MANAGER, Mailroom


async def test_the_manager_gets_an_email_that_says_what_is_late_and_nothing_of_the_complainant(
    mailroom: Mailroom,
) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    assert mailroom.mails() == []
    await mailroom.later(minutes=61)
    (mail,) = mailroom.gateway.email.sent
    assert mail.recipients == ("manager@pwa.example",)
    assert mail.subject == "กปภ. เรื่องเกินกำหนด HQ-2569-000001 (กปภ.สาขาชลบุรี)"
    plain, html = mail.text(), mail.text("html")
    for said in ("HQ-2569-000001", "น้ำไม่ไหล", "3 ก.พ. 2569 เวลา 09:00 น.", "เกินกำหนด 1 ชั่วโมง", str(case.case_id)):
        assert said in plain
        assert said in html
    assert "สมชาย <b>ตัวอย่าง</b>" in plain
    assert "สมชาย &lt;b&gt;ตัวอย่าง&lt;/b&gt;" in html
    assert await mailroom.states(case) == [("call", "PWA-1", "accepted")]
    (told,) = await mailroom.desk.told(OfficerTold, case)
    assert (told["officer"], told["means"], told["evidence"], told["rung"]) == ("PWA-1", "email", "accepted", 1)


async def test_a_restricted_case_does_not_say_in_the_mail_what_it_is_about(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await mailroom.late(restricted=True)
    await mailroom.later(minutes=2)
    (mail,) = mailroom.gateway.email.sent
    assert "น้ำไม่ไหล" not in mail.text() + mail.text("html") + mail.subject
    assert "เรื่องที่จำกัดผู้เข้าถึง" in mail.text()


async def test_the_preferred_means_comes_first_and_the_next_when_it_refuses(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, line_id="U1", preferred="line"))
    mailroom.gateway.line.fail_next(400)
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    assert mailroom.gateway.line.sent == []
    assert len(mailroom.mails()) == 1
    division = mailroom.front.sign_in("complaints_division")
    (row,) = await mailroom.messages(case)
    shown = (await division.get(f"/messages/{row.message_id}")).json()
    assert [(a["means"], a["outcome"], a["reason"]) for a in shown["attempts"]] == [
        ("line", "refused", "http_400"), ("email", "accepted", None),
    ]  # fmt: skip
    assert [d["address"] for d in shown["deliveries"]] == ["U1***", "m***@pwa.example"]
    assert shown["attempts"][1]["provider_id"]


async def test_a_webhook_is_signed_and_repeats_its_id_until_it_is_taken(mailroom: Mailroom) -> None:
    hook = Officer("PWA-7", "ระบบสาขา", webhook_url=f"{mailroom.gateway.webhook.url}/officers")
    await mailroom.staff(hook)
    mailroom.gateway.webhook.accept_then_drop()
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [("call", "PWA-7", "sending")]
    await mailroom.later(minutes=2)
    first, second = mailroom.gateway.webhook.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    secret = mailroom.context.settings.webhook_secret.get_secret_value()
    at = datetime.fromtimestamp(int(second.headers["webhook-timestamp"]), tz=mailroom.desk.now.tzinfo)
    signed = Webhook(secret).sign(second.headers["webhook-id"], at, second.body.decode())
    assert signed == second.headers["webhook-signature"]
    (said,) = json.loads(second.body)["data"]["messages"]
    assert (said["case_id"], said["rung"], said["subject"]) == (str(case.case_id), 1, "น้ำไม่ไหล")
    assert await mailroom.states(case) == [("call", "PWA-7", "accepted")]


async def test_who_can_be_told_by_no_means_is_shown_as_not_told(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, email=None))
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [("call", "PWA-1", "not_told")]
    division = mailroom.front.sign_in("complaints_division")
    (line,) = (await division.get("/unacknowledged", params={"not_told": "true"})).json()["items"]
    assert (line["case_id"], line["told"], line["officer"]["staff_code"]) == (str(case.case_id), "not_told", "PWA-1")
    (rung,) = (await division.get(f"/cases/{case.case_id}/rungs")).json()["rungs"]
    assert rung["told"] == "not_told"
    listed = [
        (await division.get("/follow-ups", params={"not_told": said})).json()["items"] for said in ("true", "false")
    ]
    assert [[line["told"] for line in lines] for lines in listed] == [["not_told"], []]


async def test_an_officer_who_was_not_told_is_told_when_the_address_was_entered(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, email=None))
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    await mailroom.enter(MANAGER)
    division = mailroom.front.sign_in("complaints_division")
    (row,) = await mailroom.messages(case)
    again = await division.post(f"/messages/{row.message_id}/decide", json={"decision": "send_again"})
    assert again.status_code == 200, again.text
    await mailroom.later(minutes=2)
    assert len(mailroom.mails()) == 1


async def test_a_vacant_posts_message_goes_to_the_next_officer_up_and_says_so(mailroom: Mailroom) -> None:
    await mailroom.staff(None)
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    (mail,) = mailroom.gateway.email.sent
    assert mail.recipients == (DIRECTOR.email,)
    assert "ตำแหน่งนี้ว่าง จึงแจ้งท่านแทน" in mail.text()
    assert await mailroom.states(case) == [("call", "PWA-2", "accepted")]


async def test_where_every_post_is_vacant_the_head_office_is_told_and_without_it_nobody(mailroom: Mailroom) -> None:
    first = await mailroom.late()
    await mailroom.later(minutes=2)
    assert [(row.state, row.reason) for row in await mailroom.messages(first)] == [("not_told", "post_vacant")]
    await mailroom.desk.staff("HQ", {"head_office": DIVISION})
    second = await mailroom.late()
    await mailroom.later(minutes=2)
    assert await mailroom.states(second) == [("call", "PWA-9", "accepted")]


async def test_each_rung_tells_its_own_officer_once(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    for _ in range(5):
        await mailroom.later(hours=24, minutes=2)
    assert [to for to, _ in mailroom.mails()] == [MANAGER.email, DIRECTOR.email, GOVERNOR.email]
    assert [row.rung for row in await mailroom.messages(case)] == [1, 2, 3]


async def test_a_case_closed_before_sending_is_told_to_nobody(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    await mailroom.desk.hear(case.resolved(mailroom.desk.now))
    await mailroom.later(minutes=2)
    assert mailroom.mails() == []
    assert [(row.state, row.reason) for row in await mailroom.messages(case)] == [("withdrawn", "case_resolved")]


async def test_a_case_closed_between_two_attempts_is_not_told_any_more(mailroom: Mailroom) -> None:
    await mailroom.staff()
    mailroom.gateway.email.fail_next(451)
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    await mailroom.desk.hear(case.resolved(mailroom.desk.now))
    await mailroom.later(hours=1)
    assert mailroom.mails() == []
    assert [(row.state, row.reason) for row in await mailroom.messages(case)] == [("withdrawn", "case_closed")]


async def test_a_means_that_is_away_is_given_up_after_its_patience(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, line_id="U1"))
    mailroom.gateway.email.fail_next(451, times=100)
    await mailroom.late()
    for _ in range(12):
        await mailroom.later(minutes=16)
    assert len(mailroom.gateway.line.sent) == 1
    assert mailroom.mails() == []


@pytest.mark.parametrize(("trick", "expected"), [("accept_then_hang", "unknown"), ("garbage_next", "unknown")])
async def test_an_email_of_unknown_outcome_waits_for_a_person(mailroom: Mailroom, trick: str, expected: str) -> None:
    await mailroom.staff(replace(MANAGER, line_id="U1"))
    getattr(mailroom.gateway.email, trick)()
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    await mailroom.later(hours=5)
    (row,) = await mailroom.messages(case)
    assert (row.state, len(mailroom.mails()), mailroom.gateway.line.sent) == (expected, 1, [])
    division = mailroom.front.sign_in("complaints_division")
    url = f"/messages/{row.message_id}/decide"
    assert (await division.post(url, json={"decision": "told"})).json()["state"] == "delivered"
    again = await division.post(url, json={"decision": "told"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_decide")
    (told,) = await mailroom.desk.told(OfficerTold, case)
    assert told["evidence"] == "confirmed"


def receipt(mailroom: Mailroom, reference: str, status: str, receipt_id: str) -> dict[str, Any]:
    body = json.dumps({"reference": reference, "status": status}).encode()
    return {"content": body, "headers": mailroom.gateway.sms.sign(body, mailroom.desk.now, receipt_id)}


async def test_20_receipts_have_one_effect_and_a_bounce_sends_by_the_next_means(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, line_id="U1"))
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    client = mailroom.front.sign_in("channel_adapter")
    message_id = str(mailroom.gateway.email.sent[0].message["Message-ID"])
    bounce = receipt(mailroom, message_id, "bounced", "r1")
    forged = {**bounce, "content": bounce["content"].replace(b"bounced", b"delivered")}
    assert (await client.post("/receipts", **forged)).status_code == 401
    plain = {"content-type": "application/json"}
    assert (await client.post("/receipts", content=bounce["content"], headers=plain)).status_code == 401
    answers = [(await client.post("/receipts", **bounce)).json() for _ in range(3)]
    assert [each["applied"] for each in answers] == [True, False, False]
    await mailroom.send()
    (push,) = mailroom.gateway.line.sent
    assert push.to == "U1"
    late = receipt(mailroom, message_id, "expired", "r2")
    assert (await client.post("/receipts", **late)).json() == {"applied": False}
    unknown = receipt(mailroom, "<nonsense@pwa.example>", "delivered", "r3")
    assert (await client.post("/receipts", **unknown)).json() == {"applied": False}
    came = receipt(mailroom, push.retry_key, "delivered", "r4")
    assert (await client.post("/receipts", **came)).json() == {"applied": True}
    (row,) = await mailroom.messages(case)
    assert (row.state, row.told_by, row.evidence) == ("delivered", "line", "receipt")


async def test_a_receipt_outside_the_replay_window_is_refused(mailroom: Mailroom) -> None:
    old = receipt(mailroom, "x", "delivered", "r1")
    mailroom.desk.clock.advance(timedelta(minutes=6))
    assert (await mailroom.front.sign_in("channel_adapter").post("/receipts", **old)).status_code == 401


async def test_messages_are_shown_within_the_readers_offices_only(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    (row,) = await mailroom.messages(case)
    for role, office, sees in (
        ("branch_manager", "1102", True), ("branch_manager", "1103", False), ("region_director", "R01", True),
        ("region_director", "R02", False), ("complaints_division", None, True),
    ):  # fmt: skip
        reader = mailroom.front.sign_in(role, office)
        assert len((await reader.get("/messages")).json()["items"]) == int(sees), (role, office)
        assert (await reader.get(f"/messages/{row.message_id}")).status_code == (200 if sees else 404)
        assert len((await reader.get("/unacknowledged")).json()["items"]) == int(sees), (role, office)
    assert (await mailroom.front.sign_in("survey_caller").get("/messages")).status_code == 403


async def test_a_rung_about_which_no_message_was_written_is_not_among_those_whom_nobody_could_tell(
    mailroom: Mailroom,
) -> None:
    await mailroom.staff()
    case, division = await mailroom.late(), mailroom.front.sign_in("complaints_division")
    await mailroom.desk.rows("DELETE FROM escalation.message RETURNING 1")
    found = [
        (await division.get("/unacknowledged", params={"not_told": said})).json()["items"] for said in ("true", "false")
    ]
    assert [[line["case_id"] for line in lines] for lines in found] == [[], [str(case.case_id)]]


async def test_an_unanswered_rung_says_what_its_case_is_about(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await mailroom.late()
    (line,) = (await mailroom.front.sign_in("complaints_division").get("/unacknowledged")).json()["items"]
    assert (line["subject"], line["subject_name"]) == ("Q01", "น้ำไม่ไหล")


async def test_unacknowledged_rungs_are_listed_by_age_until_answered_or_closed(mailroom: Mailroom) -> None:
    await mailroom.staff()
    first, second, third = [await mailroom.late() for _ in range(3)]
    division = mailroom.front.sign_in("complaints_division")

    async def waiting(**query: str) -> list[str]:
        return [line["case_id"] for line in (await division.get("/unacknowledged", params=query)).json()["items"]]

    assert await waiting() == [str(case.case_id) for case in (first, second, third)]
    assert await waiting(min_age_hours="1") == []
    page = (await division.get("/unacknowledged", params={"limit": "2"})).json()
    assert await waiting(limit="2", cursor=page["next_cursor"]) == [str(third.case_id)]
    assert (await division.post(f"/cases/{first.case_id}/rungs/1/acknowledge", json={})).status_code == 200
    await mailroom.desk.hear(second.resolved(mailroom.desk.now))
    await mailroom.later(hours=2)
    assert await waiting(min_age_hours=str(2 * HOUR // HOUR)) == [str(third.case_id)]


async def test_18_a_reopened_case_that_is_late_again_is_told_again_to_the_officers(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    await mailroom.desk.hear(case.resolved(mailroom.desk.now))
    await mailroom.later(hours=24)
    await mailroom.desk.hear(case.reopened(mailroom.desk.now), case.breached(mailroom.desk.now))
    await mailroom.later(seconds=1)
    await mailroom.later(minutes=2)
    rows = await mailroom.messages(case)
    assert [(row.cycle, row.recipient, row.state) for row in rows] == [
        (1, "PWA-1", "accepted"),
        (2, "PWA-1", "accepted"),
    ]
    assert len(mailroom.mails()) == 2


async def test_after_an_outage_of_our_own_every_means_is_tried_before_it_is_given_up(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, line_id="U1"))
    await mailroom.late()
    mailroom.desk.clock.advance(timedelta(minutes=2))
    await bundle_messages(mailroom.context)
    mailroom.desk.clock.advance(timedelta(hours=12))
    await settle_stale_mailings(mailroom.context)
    await mailroom.send()
    assert (len(mailroom.mails()), mailroom.gateway.line.sent) == (1, [])


def test_every_kind_of_message_has_a_template_for_every_form(tmp_path: Path) -> None:
    assert texts.problems() == []
    folder = Path(shutil.copytree(texts.FOLDER, tmp_path / "templates"))
    (folder / "correction.line.txt").unlink()
    (folder / "call.email.subject").write_text("  ")
    assert texts.problems(folder) == ["template call.email: empty_text", "template correction.line: no_template"]
