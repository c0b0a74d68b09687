"""Arithmetic of the figures: intervals against known values, rates against their definition."""

from math import isclose

import pytest
from hypothesis import given as sample
from hypothesis import strategies as st

from services.reporting_service.domain.statistics import Scores, mean, rate_per_1000, share, t95


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.7062), (10, 2.2281), (30, 2.0423), (31, 2.0395), (60, 2.0003), (1000, 1.9623)]
)
def test_the_t_quantile_is_that_of_the_tables(degrees: int, quantile: float) -> None:
    assert isclose(t95(degrees), quantile, abs_tol=5e-5)


def test_the_t_quantile_falls_without_a_step_between_table_and_expansion() -> None:
    quantiles = [t95(n) for n in range(1, 200)]
    assert quantiles == sorted(quantiles, reverse=True)


def test_wilson_agrees_with_a_worked_example() -> None:
    # 81 of 263: Newcombe 1998, table I, method 3.
    figure = share(81, 263)
    assert (figure.value, figure.low, figure.high) == (0.308, 0.2553, 0.3662)


@sample(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_between_nothing_and_everything(pair: tuple[int, int]) -> None:
    hits, n = pair
    figure = share(hits, n)
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    assert 0 <= figure.low <= figure.value <= figure.high <= 1
    assert figure.low < figure.high
    mirrored = share(n - hits, n)
    assert mirrored.low is not None
    assert isclose(mirrored.low, 1 - figure.high, abs_tol=2e-4)


@sample(st.lists(st.integers(1, 5), min_size=2, max_size=200))
def test_the_mean_lies_in_its_interval_on_the_scale(scores: list[int]) -> None:
    figure = mean(Scores.of(scores))
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    assert 1 <= figure.low <= figure.value <= figure.high <= 5


def test_nothing_asked_gives_no_figure() -> None:
    assert (mean(Scores()).value, share(0, 0).value, rate_per_1000([])) == (None, None, None)
    assert mean(Scores.of([4])).low is None


@sample(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 300_000)), min_size=1, max_size=30))
def test_a_rate_is_sum_over_sum_and_lies_between_the_branches_rates(parts: list[tuple[int, int]]) -> None:
    rate = rate_per_1000(parts)
    assert rate is not None
    each = [cases * 1000 / customers for cases, customers in parts]
    assert min(each) - 1e-3 <= rate <= max(each) + 1e-3
    assert isclose(rate, sum(c for c, _ in parts) * 1000 / sum(n for _, n in parts), abs_tol=1e-4)


@sample(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 9000)), min_size=1, max_size=20), st.integers(1, 4))
def test_splitting_a_branch_changes_no_rate(parts: list[tuple[int, int]], times: int) -> None:
    assert rate_per_1000(parts * times) == rate_per_1000(parts)
