"""Step 7: sampling without replacement that reaches its quota, repeatable, with replacements on record."""

from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from services.survey_service.domain.sampling import draw, frame_hash, permutation, yamane
from tests.survey.given import EMAIL, Case, Desk, resolved
from tests.survey.test_calling import ANSWERS

FRAMES = st.lists(st.uuids(), min_size=1, max_size=200, unique=True)
E = Fraction(1, 20)


@given(FRAMES, st.text(min_size=1, max_size=20), st.integers(1, 250))
def test_random_sampling_without_replacement_always_reaches_the_quota_when_the_frame_allows(
    frame: list[UUID], seed: str, quota: int
) -> None:
    sample, reserve = draw(frame, seed, quota)
    assert len(sample) == min(quota, len(frame))
    assert len(set(sample)) == len(sample)
    assert sorted([*sample, *reserve]) == sorted(frame)


@given(FRAMES, st.text(min_size=1, max_size=20), st.randoms())
def test_the_same_seed_and_frame_give_the_same_draw_in_whatever_order_the_frame_is_read(
    frame: list[UUID], seed: str, random: Any
) -> None:
    shuffled = [*frame, frame[0]]
    random.shuffle(shuffled)
    assert permutation(shuffled, seed) == permutation(frame, seed)
    assert frame_hash(shuffled) == frame_hash(frame)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_every_case_has_about_the_same_chance(start: int) -> None:
    """Over 400 seeds each of 20 cases is drawn into a sample of 5 about 100 times (six standard deviations)."""
    frame = [UUID(int=start + n) for n in range(20)]
    counts = dict.fromkeys(frame, 0)
    for seed in range(400):
        for case in draw(frame, f"{start}-{seed}", 5)[0]:
            counts[case] += 1
    assert all(48 <= count <= 152 for count in counts.values())


@given(st.integers(0, 100_000), st.fractions(Fraction(1, 100), Fraction(1, 5)))
def test_the_quota_is_yamanes_rounded_up_and_never_above_the_frame(frame: int, precision: Fraction) -> None:
    quota = yamane(frame, precision)
    assert 0 <= quota <= frame
    exact = Fraction(frame) / (1 + frame * precision**2)
    assert quota - 1 < exact <= quota or quota == frame


def test_yamanes_examples() -> None:
    assert [yamane(n, E) for n in (0, 1, 10, 400, 13_800)] == [0, 1, 10, 200, 389]


async def drawn(desk: Desk, **more: object) -> dict[str, Any]:
    answer = await desk.api("complaints_division").post(
        "/samples/draw", json={"region": 1, "month": "2026-02", "seed": "s1", **more}
    )
    assert answer.status_code == 201, answer.text
    await desk.run_jobs()
    sample: dict[str, Any] = answer.json()
    return sample


async def progress(desk: Desk, sample: dict[str, Any]) -> dict[str, Any]:
    view: dict[str, Any] = (await desk.api("complaints_division").get(f"/samples/{sample['id']}/progress")).json()
    view.pop("sample_id")
    return view


async def answer_next(desk: Desk, caller: httpx.AsyncClient, **more: object) -> dict[str, Any]:
    call = (await caller.post("/calls/claim", json={})).json()
    answer = await caller.post(f"/calls/{call['id']}/answers", json={**ANSWERS, **more})
    assert answer.status_code == 201, answer.text
    closed: dict[str, Any] = answer.json()
    return closed


MARKS = {"checklist": {"A1": True, "A2": False, "C1": True, "C2": None, "C3": True}}


