"""Means, shares and rates with their 95 % intervals; nothing but arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
_T95 = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
    2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272,
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A figure with the number of observations behind it; no value without observations."""

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""


def t95(degrees: int) -> float:
    """The two-sided 95 % quantile of Student's t (table to 30, then the Cornish-Fisher expansion)."""
    if degrees < 1:
        raise ValueError("at least one degree of freedom")
    if degrees <= len(_T95):
        return _T95[degrees - 1]
    z, v = Z95, float(degrees)
    first = (z**3 + z) / (4 * v)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    return z + first + second + third


@dataclass(frozen=True)
class Scores:
    """Answers on the 1-5 scale: how many, their sum, the sum of their squares, and how many say 4 or 5."""

    n: int = 0
    total: int = 0
    squares: int = 0
    satisfied: int = 0

    def __add__(self, more: "Scores") -> "Scores":
        return Scores(
            self.n + more.n, self.total + more.total, self.squares + more.squares, self.satisfied + more.satisfied
        )

    @classmethod
    def of(cls, values: Iterable[int]) -> "Scores":
        return sum((cls(1, value, value * value, int(value >= 4)) for value in values), cls())


def mean(scores: Scores, *, lowest: float = 1.0, highest: float = 5.0) -> Estimate:
    """Mean of answers on a bounded scale; Student's t interval, cut at the ends of the scale."""
    n = scores.n
    if n == 0:
        return Estimate(0, method="t")
    centre = scores.total / n
    if n == 1:
        return Estimate(1, round(centre, 4), method="t")
    deviation = sqrt((n * scores.squares - scores.total**2) / (n * (n - 1)))
    half = t95(n - 1) * deviation / sqrt(n)
    return Estimate(
        n, round(centre, 4), round(max(lowest, centre - half), 4), round(min(highest, centre + half), 4), "t"
    )


def share(hits: int, n: int) -> Estimate:
    """A proportion between 0 and 1; Wilson's score interval."""
    if not 0 <= hits <= n:
        raise ValueError("hits lie between 0 and n")
    if n == 0:
        return Estimate(0, method="wilson")
    p, z2 = hits / n, Z95 * Z95
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return Estimate(n, round(p, 4), round(low, 4), round(high, 4), "wilson")


def rate_per_1000(parts: Iterable[tuple[int, int]]) -> float | None:
    """(cases, customers) of any number of offices: sum over sum, never a sum or a mean of rates."""
    cases, customers = 0, 0
    for part_cases, part_customers in parts:
        cases, customers = cases + part_cases, customers + part_customers
    return round(cases * 1000 / customers, 4) if customers else None
