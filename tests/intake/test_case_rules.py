"""The case's state machine, under any sequence of commands (hypothesis)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.intake_service.domain.case import CLOSED, Case, State
from services.intake_service.domain.number import Series, as_case_number
from services.intake_service.domain.receipt import Person, Receipt
from services.intake_service.domain.suggestion import ABSTAIN_BELOW, suggest
from services.intake_service.domain.taxonomy import Subject
from services.intake_service.domain.tracking import as_tracking_code, new_tracking_code, shown
from services.intake_service.domain.work import WorkReport
from shared.kernel.errors import Refusal
from shared.kernel.fiscal import midnight
from shared.kernel.ids import uuid7
from shared.kernel.words import HEAD_OFFICE, Channel, Kind, Severity
from shared.reference import subjects
from shared.testing.start import START

OFFICES = st.sampled_from([("1102", 1), ("1103", 1), ("3201", 3)])
PEOPLE = st.sampled_from(["a", "b"])
SUBJECTS = st.sampled_from(
    [
        Subject(s.code, Kind(s.kind), "ด้าน", "เรื่อง", Severity(s.severity), s.restricted, s.closes_at_once)
        for s in subjects().values()
        if s.kind != "follow_up"
    ]
)


def received(office: str = HEAD_OFFICE, region: int | None = None) -> Case:
    receipt = Receipt(
        id=uuid7(), tracking_code=new_tracking_code(), channel=Channel.LINE, received_at=START,
        receiving_office=office, receiving_region=region, text="น้ำไม่ไหล", person=Person(phone="+66812345678"),
    )  # fmt: skip
    return Case.received(receipt, number="HQ-2569-000001", at=START)


class CaseLife(RuleBasedStateMachine):
    """Commands in any order, each accepted or refused; a refusal changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.case = self.first = received()
        self.now = START
        self.subject: Subject | None = None

    def attempt(self, command: Callable[[Case], Case]) -> bool:
        self.now += timedelta(minutes=1)
        before = self.case
        try:
            self.case = command(before)
        except Refusal:
            return False
        assert self.case.version == before.version + 1
        assert self.case.cycle in (before.cycle, before.cycle + 1)
        assert not (before.state in CLOSED and self.case.state != before.state and before.state is not State.RESOLVED)
        return True

    @rule(subject=SUBJECTS, severity=st.none() | st.sampled_from(Severity))
    def classify(self, subject: Subject, severity: Severity | None) -> None:
        if self.attempt(lambda case: case.classify(subject, severity)):
            self.subject = subject
            assert self.case.restricted == subject.restricted

    @rule(office=OFFICES)
    def route(self, office: tuple[str, int]) -> None:
        self.attempt(lambda case: case.route(*office))

    @rule()
    def accept(self) -> None:
        if self.attempt(lambda case: case.accept()):
            assert self.case.office != HEAD_OFFICE

    @rule()
    def bounce(self) -> None:
        if self.attempt(lambda case: case.bounce()):
            assert self.case.is_at_head_office

    @rule()
    def request_information(self) -> None:
        self.attempt(lambda case: case.request_information(["มาตร"], asked="complainant"))

    @rule()
    def supply_information(self) -> None:
        self.attempt(lambda case: case.supply_information())

    @rule(by=PEOPLE, repaired=st.booleans())
    def resolve(self, by: str, repaired: bool) -> None:
        reason = None if repaired else "รออะไหล่"
        report = WorkReport(repaired, "เหตุ", "ทำ", self.now, "MP-1", reason)
        if self.attempt(lambda case: case.resolve(report, by=by, at=self.now)):
            assert self.case.handler == by

    @rule(by=PEOPLE)
    def reopen(self, by: str) -> None:
        handler, office = self.case.handler, self.case.office
        if self.attempt(lambda case: case.reopen(by=by, at=self.now)):
            assert handler != by
            assert self.case.office == office

    @rule()
    def answer(self) -> None:
        if self.attempt(lambda case: case.answer(self.subject, at=self.now)):
            assert self.case.kind not in (Kind.COMPLAINT, Kind.UNCLASSIFIED)

    @precondition(lambda self: self.now > START + timedelta(minutes=8))
    @rule()
    def cancel(self) -> None:
        self.attempt(lambda case: case.cancel(at=self.now))

    @rule()
    def follow_up(self) -> None:
        before = self.case.severity
        self.attempt(lambda case: case.follow_up())
        assert list(Severity).index(self.case.severity) >= list(Severity).index(before)

    @rule()
    def correct(self) -> None:
        self.attempt(lambda case: case.correct_contact())

    @rule()
    def erase(self) -> None:
        self.attempt(lambda case: case.erase())
        assert self.case.erased

    @invariant()
    def what_was_received_never_changes(self) -> None:
        fixed = ("id", "number", "tracking_code", "received_at", "registered_at", "receiving_office", "channel",
                 "recorded_kind", "recorded_dimension")  # fmt: skip
        assert [getattr(self.case, name) for name in fixed] == [getattr(self.first, name) for name in fixed]

    @invariant()
    def it_is_closed_exactly_when_it_has_an_end(self) -> None:
        assert (self.case.closed_at is not None) == self.case.is_closed
        assert (self.case.resolved_at is not None) == (self.case.state is State.RESOLVED)

    @invariant()
    def it_waits_exactly_when_something_is_missing(self) -> None:
        assert bool(self.case.missing) == (self.case.state is State.AWAITING_INFORMATION)
        assert (self.case.resumes_as is not None) == bool(self.case.missing)

    @invariant()
    def work_is_done_by_branches_on_classified_cases(self) -> None:
        if self.case.state in (State.ROUTED, State.IN_PROGRESS, State.RESOLVED):
            assert self.case.office != HEAD_OFFICE
            assert self.case.kind is not Kind.UNCLASSIFIED
        if self.case.state is not State.RECEIVED and self.case.state not in CLOSED | {State.AWAITING_INFORMATION}:
            assert self.case.subject is not None

    @invariant()
    def cycles_only_rise_by_reopening(self) -> None:
        assert (self.case.cycle > 1) == (self.case.cycle_started_at is not None)


