"""Shuffled and repeated delivery of the same facts ends in the same state (failures.md 8)."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from services.survey_service.domain.case import CaseFile, CaseState, Place
from shared.contracts import intake
from shared.kernel.ids import uuid7
from tests.survey.given import Case, Desk


async def picture(desk: Desk, case: Case) -> Sequence[Any]:
    """The case's rows without the ids and times that differ by run."""
    queries = (
        "SELECT office, region, kind, severity, number, cycle, state FROM survey.case_file WHERE case_id = :c",
        "SELECT version, erased FROM survey.contact_card WHERE case_id = :c",
        "SELECT cycle, review FROM survey.resolution WHERE case_id = :c ORDER BY cycle",
        "SELECT cycle, purpose, state FROM survey.notice WHERE case_id = :c ORDER BY cycle, purpose",
        "SELECT cycle, purpose, state, outcome FROM survey.call_task WHERE case_id = :c ORDER BY cycle, purpose",
    )
    return [[tuple(row) for row in await desk.rows(query, c=case.case_id)] for query in queries]


@pytest.mark.parametrize("seed", range(6))
async def test_shuffled_and_repeated_delivery_ends_in_the_same_state(desk: Desk, seed: int) -> None:
    pictures = []
    for shuffled in (False, True):
        case, at = Case(), desk.now
        story = desk.numbered(
            case.registered(at),
            case.card(),
            case.resolved(at),
            case.reopened(at),
            case.changed(at, 2),
            case.card(phone="+66899999999"),
            case.resolved(at),
        )
        if shuffled:
            story = story * 2
            random.Random(seed).shuffle(story)
        await desk.take_numbered(story)
        pictures.append(await picture(desk, case))
    assert pictures[0] == pictures[1]


def test_the_newest_event_says_who_is_responsible_whatever_arrives_last() -> None:
    case = CaseFile(uuid7())
    early, late = Place("HQ", None, "unclassified", False), Place("1102", 1, "complaint", False, "high", "Q01")
    assert case.placed(early, 1).placed(late, 2) == case.placed(late, 2).placed(early, 1)
    done = case.reached(1, CaseState.RESOLVED)
    assert done.reached(2, CaseState.OPEN) == case.reached(2, CaseState.OPEN).reached(1, CaseState.RESOLVED)


async def test_a_card_that_arrives_before_its_case_waits_for_it(desk: Desk) -> None:
    case = Case()
    await desk.take(case.card(), case.registered(desk.now), case.resolved(desk.now))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1


async def test_a_cancelled_case_is_neither_told_nor_called(desk: Desk) -> None:
    case = Case()
    await desk.take(case.registered(desk.now), case.card(), case.resolved(desk.now), case.cancelled(desk.now))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert [each["outcome"] for each in await desk.told("call-closed", case)] == ["cancelled"]


async def test_an_answered_enquiry_is_neither_told_nor_called(desk: Desk) -> None:
    case = Case(kind="information")
    answered = intake.CaseAnswered(**case._common(), answered_at=desk.now)
    await desk.take(case.registered(desk.now), case.card(), answered)
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert await desk.rows("SELECT 1 FROM survey.call_task") == []
