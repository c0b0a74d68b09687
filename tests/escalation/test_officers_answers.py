"""Officers answer: a promised date, handing over, taking over, many acknowledgements at once."""

from datetime import datetime, timedelta

from services.escalation_service.domain.offices import Officer
from shared.contracts.escalation import DatePromised, RungAcknowledged, RungHandedOver
from tests.escalation.mailroom import HOUR, Mailroom

DEPUTY = Officer("dev-branch_staff", "สมปอง ตัวอย่าง", email="deputy@pwa.example")


async def test_a_promise_is_kept_in_the_log_and_shows_when_it_is_broken(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    manager = mailroom.front.sign_in("branch_manager", "1102")
    url = f"/cases/{case.case_id}/rungs/1/promise"
    first, second = mailroom.desk.now + 2 * HOUR, mailroom.desk.now + 4 * HOUR
    past = {"promised_at": (mailroom.desk.now - HOUR).isoformat()}
    assert (await manager.post(url, json=past)).json()["code"] == "promise_in_the_past"
    body, key = {"promised_at": first.isoformat(), "note": "รออะไหล่"}, {"Idempotency-Key": "p1"}
    assert [(await manager.post(url, json=body, headers=key)).status_code for _ in range(2)] == [200, 200]
    await mailroom.later(hours=3)
    division = mailroom.front.sign_in("complaints_division")

    async def broken() -> int:
        return len((await division.get("/follow-ups", params={"promise_broken": "true"})).json()["items"])

    assert await broken() == 1
    assert (await manager.post(url, json={"promised_at": second.isoformat()})).status_code == 200
    assert await broken() == 0
    await mailroom.later(hours=2)
    assert await broken() == 1
    shown = (await division.get(f"/cases/{case.case_id}/rungs")).json()
    assert [(a["kind"], a["note"]) for a in shown["answers"]] == [("promise", "รออะไหล่"), ("promise", None)]
    assert len(await mailroom.desk.told(DatePromised, case)) == 2
    await mailroom.desk.hear(case.resolved(mailroom.desk.now))
    late = await manager.post(url, json={"promised_at": (mailroom.desk.now + HOUR).isoformat()})
    assert (late.status_code, late.json()["code"]) == (409, "case_closed")


async def test_who_is_handed_a_rung_is_told_and_may_answer_for_it(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await mailroom.enter(DEPUTY)
    case = await mailroom.late()
    await mailroom.later(minutes=2)
    manager = mailroom.front.sign_in("branch_manager", "1102")
    url = f"/cases/{case.case_id}/rungs/1/hand-over"
    nobody = await manager.post(url, json={"to_staff_code": "PWA-404", "reason": "ไปราชการ"})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "unknown_officer")
    done = await manager.post(url, json={"to_staff_code": DEPUTY.staff_code, "reason": "ไปราชการ"})
    assert (done.status_code, done.json()["name"]) == (200, DEPUTY.name)
    twice = await manager.post(url, json={"to_staff_code": DEPUTY.staff_code, "reason": "ไปราชการ"})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_in_charge")
    await mailroom.later(minutes=2)
    assert mailroom.mails()[-1] == (DEPUTY.email, "กปภ. มอบหมายเรื่อง HQ-2569-000001 ให้ท่านรับผิดชอบ")
    (told,) = await mailroom.desk.told(RungHandedOver, case)
    assert (told["handed_from"], told["handed_to"], told["taken"]) == ("PWA-1", DEPUTY.staff_code, False)
    (line,) = (await manager.get("/unacknowledged")).json()["items"]
    assert line["in_charge"] == DEPUTY.staff_code
    elsewhere = mailroom.front.sign_in("branch_staff", "1103", "branch_manager")
    answer = await elsewhere.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={})
    assert answer.status_code == 200, answer.text


