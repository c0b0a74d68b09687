"""A message to a deputy governor waits for กสส. where the ladder says so; any message can be held before it goes."""

from typing import Any

import httpx
from sqlalchemy import text

from tests.escalation.given import Case
from tests.escalation.mailroom import GOVERNOR, Mailroom


async def review_deputies(mailroom: Mailroom) -> None:
    """The policy: what goes to a deputy governor is looked at first."""
    async with mailroom.desk.db.transaction() as tx:
        await tx.execute(text("UPDATE escalation.rung_definition SET review = true WHERE post = 'deputy_governor'"))


async def climbed(mailroom: Mailroom) -> Case:
    """A case whose third rung has just fired."""
    case = await mailroom.late()
    for _ in range(3):
        await mailroom.later(hours=24, minutes=2)
    await mailroom.later(hours=1)
    assert len(await mailroom.desk.rungs(case)) == 3
    return case


async def held(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/messages", params={"state": "held"})).json()["items"]
    return items


async def test_a_message_to_a_deputy_governor_is_held_until_it_is_approved(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await review_deputies(mailroom)
    case = await climbed(mailroom)
    division = mailroom.front.sign_in("complaints_division")
    (line,) = await held(division)
    assert (line["case_id"], line["rung"], line["held_reason"]) == (str(case.case_id), 3, "review")
    assert line["recipient"]["staff_code"] == "PWA-3"
    assert GOVERNOR.email not in [to for to, _ in mailroom.mails()]
    preview = (await division.get(f"/messages/{line['message_id']}")).json()["preview"]
    assert "HQ-2569-000001" in preview
    approved = await division.post(f"/messages/{line['message_id']}/approve")
    assert (approved.status_code, approved.json()["decided_by"]) == (200, "dev-complaints_division")
    again = await division.post(f"/messages/{line['message_id']}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "not_held")
    await mailroom.later(minutes=2)
    assert mailroom.mails()[-1][0] == GOVERNOR.email
    assert await held(division) == []


async def test_a_rejected_message_never_goes_and_says_who_decided_and_why(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await review_deputies(mailroom)
    case = await climbed(mailroom)
    division = mailroom.front.sign_in("complaints_division")
    (line,) = await held(division)
    url = f"/messages/{line['message_id']}/reject"
    assert (await division.post(url, json={})).status_code == 422
    rejected = (await division.post(url, json={"reason": "สาขาแก้ไขเสร็จแล้ว รอรายงาน"})).json()
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", "dev-complaints_division")
    assert rejected["decided_reason"] == "สาขาแก้ไขเสร็จแล้ว รอรายงาน"
    await mailroom.later(hours=30)
    assert GOVERNOR.email not in [to for to, _ in mailroom.mails()]
    assert (await mailroom.states(case))[-1] == ("call", "PWA-3", "rejected")
    actions = await mailroom.desk.rows("SELECT action, actor FROM escalation.audit WHERE action LIKE 'message.%'")
    assert [(row.action, row.actor) for row in actions] == [("message.rejected", "dev-complaints_division")]


async def test_a_held_message_is_withdrawn_when_its_case_is_closed(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await review_deputies(mailroom)
    case = await climbed(mailroom)
    division = mailroom.front.sign_in("complaints_division")
    (line,) = await held(division)
    await mailroom.desk.hear(case.resolved(mailroom.desk.now))
    assert await held(division) == []
    late = await division.post(f"/messages/{line['message_id']}/approve")
    assert (late.status_code, late.json()["code"]) == (409, "not_held")
    assert (await mailroom.states(case))[-1] == ("call", "PWA-3", "withdrawn")


async def test_what_stands_in_for_a_vacant_post_is_reviewed_by_the_rule_of_who_is_told(mailroom: Mailroom) -> None:
    await review_deputies(mailroom)
    await mailroom.desk.staff("D3", {"deputy_governor": GOVERNOR})
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [("call", "PWA-3", "held")]


async def test_an_automatic_message_can_be_held_by_hand_before_it_goes(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    division = mailroom.front.sign_in("complaints_division")
    (row,) = await mailroom.messages(case)
    kept = await division.post(f"/messages/{row.message_id}/hold", json={"reason": "รอผลการตรวจสอบ"})
    assert (kept.json()["state"], kept.json()["held_by"]) == ("held", "dev-complaints_division")
    await mailroom.later(hours=1)
    assert mailroom.mails() == []
    assert (await division.post(f"/messages/{row.message_id}/approve")).status_code == 200
    await mailroom.later(minutes=2)
    assert len(mailroom.mails()) == 1
    gone = await division.post(f"/messages/{row.message_id}/hold", json={"reason": "สาย"})
    assert (gone.status_code, gone.json()["code"]) == (409, "not_waiting")


async def test_only_the_division_reviews(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    (row,) = await mailroom.messages(case)
    for role, office in (("branch_manager", "1102"), ("region_director", "R01"), ("deputy_governor", "D3")):
        reader = mailroom.front.sign_in(role, office)
        for action in ("hold", "approve", "reject", "decide"):
            answer = await reader.post(
                f"/messages/{row.message_id}/{action}", json={"reason": "ไม่", "decision": "told"}
            )
            assert answer.status_code == 403, (role, action)


async def test_messages_held_for_long_and_means_that_fail_make_the_service_degraded(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await review_deputies(mailroom)
    await climbed(mailroom)
    await mailroom.later(hours=5)
    mailroom.gateway.email.fail_next(550, times=5)
    for _ in range(5):
        await mailroom.late()
        await mailroom.later(minutes=2)
    found = await mailroom.problems()
    assert "1 messages to officers are held for review; see /escalation/v1/messages?state=held" in found
    assert "messages to officers by email fail: 5 attempts, none accepted" in found
    assert "5 officers could not be told; see /escalation/v1/messages?state=not_told" in found


async def test_an_installation_without_gateways_is_degraded(mailroom: Mailroom) -> None:
    found = await mailroom.problems(smtp_host="", line_url="", webhook_secret="")
    assert "no gateway is configured: officers are told of nothing" in found
