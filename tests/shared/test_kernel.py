"""Identifiers and government time."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.fiscal import fiscal_quarter, fiscal_year, fiscal_year_bounds, quarter_bounds, thai_date
from shared.kernel.ids import uuid7

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it


@given(INSTANTS)
def test_an_identifier_tells_its_millisecond_and_is_of_version_7(at: datetime) -> None:
    made = uuid7(at)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_identifiers_of_one_millisecond_rise_and_differ() -> None:
    at = datetime(2026, 2, 3, tzinfo=UTC)
    made = [uuid7(at) for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000


@given(INSTANTS)
def test_every_instant_lies_in_its_fiscal_year_and_quarter(at: datetime) -> None:
    first, after = fiscal_year_bounds(fiscal_year(at))
    assert first <= at < after
    first, after = quarter_bounds(fiscal_year(at), fiscal_quarter(at))
    assert first <= at < after


def test_the_fiscal_year_turns_at_midnight_in_bangkok() -> None:
    turn = datetime(2026, 9, 30, 17, 0, tzinfo=UTC)
    assert fiscal_year(turn) == 2570
    assert fiscal_year(turn - timedelta(microseconds=1)) == 2569
    assert thai_date(date(2026, 2, 3)) == "3 ก.พ. 2569"
