"""The demo's day on paper: everything occurs, nothing real is named, late means received earlier."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from services.demo.cases import Living
from services.demo.handling import work_report
from services.demo.plan import CHANNELS, DONE, LATE, WEIGHTS, Fate, plan_day
from services.demo.receiving import body_of
from shared.reference import branches, subjects

NOW = datetime(2026, 2, 3, 2, tzinfo=UTC)
DAY = plan_day(300, NOW, seed=1)


def test_every_channel_and_every_subject_occurs() -> None:
    assert {case.channel for case in DAY} == set(CHANNELS)
    assert {case.subject for case in DAY} == set(WEIGHTS) == set(subjects()) - {"F01"}
    assert {branches()[case.branch].region for case in DAY} == set(range(1, 11))


def test_the_same_seed_plans_the_same_day() -> None:
    assert plan_day(50, NOW, seed=4) == plan_day(50, NOW, seed=4)
    assert plan_day(50, NOW, seed=4) != plan_day(50, NOW, seed=5)


def test_late_cases_were_received_days_ago_and_all_lie_in_the_window_that_intake_takes() -> None:
    for case in DAY:
        age = NOW - case.received_at
        assert timedelta() < age < timedelta(days=30)
        assert (age > timedelta(days=1)) == (case.fate in LATE | {Fate.ENTERED_LATE})
        assert case.received_at < case.done_at <= NOW


def test_all_fates_occur_and_most_cases_are_done() -> None:
    fates = Counter(case.fate for case in plan_day(1000, NOW, seed=1))
    assert set(fates) == set(Fate)
    assert sum(fates[fate] for fate in DONE) > 500


def test_texts_vary_and_numbers_belong_to_nobody() -> None:
    assert len({case.text for case in DAY}) > 0.8 * len(DAY)
    phones = [case.contact["phone"] for case in DAY if case.contact and "phone" in case.contact]
    assert len(phones) == len(set(phones)) > len(DAY) / 2
    assert all(phone.startswith("08000") and len(phone) == 10 for phone in phones)
    assert any(case.contact is None for case in DAY)


def test_enquiries_are_answered_and_never_routed() -> None:
    for case in DAY:
        assert (case.fate is Fate.ANSWER) == subjects()[case.subject].closes_at_once


def test_a_report_says_why_where_nothing_was_repaired_and_who_fixed_it_where_it_was() -> None:
    for case in DAY:
        if case.fate not in DONE:
            continue
        report = work_report(Living(case, "id", "number", None, case.branch, "in_progress"))
        assert ("not_repaired_reason" in report) == (case.fate is Fate.NOT_REPAIRED)
        is_complaint = subjects()[case.subject].kind == "complaint"
        assert ("mister_prapa" in report) == (report["repaired"] and is_complaint)


def test_a_branch_is_stated_at_receipt_only_where_it_is_clear() -> None:
    for case in DAY:
        body = body_of(case, "abc")
        assert ("subject" in body) == case.is_clear
        assert ("branch" in body) == (case.is_clear and case.receiving_office == "HQ")
