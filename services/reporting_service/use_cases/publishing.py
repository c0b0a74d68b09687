"""Quarterly reports and September evaluations: computed, frozen under a hash, restated only as a new edition."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.reporting_service.domain import report as document
from services.reporting_service.domain.canonical import canonical, differences
from services.reporting_service.domain.report import Gathered, Plan, default_cut_off
from services.reporting_service.store import figures, reports
from shared.contracts.reporting import ReportPublished
from shared.db import Tx
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.ids import uuid7
from shared.reference import branches

# Assumed (process.md, "Indicators"): shares between 0 and 1, means on the 1-5 scale. Editable data from the start.
STARTING_TARGETS = {"O1": 0.9, "O2": 4.0, "O3": 4.0, "P1": 0.85, "P2": 0.85}
STARTING_YEAR = 2568
SCALE = {"O1": (0.0, 1.0), "O2": (1.0, 5.0), "O3": (1.0, 5.0), "P1": (0.0, 1.0), "P2": (0.0, 1.0)}
__all__ = ["check_cut_off", "check_quarter", "default_cut_off", "listed", "publish", "see", "set_target", "targets"]
SAME = ("figures", "period", "stage", "period_over")


class TargetOffScale(Invalid):
    """A share lies between 0 and 1, a mean of answers between 1 and 5."""

    code = "target_off_scale"


def customers_by_region() -> dict[int, int]:
    """Water users by region, from the reference data."""
    counted = Counter[int]()
    for branch in branches().values():
        counted[branch.region] += branch.customers
    return dict(sorted(counted.items()))


async def publish(tx: Tx, plan_at: Callable[[datetime], Plan], by: str) -> tuple[UUID, bool]:
    """The newest edition of a report, and whether it is new: unchanged figures publish nothing."""
    series = plan_at(tx.now)
    newest = await reports.lock_series(tx, series.kind, series.label)
    plan = plan_at(tx.now)
    told = await _figures(tx, plan)
    edition = newest.edition + 1 if newest else 1
    content = document.document(plan, told, edition, _restatement(newest, plan, told))
    if newest and all(newest.content[name] == content[name] for name in SAME):
        return newest.id, False
    return await _freeze(tx, plan, content, by), True


async def _figures(tx: Tx, plan: Plan) -> dict[str, Any]:
    compared = {name: await figures.count(tx, period) for name, period in plan.compared.items()}
    gathered = Gathered(await figures.count(tx, plan.period), compared)
    told = document.figures(gathered, await reports.targets(tx, plan.fiscal_year), customers_by_region())
    as_stored: dict[str, Any] = json.loads(canonical(told))
    return as_stored


def _restatement(newest: Any, plan: Plan, told: dict[str, Any]) -> dict[str, Any] | None:
    """What a further edition of the same stage changes, figure by figure."""
    if newest is None or newest.stage != plan.stage:
        return None
    changes = list(differences(newest.content["figures"], told))
    return {"of": str(newest.id), "of_edition": newest.edition, "of_sha256": newest.sha256, "changes": changes}


async def _freeze(tx: Tx, plan: Plan, content: dict[str, Any], by: str) -> UUID:
    report_id, digest = uuid7(tx.now), document.hash_of(content)
    row = {"id": report_id, "kind": plan.kind, "fiscal_year": plan.fiscal_year, "label": plan.label}
    row |= {"stage": plan.stage, "edition": content["edition"], "content": content, "sha256": digest}
    await reports.add(tx, {**row, "published_at": tx.now, "published_by": by})
    await tx.audit("report.published", str(report_id), label=plan.label, edition=content["edition"], sha256=digest)
    about = {"report_id": report_id, "report_kind": plan.kind, "period": plan.label, "edition": content["edition"]}
    await tx.publish(ReportPublished(**about, sha256=digest, published_at=tx.now))
    return report_id


async def set_target(tx: Tx, fiscal_year: int, indicator: str, value: float) -> None:
    """For reports published from now on; published ones keep theirs."""
    low, high = SCALE[indicator]
    if not low <= value <= high:
        raise TargetOffScale("No figure of this indicator can reach this value.", lowest=low, highest=high)
    await reports.set_target(tx, fiscal_year, indicator, value)
    await tx.audit("target.set", f"{fiscal_year}/{indicator}", value=value)


async def seed_targets(tx: Tx) -> None:
    for indicator, value in STARTING_TARGETS.items():
        await reports.seed_target(tx, STARTING_YEAR, indicator, value)


async def targets(tx: Tx, fiscal_year: int) -> dict[str, float]:
    return await reports.targets(tx, fiscal_year)


async def see(tx: Tx, report_id: UUID, kind: str) -> Any:
    row = await reports.find(tx, report_id, kind)
    if row is None:
        raise NotFound("There is no such report.")
    return row


async def listed(tx: Tx, kind: str, fiscal_year: int | None, after: tuple[str, int] | None, most: int) -> list[Any]:
    """Published editions, newest period first."""
    return list(await reports.listed(tx, kind, fiscal_year, after, most))


def check_quarter(tx: Tx, fiscal_year: int, quarter: int) -> None:
    """Raises Invalid before a run is queued that could only fail."""
    document.quarterly_plan(fiscal_year, quarter, tx.now)


def check_cut_off(tx: Tx, fiscal_year: int, cut_off: date, stage: str) -> None:
    """Raises Invalid before a run is queued that could only fail."""
    document.evaluation_plan(fiscal_year, cut_off, stage, tx.now)
