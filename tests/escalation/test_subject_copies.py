"""Subjects are intake's data: officers, the list and its file show their names, and ladders may be for them."""

from datetime import datetime, timedelta
from typing import Any

from shared.contracts.intake import SubjectPublished
from tests.escalation.given import Case, Desk, Front
from tests.escalation.mailroom import HOUR, Mailroom
from tests.escalation.test_export import rows_of
from tests.escalation.test_ladder_policies import ladder, publish, rung

FOAM = "น้ำมีฟองผิดปกติ"
BEGINNING = datetime.fromisoformat("2020-01-01T00:00:00Z")


def told(desk: Desk, code: str = "W09", title: str = FOAM, **more: Any) -> SubjectPublished:
    """Intake's word about a version of a subject, in force from now on."""
    when = {"valid_from": desk.now, "published_at": desk.now} | more
    return SubjectPublished(
        code=code, kind="complaint", dimension="ด้านคุณภาพน้ำ", title_th=title, severity="high", restricted=False,
        closes_at_once=False, **when,
    )  # fmt: skip


async def late(desk: Desk, subject: str) -> Case:
    """A case of the subject whose first rung has fired."""
    case = Case("1102")
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.classified(desk.now - 24 * HOUR, subject))
    await desk.hear(case.breached(desk.now))
    await desk.advance(seconds=1)
    return case


async def names_on_the_list(front: Front) -> list[str | None]:
    lines = (await front.sign_in("complaints_division").get("/follow-ups")).json()["items"]
    return [line["subject_name"] for line in lines]


async def test_a_new_subject_has_its_name_on_the_list_and_in_the_file(desk: Desk, front: Front) -> None:
    await late(desk, "W09")
    assert await names_on_the_list(front) == [None]
    [row] = await rows_of(front.sign_in("complaints_division"))
    assert row["หัวข้อ"] == "W09"
    await desk.hear(told(desk))
    assert await names_on_the_list(front) == [FOAM]
    [row] = await rows_of(front.sign_in("complaints_division"))
    assert row["หัวข้อ"] == FOAM


async def test_the_officer_reads_the_name_of_a_new_subject(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await mailroom.desk.hear(told(mailroom.desk))
    case = await late(mailroom.desk, "W09")
    await mailroom.later(minutes=61)
    (mail,) = mailroom.gateway.email.sent
    assert FOAM in mail.text()
    assert FOAM in mail.text("html")
    assert "W09" not in mail.text()
    (line,) = (await mailroom.front.sign_in("complaints_division").get("/messages")).json()["items"]
    assert (line["case_id"], line["subject_name"]) == (str(case.case_id), FOAM)


async def test_a_subject_worded_anew_has_its_new_name_from_its_date_and_an_ended_one_keeps_its_last(
    desk: Desk, front: Front
) -> None:
    await late(desk, "W01")
    await desk.hear(told(desk, "W01", "น้ำมีสีหรือสนิม", valid_from=desk.now + timedelta(days=1)))
    assert await names_on_the_list(front) == ["น้ำมีสีผิดปกติ"]
    desk.clock.advance(timedelta(days=1))
    assert await names_on_the_list(front) == ["น้ำมีสีหรือสนิม"]
    await desk.hear(told(desk, "W01", "น้ำมีสีหรือสนิม", valid_from=desk.now, valid_to=desk.now + HOUR))
    desk.clock.advance(2 * HOUR)
    assert await names_on_the_list(front) == ["น้ำมีสีหรือสนิม"]


async def test_a_ladder_is_for_a_subject_that_was_told_of_and_for_no_other(desk: Desk, front: Front) -> None:
    editor = front.sign_in("policy_editor")
    for_foam = ladder(rung(1, "branch_manager", "own", 0), subject="W09")
    refused = await editor.post("/ladders/foam/versions", json=for_foam)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_subject")
    await desk.hear(told(desk))
    assert (await publish(editor, for_foam, "foam")).status_code == 200