TestCaseLife = CaseLife.TestCase


@given(day=st.dates(date(2000, 1, 1), date(2200, 1, 1)), running=st.integers(1, 9_999_999))
def test_a_number_is_read_back_as_it_was_made(day: date, running: int) -> None:
    number = Series.of("1102", midnight(day)).number(running)
    assert as_case_number(f" {number.lower()} ") == number
    assert as_case_number(number.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))) == number


@given(st.text(max_size=40))
def test_anything_may_be_taken_for_a_number_or_a_code_without_harm(written: str) -> None:
    as_case_number(written)
    as_tracking_code(written)


def test_a_tracking_code_has_at_least_60_random_bits_and_is_read_as_people_write_it() -> None:
    codes = {new_tracking_code() for _ in range(2000)}
    assert len(codes) == 2000
    for code in list(codes)[:50]:
        assert len(code) * 5 >= 60
        assert as_tracking_code(shown(code).lower().replace("1", "l").replace("0", "O")) == code
    assert as_tracking_code("U" * 13) is None


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("น้ำไม่ไหลตั้งแต่เช้า", "Q01"),
        ("น้ำ ไม่ ไหล เลยค่ะ", "Q01"),
        ("น้ำประปามีกลิ่น น้ำเหม็นมาก", "W03"),
        ("แจ้งท่อรั่วหน้าปากซอย", "I02"),
        ("พนักงานเรียกรับผลประโยชน์", "P02"),
        ("ขอชื่นชมเจ้าหน้าที่บริการดีมาก", "C01"),
        ("ถนนเป็นหลุมเป็นบ่อ รถติด", None),
        ("hello", None),
        ("", None),
    ],
)
def test_the_rules_suggest_or_abstain(text: str, subject: str | None) -> None:
    assert suggest(text).subject == subject


@given(st.text())
def test_a_suggestion_is_sure_or_absent(text: str) -> None:
    made = suggest(text)
    assert 0 <= made.confidence < 1
    assert (made.subject is not None) == (made.confidence >= ABSTAIN_BELOW)
    assert len(made.candidates) <= 3
    assert {code for code, _ in made.candidates} <= subjects().keys()


@pytest.mark.parametrize("follow_ups", range(6))
def test_a_follow_up_before_classification_raises_the_subjects_severity(follow_ups: int) -> None:
    case = received()
    for _ in range(follow_ups):
        case = case.follow_up()
    low = Subject("E01", Kind.INFORMATION, "ด้าน", "เรื่อง", Severity.LOW, False, True)
    order: list[Any] = list(Severity)
    assert case.classify(low).severity == order[min(follow_ups, 3)]