async def test_an_answer_that_is_sent_twice_under_one_key_is_given_once(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await mailroom.enter(DEPUTY)
    manager, to = mailroom.front.sign_in("branch_manager", "1102"), DEPUTY.staff_code
    bodies = {"acknowledge": {}, "hand-over": {"to_staff_code": to, "reason": "ลา"}, "take-over": {"reason": "ดูแลเอง"}}
    for what, body in bodies.items():
        case, key = await mailroom.late(), {"Idempotency-Key": f"once-{what}"}
        url = f"/cases/{case.case_id}/rungs/1/{what}"
        first, second = [await manager.post(url, json=body, headers=key) for _ in range(2)]
        assert (first.status_code, second.status_code) == (200, 200), (what, second.text)
        assert first.json() == second.json()
        logged = await mailroom.desk.rows("SELECT 1 FROM escalation.answer WHERE case_id = :case", case=case.case_id)
        assert len(logged) == (2 if what == "take-over" else 1), what  # taking over is an acknowledgement too


async def test_nobody_hands_over_what_is_not_theirs(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    body = {"to_staff_code": "PWA-2", "reason": "ไม่ว่าง"}
    url = f"/cases/{case.case_id}/rungs/1/hand-over"
    director = await mailroom.front.sign_in("region_director", "R01").post(url, json=body)
    assert (director.status_code, director.json()["code"]) == (403, "not_your_post")
    assert (await mailroom.front.sign_in("branch_manager", "1103").post(url, json=body)).status_code == 404


async def test_whoever_takes_a_rung_over_answers_for_it_without_putting_the_next_one_off(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    director = mailroom.front.sign_in("region_director", "R01")
    url = f"/cases/{case.case_id}/rungs/1/take-over"
    taken = await director.post(url, json={"reason": "เขตรับไปเร่งรัดเอง"})
    assert (taken.status_code, taken.json()["staff_code"]) == (200, "dev-region_director")
    assert (await director.post(url, json={"reason": "อีกครั้ง"})).json()["code"] == "already_in_charge"
    (told,) = await mailroom.desk.told(RungAcknowledged, case)
    assert (told["acknowledged_by"], told["deferred_until"]) == ("dev-region_director", None)
    shown = (await director.get(f"/cases/{case.case_id}/rungs")).json()
    assert [a["kind"] for a in shown["answers"]] == ["take_over", "acknowledge"]
    assert shown["rungs"][0]["in_charge"] == "dev-region_director"
    promised = {"promised_at": (mailroom.desk.now + HOUR).isoformat()}
    assert (await director.post(f"/cases/{case.case_id}/rungs/1/promise", json=promised)).status_code == 200
    await mailroom.later(hours=25)
    assert len(await mailroom.desk.rungs(case)) == 2


async def test_many_rungs_are_acknowledged_at_once_each_with_its_own_result(mailroom: Mailroom) -> None:
    await mailroom.staff()
    cases = [await mailroom.late() for _ in range(4)]
    foreign = await mailroom.late("1103")
    manager = mailroom.front.sign_in("branch_manager", "1102")
    await manager.post(f"/cases/{cases[1].case_id}/rungs/1/acknowledge", json={})
    await mailroom.desk.hear(cases[2].resolved(mailroom.desk.now))
    asked = [{"case_id": str(case.case_id), "rung": 1} for case in [*cases, foreign]]
    body, key = {"items": [*asked, asked[0]], "defer_hours": 2}, {"Idempotency-Key": "a1"}
    answer = await manager.post("/acknowledgements", json=body, headers=key)
    assert answer.status_code == 200, answer.text
    assert (await manager.post("/acknowledgements", json=body, headers=key)).json() == answer.json()
    items = answer.json()["items"]
    assert [item["case_id"] for item in items] == [item["case_id"] for item in asked]
    assert [item["result"] for item in items] == [
        "acknowledged", "already_acknowledged", "case_closed", "acknowledged", "not_found",
    ]  # fmt: skip
    until = mailroom.desk.now + timedelta(hours=2)
    rows = await mailroom.desk.rows("SELECT deferred_until FROM escalation.rung WHERE deferred_until = :at", at=until)
    assert len(rows) == 2
    too_many = await manager.post("/acknowledgements", json={"items": [asked[0]] * 101})
    assert too_many.status_code == 422


async def test_two_people_who_acknowledge_the_same_rungs_in_other_orders_do_not_block_each_other(
    mailroom: Mailroom,
) -> None:
    await mailroom.staff()
    asked = [{"case_id": str((await mailroom.late()).case_id), "rung": 1} for _ in range(5)]
    manager, division = mailroom.front.sign_in("branch_manager", "1102"), mailroom.front.sign_in("complaints_division")
    one, other = await mailroom.together(
        manager.post("/acknowledgements", json={"items": asked}),
        division.post("/acknowledgements", json={"items": asked[::-1]}),
    )
    results = [item["result"] for answer in (one, other) for item in answer.json()["items"]]
    assert sorted(results) == ["acknowledged"] * 5 + ["already_acknowledged"] * 5


async def test_an_officer_of_another_branch_who_acts_for_a_manager_may_answer_until_the_case_is_closed(
    mailroom: Mailroom,
) -> None:
    acting = Officer("dev-branch_manager", "สมปอง ตัวอย่าง", email="acting@pwa.example")
    await mailroom.desk.staff("1102", {"branch_manager": acting}, acting=True)
    cases = [await mailroom.late(), await mailroom.late(), await mailroom.late(restricted=True)]
    away = mailroom.front.sign_in("branch_manager", "1103")
    urls = [f"/cases/{case.case_id}/rungs" for case in cases]
    assert [(await away.get(url)).status_code for url in urls] == [200, 200, 404]
    asked = [{"case_id": str(case.case_id)} for case in cases]
    opened = [(await away.get("/follow-ups", params=query)).json()["items"] for query in asked]
    assert [[line["case_id"] for line in lines] for lines in opened] == [[one["case_id"]] for one in asked[:2]] + [[]]
    assert (await away.get("/follow-ups")).json()["items"] == []
    answers = [await away.post(f"{url}/1/acknowledge", json={}) for url in urls]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert (await away.post(f"{urls[0]}/2/acknowledge", json={})).status_code == 404
    await mailroom.desk.hear(cases[0].resolved(mailroom.desk.now))
    assert [(await away.get(url)).status_code for url in urls] == [404, 200, 404]
    stranger = mailroom.front.sign_in("region_director", "R05")
    assert [(await stranger.get(url)).status_code for url in urls] == [404, 404, 404]


async def test_an_acknowledgement_leaves_the_date_that_was_promised_before(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = await mailroom.late()
    manager = mailroom.front.sign_in("branch_manager", "1102")
    promised = mailroom.desk.now + 3 * HOUR
    url = f"/cases/{case.case_id}/rungs"
    await manager.post(f"{url}/1/promise", json={"promised_at": promised.isoformat()})
    assert (await manager.post(f"{url}/1/acknowledge", json={})).status_code == 200
    (fired, *_) = (await manager.get(url)).json()["rungs"]
    assert datetime.fromisoformat(fired["promised_at"]) == promised
