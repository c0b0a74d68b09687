"""Reference data shipped with the product: branches, subjects, announced holidays (read once, immutable)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

REGIONS = tuple(range(1, 11))
# Deputy governor n covers two regions (process.md, "People and offices"; assumed).
DEPUTY_AREAS: Mapping[int, tuple[int, int]] = MappingProxyType({1: (9, 10), 2: (6, 7), 3: (1, 8), 4: (2, 3), 5: (4, 5)})
SUBJECTS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)  # from when on the starting set is in force
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Branch:
    """A branch (กปภ.สาขา), known by its 4-digit BA code."""

    ba_code: str
    region: int
    name_th: str
    customers: int


@dataclass(frozen=True)
class Subject:
    """A subject (หัวข้อ) of PWA's taxonomy with its proposed target (assumed)."""

    code: str
    kind: str
    dimension_th: str
    subject_th: str
    sla_amount: int
    sla_unit: str  # hour | working_day | calendar_day
    calendar: str  # always | office
    severity: str  # low | normal | high | critical
    restricted: bool
    closes_at_once: bool


@dataclass(frozen=True)
class Holiday:
    """A day on which the offices are closed."""

    day: date
    name_th: str
    status: str


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def branches() -> Mapping[str, Branch]:
    """All branches by BA code."""
    return MappingProxyType(
        {
            row["ba_code"]: Branch(row["ba_code"], int(row["region_no"]), row["name_th"], int(row["customers"] or 0))
            for row in _rows("branches.csv")
        }
    )


@cache
def subjects() -> Mapping[str, Subject]:
    """The starting set of subjects by code."""
    return MappingProxyType(
        {
            row["code"]: Subject(
                code=row["code"],
                kind=row["kind"],
                dimension_th=row["dimension_th"],
                subject_th=row["subject_th"],
                sla_amount=int(row["sla_amount"]),
                sla_unit=row["sla_unit"],
                calendar=row["calendar"],
                severity=row["severity"],
                restricted=row["restricted"] == "yes",
                closes_at_once=row["closes_at_once"] == "yes",
            )
            for row in _rows("subjects.csv")
        }
    )


@cache
def holidays(year: int) -> tuple[Holiday, ...]:
    """The holiday list of a year (CE): 2026 is announced, 2027 is a draft."""
    return tuple(
        Holiday(date.fromisoformat(r["date"]), r["name_th"], r["status"]) for r in _rows(f"holidays_{year}.csv")
    )


def region_of(office: str) -> int | None:
    """The region of a branch (BA code) or of a region's own office (R01..R10); None for the head office."""
    if office.startswith("R") and office[1:].isdigit():
        return int(office[1:])
    branch = branches().get(office)
    return branch.region if branch else None