async def test_nobody_is_called_twice_an_open_call_gets_the_checklist_added(desk: Desk) -> None:
    case = await resolved(desk)
    sample = await drawn(desk)
    caller = desk.api("survey_caller")
    (call,) = (await caller.get("/calls")).json()["items"]
    assert (call["purpose"], call["checklist"]) == ("satisfaction", "v1")
    detail = (await caller.get(f"/calls/{call['id']}")).json()
    assert [(each["code"], each["about"]) for each in detail["standards"]] == [
        ("A1", "intake"), ("A2", "intake"), ("C1", "branch_team"), ("C2", "branch_team"), ("C3", "branch_team"),
    ]  # fmt: skip
    claim = (await caller.post("/calls/claim", json={})).json()
    assert (await caller.post(f"/calls/{claim['id']}/answers", json=ANSWERS)).status_code == 422
    assert (await caller.post(f"/calls/{claim['id']}/answers", json={**ANSWERS, **MARKS})).status_code == 201
    assert len(await desk.told("call-opened", case)) == 1
    assert len(await desk.told("answered", case)) == 1
    marks = (await caller.get(f"/calls/{call['id']}")).json()["marks"]
    assert {each["item"]: each["passed"] for each in marks} == MARKS["checklist"]
    assert await progress(desk, sample) == {
        "quota": 1, "completed": 1, "open": 0, "unreached": 0, "reserve": 0, "short": 0,
    }  # fmt: skip


async def test_a_call_that_somebody_has_keeps_what_it_began_with_and_the_sample_takes_another(desk: Desk) -> None:
    """The caller opened the call without a checklist: the answers are taken, and nobody is called twice for it."""
    cases = {case.case_id: case for case in [await resolved(desk) for _ in range(2)]}
    first, second = permutation(cases, "s1")
    caller = desk.api("survey_caller")
    call = await desk.one("SELECT id FROM survey.call_task WHERE case_id = :c", c=first)
    await caller.post("/calls/claim", json={"call_id": str(call.id)})
    sample = await drawn(desk, quota=1)
    assert (await caller.get(f"/calls/{call.id}")).json()["checklist"] is None
    answer = await caller.post(f"/calls/{call.id}/answers", json=ANSWERS)
    assert answer.status_code == 201, answer.text
    await desk.run_jobs()
    page = (await desk.api("complaints_division").get(f"/samples/{sample['id']}/members")).json()["items"]
    assert [(each["case_id"], each["state"], each["reason"]) for each in page] == [
        (str(first), "unreached", "without_checklist"), (str(second), "calling", None),
    ]  # fmt: skip
    assert len(await desk.told("call-opened", cases[first])) == 1


async def test_a_call_drawn_while_somebody_had_it_gets_its_checklist_with_the_next_claim(desk: Desk) -> None:
    await resolved(desk)
    caller = desk.api("survey_caller")
    call = (await caller.post("/calls/claim", json={})).json()
    sample = await drawn(desk)
    await caller.post(f"/calls/{call['id']}/attempts", json={"outcome": "no_answer"})
    desk.clock.advance(timedelta(days=1))
    again = (await caller.post("/calls/claim", json={})).json()
    assert (again["id"], again["checklist"]) == (call["id"], "v1")
    assert (await caller.post(f"/calls/{call['id']}/answers", json={**ANSWERS, **MARKS})).status_code == 201
    assert (await progress(desk, sample))["completed"] == 1


async def test_restricted_cases_are_in_no_sample_and_one_restricted_since_is_replaced(desk: Desk) -> None:
    await resolved(desk, Case(restricted=True))
    cases = {case.case_id: case for case in [await resolved(desk) for _ in range(2)]}
    answer = await desk.api("complaints_division").post(
        "/samples/draw", json={"region": 1, "month": "2026-02", "seed": "s1", "quota": 1}
    )
    assert answer.json()["frame"] == 2
    first, second = permutation(cases, "s1")
    await desk.rows("UPDATE survey.case_file SET restricted = true WHERE case_id = :c RETURNING 1", c=first)
    await desk.run_jobs()
    members = await desk.rows("SELECT case_id, state, reason FROM survey.sample_member ORDER BY position")
    assert [tuple(each) for each in members] == [(first, "unreached", "restricted"), (second, "calling", None)]


async def test_a_case_already_asked_gets_a_sample_call_of_its_own(desk: Desk) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    await answer_next(desk, caller)
    await drawn(desk)
    (call,) = (await caller.get("/calls")).json()["items"]
    assert call["purpose"] == "sample"
    await answer_next(desk, caller, **MARKS)
    assert [each["purpose"] for each in await desk.told("answered", case)] == ["satisfaction", "sample"]


