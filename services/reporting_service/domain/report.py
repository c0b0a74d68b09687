"""The quarterly report and the September evaluation as documents (process steps 9 and 10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.reporting_service.domain import labels
from services.reporting_service.domain.canonical import digest
from services.reporting_service.domain.codec import instant
from services.reporting_service.domain.indicators import METHOD, Indicators, Period, headline_value
from services.reporting_service.domain.volume import Volume
from shared.kernel.errors import Invalid
from shared.kernel.fiscal import BUDDHIST_ERA, bangkok_date, fiscal_year_bounds, midnight, quarter_bounds, thai_date

PREVIOUS_QUARTER, YEAR_BEFORE = "previous_quarter", "year_before"


@dataclass(frozen=True)
class Plan:
    """What a report is about: its period and those it is compared with, by name."""

    kind: str  # quarterly | evaluation
    fiscal_year: int
    label: str  # 2570-Q1 | 2570
    stage: str  # quarterly | september | final
    period: Period
    compared: Mapping[str, Period]  # previous_quarter (quarterly only), year_before

    @property
    def over(self) -> bool:
        return self.period.until <= self.period.known_until


def _begun(since: datetime, known: datetime) -> None:
    if since > known:
        raise Invalid("The period has not begun.", code="period_not_begun")


def quarterly_plan(fiscal_year: int, quarter: int, known: datetime) -> Plan:
    """A quarter against the quarter before it and the same quarter of the year before."""
    since, until = quarter_bounds(fiscal_year, quarter)
    _begun(since, known)
    earlier = (fiscal_year, quarter - 1) if quarter > 1 else (fiscal_year - 1, 4)
    return Plan(
        "quarterly",
        fiscal_year,
        f"{fiscal_year}-Q{quarter}",
        "quarterly",
        Period(since, until, known),
        {
            PREVIOUS_QUARTER: Period(*quarter_bounds(*earlier), known),
            YEAR_BEFORE: Period(*quarter_bounds(fiscal_year - 1, quarter), known),
        },
    )


def default_cut_off(fiscal_year: int, stage: str) -> date:
    """31 August for the September edition, 30 September for the final one."""
    year = fiscal_year - BUDDHIST_ERA
    return date(year, 8, 31) if stage == "september" else date(year, 9, 30)


def _year_before(day: date) -> date:
    """The same day of the year before; the end of February stays the end of February."""
    after = day + timedelta(days=1)
    if after.day == 29 and after.month == 2:
        return date(day.year - 1, 2, 28)
    return date(after.year - 1, after.month, after.day) - timedelta(days=1)


def evaluation_plan(fiscal_year: int, cut_off: date, stage: str, known: datetime) -> Plan:
    """The year to the cut-off day (included) against the same months of the year before."""
    since, end = fiscal_year_bounds(fiscal_year)
    until = midnight(cut_off + timedelta(days=1))
    if not since < until <= end:
        raise Invalid("The cut-off date lies outside the fiscal year.", code="cut_off_outside_year")
    _begun(since, known)
    before_since, _ = fiscal_year_bounds(fiscal_year - 1)
    before_until = midnight(_year_before(cut_off) + timedelta(days=1))
    return Plan(
        "evaluation",
        fiscal_year,
        str(fiscal_year),
        stage,
        Period(since, until, known),
        {YEAR_BEFORE: Period(before_since, before_until, known)},
    )


@dataclass(frozen=True)
class Counted:
    """What was counted over one period."""

    indicators: Indicators
    volume: Volume


@dataclass(frozen=True)
class Gathered:
    """What was counted over the period of a plan and over those it is compared with."""

    now: Counted
    compared: Mapping[str, Counted]


def _span(period: Period) -> dict[str, Any]:
    first, last = bangkok_date(period.since), bangkok_date(period.until - timedelta(seconds=1))
    return {
        "since": instant(period.since),
        "until": instant(period.until),
        "th": f"{thai_date(first)} – {thai_date(last)}",
    }


def _indicator(name: str, gathered: Gathered, targets: Mapping[str, float]) -> dict[str, Any]:
    now = gathered.now.indicators.figures()[name]
    value = headline_value(name, now["headline"])
    target = targets.get(name)
    return {
        "id": name,
        "title_th": labels.INDICATORS[name],
        "value": value,
        "target": target,
        "target_met": None if value is None or target is None else value >= target,
        **now,
        "compared": {
            other: _beside(name, value, then.indicators.figures()[name]) for other, then in gathered.compared.items()
        },
    }


def _beside(name: str, value: float | None, then: Mapping[str, Any]) -> dict[str, Any]:
    """An indicator in a period of comparison, and how far the present value lies from it."""
    earlier = headline_value(name, then["headline"])
    change = None if value is None or earlier is None else round(value - earlier, 4)
    return {"value": earlier, "change": change, **then}


def figures(gathered: Gathered, targets: Mapping[str, float], customers: dict[int, int]) -> dict[str, Any]:
    """Everything that a later edition may restate."""
    return {
        "indicators": [_indicator(name, gathered, targets) for name in labels.INDICATORS],
        "complaints_without_clock": gathered.now.indicators.without_clock,
        "volume": gathered.now.volume.figures(customers),
        "volume_compared": {name: each.volume.figures(customers) for name, each in gathered.compared.items()},
    }


def _compared_th(plan: Plan) -> str:
    return " และ ".join(f"{labels.COMPARED[name]} ({_span(period)['th']})" for name, period in plan.compared.items())


def _title(plan: Plan) -> str:
    if plan.kind == "quarterly":
        return f"รายงานผลการจัดการข้อร้องเรียน ไตรมาสที่ {plan.label[-1]} ปีงบประมาณ {plan.fiscal_year}"
    return f"ผลการประเมินประสิทธิภาพกระบวนการจัดการข้อร้องเรียน ปีงบประมาณ {plan.fiscal_year}"


def document(
    plan: Plan, told: Mapping[str, Any], edition: int, restatement: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The report as it is frozen under its hash."""
    return {
        "kind": plan.kind,
        "fiscal_year": plan.fiscal_year,
        "label": plan.label,
        "stage": plan.stage,
        "edition": edition,
        "period": _span(plan.period),
        "compared_with": {name: _span(period) for name, period in plan.compared.items()},
        "period_over": plan.over,
        "known_at": instant(plan.period.known_until),
        "th": {
            "title": _title(plan),
            "period": f"ข้อมูล {_span(plan.period)['th']} เทียบกับ {_compared_th(plan)}",
            "edition": f"ฉบับที่ {edition}",
            "figures": dict(labels.FIGURES),
            "known_at": f"ข้อมูล ณ {thai_date(bangkok_date(plan.period.known_until))}",
        },
        "method": METHOD,
        "figures": dict(told),
        "restatement": dict(restatement) if restatement else None,
    }


def hash_of(content: Mapping[str, Any]) -> str:
    return digest(dict(content))
