"""Public tickets become receipts: their times, their subjects, and the lines that are none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.demo.tickets import WINDOW, Ticket, map_times, read_lines, receipt, subject_of

NOW = datetime(2026, 2, 3, 2, tzinfo=UTC)
OLD = datetime(2023, 5, 1, tzinfo=UTC)


def line(**changes: Any) -> str:
    whole: dict[str, Any] = {
        "ticket": "2022-AAA", "reported_at": "2022-06-20T00:23:00+07:00", "area": "เขตสมมติ", "category": "ถนน",
        "text": "ถนนเป็นหลุม",
    }  # fmt: skip
    return json.dumps({**whole, **changes}, ensure_ascii=False)


def tickets(*reported: datetime | None) -> list[Ticket]:
    return [Ticket(nr, f"T{nr}", at, None, None, "x") for nr, at in enumerate(reported)]


def test_every_line_becomes_a_ticket_or_is_refused_with_its_reason() -> None:
    lines = [
        line(), "", "{", "[]", line(ticket=None), line(text=" "), line(reported_at=None), line(reported_at="yesterday"),
        line(reported_at="2022-06-20T00:23:00"), line(area=None),
    ]  # fmt: skip
    found, refused = read_lines(lines)
    assert [ticket.line for ticket in found] == [1, 7, 10]
    assert [(each.line, each.reason) for each in refused] == [
        (3, "not a line of JSON"),
        (4, "not a JSON object"),
        (5, "no ticket number"),
        (6, "no text"),
        (8, "reported_at is not a time with an offset"),
        (9, "reported_at is not a time with an offset"),
    ]


def test_times_keep_their_order_and_spacing_within_the_last_28_days() -> None:
    reported = [OLD, OLD + timedelta(days=100), OLD + timedelta(days=400)]
    first, second, third = map_times(tickets(*reported), NOW)
    assert NOW - WINDOW <= first < second < third < NOW
    assert abs((third - first) / (second - first) - 4) < 1e-6


def test_a_missing_time_lies_between_its_neighbours_in_the_file() -> None:
    times = map_times(tickets(OLD, None, None, OLD + timedelta(days=3)), NOW)
    assert times == sorted(times)
    assert len(set(times)) == 4


def test_missing_times_at_the_ends_take_the_nearest_known_one() -> None:
    times = map_times(tickets(None, OLD, OLD + timedelta(days=1), None), NOW)
    assert times[0] == times[1]
    assert times[3] == times[2]


def test_a_file_without_any_time_is_spread_in_file_order() -> None:
    times = map_times(tickets(None, None, None), NOW)
    assert times == sorted(set(times))
    assert map_times([], NOW) == []


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**8)), max_size=30))
def test_no_receipt_lies_outside_the_window_and_known_times_keep_their_order(seconds: list[int | None]) -> None:
    reported = [OLD + timedelta(seconds=s) if s is not None else None for s in seconds]
    times = map_times(tickets(*reported), NOW)
    assert all(NOW - WINDOW <= at < NOW for at in times)
    known = sorted((s, at) for s, at in zip(seconds, times, strict=True) if s is not None)
    assert [at for _, at in known] == sorted(at for _, at in known)


def test_a_subject_is_stated_only_where_it_is_sure() -> None:
    (roads, suggestion, dry, mixed), _ = read_lines(
        [
            line(), line(category="เสนอแนะ"), line(category="ประปา", text="น้ำประปาไม่ไหลสองวัน"),
            line(category="ประปา", text="น้ำขุ่น น้ำไม่ไหล"),
        ]
    )  # fmt: skip
    assert [subject_of(ticket) for ticket in (roads, suggestion, dry, mixed)] == [None, "N01", "Q01", None]


def test_a_receipt_names_its_origin_and_waits_at_the_head_office() -> None:
    (ticket,), _ = read_lines([line()])
    body = receipt(ticket, NOW)
    assert body["channel"] == body["origin"] == "traffy_fondue"
    assert body["origin_reference"] == "2022-AAA"
    assert body["receiving_office"] == "HQ"
    assert "branch" not in body
    assert "subject" not in body