async def test_the_unreachable_are_replaced_in_the_order_of_the_draw_until_the_quota_is_complete(desk: Desk) -> None:
    cases = [await resolved(desk) for _ in range(6)]
    sample = await drawn(desk, quota=2)
    caller = desk.api("survey_caller")
    order = permutation([case.case_id for case in cases], "s1")

    async def used() -> list[tuple[int, str, int | None]]:
        page = (await desk.api("complaints_division").get(f"/samples/{sample['id']}/members")).json()
        assert [each["case_id"] for each in page["items"]] == [str(case) for case in order[: len(page["items"])]]
        return [(each["position"], each["state"], each["replaces"]) for each in page["items"]]

    assert await used() == [(1, "calling", None), (2, "calling", None)]
    for outcome, place in (("refused", 0), ("wrong_number", 1)):
        call = await desk.one("SELECT id FROM survey.call_task WHERE case_id = :c", c=order[place])
        await caller.post("/calls/claim", json={"call_id": str(call.id)})
        await caller.post(f"/calls/{call.id}/attempts", json={"outcome": outcome})
    await desk.run_jobs()
    assert await used() == [(1, "unreached", None), (2, "unreached", None), (3, "calling", 1), (4, "calling", 2)]
    for place in (2, 3):
        call = await desk.one("SELECT id FROM survey.call_task WHERE case_id = :c", c=order[place])
        await caller.post("/calls/claim", json={"call_id": str(call.id)})
        await caller.post(f"/calls/{call.id}/answers", json={**ANSWERS, **MARKS})
    assert await progress(desk, sample) == {
        "quota": 2, "completed": 2, "open": 0, "unreached": 2, "reserve": 2, "short": 0,
    }  # fmt: skip


async def test_a_frame_without_phones_ends_short_and_says_so(desk: Desk) -> None:
    for _ in range(3):
        await resolved(desk, email=EMAIL)
    sample = await drawn(desk, quota=2)
    assert await progress(desk, sample) == {
        "quota": 2, "completed": 0, "open": 0, "unreached": 3, "reserve": 0, "short": 2,
    }  # fmt: skip


async def test_a_member_that_is_reopened_is_replaced(desk: Desk) -> None:
    cases = {case.case_id: case for case in [await resolved(desk) for _ in range(3)]}
    sample = await drawn(desk, quota=1)
    first, second, *_ = permutation(cases, "s1")
    await desk.take(cases[first].reopened(desk.now))
    await desk.run_jobs()
    page = (await desk.api("complaints_division").get(f"/samples/{sample['id']}/members")).json()["items"]
    assert [(each["case_id"], each["state"], each["reason"]) for each in page] == [
        (str(first), "unreached", "superseded"), (str(second), "calling", None),
    ]  # fmt: skip


async def test_the_frame_holds_the_closed_complaints_of_the_region_and_month_only(desk: Desk) -> None:
    inside = await resolved(desk)
    reopened = await resolved(desk)
    await desk.take(reopened.reopened(desk.now))
    await resolved(desk, Case(kind="incident_report"))
    await resolved(desk, Case(office="1002"))
    late = Case()
    march = desk.now + timedelta(days=30)
    await desk.take(late.registered(desk.now), late.card(), late.resolved(march))
    sample = await drawn(desk)
    assert (sample["frame"], sample["frame_hash"]) == (1, frame_hash([inside.case_id]))


async def test_a_region_and_month_are_drawn_once(desk: Desk) -> None:
    await resolved(desk)
    sample = await drawn(desk)
    division = desk.api("complaints_division")
    again = await division.post("/samples/draw", json={"region": 1, "month": "2026-02"})
    assert (again.status_code, again.json()["code"]) == (409, "already_drawn")
    assert sample["id"] in again.text
    empty = await division.post("/samples/draw", json={"region": 2, "month": "2026-02"})
    assert (empty.status_code, empty.json()["code"]) == (409, "empty_frame")
    for wrong in ({"month": "2569-02"}, {"month": "2026-13"}, {"month": "2030-01"}, {"region": 11}, {"precision": "0"}):
        answer = await division.post("/samples/draw", json={"region": 2, "month": "2026-02", **wrong})
        assert answer.status_code == 422, wrong
    assert (await desk.api("survey_caller").post("/samples/draw", json={})).status_code in {403, 422}
