"""Directives of the committee, the lines' answers, and whether the matter came back (process step 9)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.reporting_service.domain import directive as rules
from services.reporting_service.store import cases, directives, facts, reports
from shared.contracts.intake import SubjectPublished
from shared.contracts.reporting import DirectiveIssued
from shared.db import Tx
from shared.kernel.errors import Forbidden, Invalid, NotFound, Stale
from shared.kernel.fiscal import midnight
from shared.kernel.ids import uuid7
from shared.reference import subjects


class NotYourLine(Forbidden):
    """A directive is answered and worked off by the line that it was given to."""

    code = "not_your_line"


@dataclass(frozen=True)
class Order:
    """What the committee tells a line to do. `subject` makes recurrence measurable."""

    line: str
    text: str
    owner: str
    due_on: date
    subject: str | None = None


@dataclass(frozen=True)
class Action:
    """A corrective or preventive action with its owner and date."""

    kind: str  # corrective | preventive
    text: str
    owner: str
    due_on: date


@dataclass(frozen=True)
class RootCause:
    """The line's analysis."""

    category: str
    analysis: str
    actions: tuple[Action, ...]


async def issue(tx: Tx, report_id: UUID, order: Order) -> Any:
    """Record a directive against a quarterly report."""
    if await reports.find(tx, report_id, "quarterly") is None:
        raise NotFound("There is no such report.")
    if order.subject is not None and not await _is_subject(tx, order.subject):
        raise Invalid("There is no subject with this code.", code="unknown_subject")
    directive_id = uuid7(tx.now)
    row = {"id": directive_id, "report_id": report_id, **asdict(order), "status": "issued", "version": 1}
    await directives.add(tx, {**row, "issued_by": tx.actor.id, "issued_at": tx.now})
    await directives.add_step(tx, directive_id, "issued", None)
    await tx.audit("directive.issued", str(directive_id), report_id=str(report_id))
    about = {"directive_id": directive_id, "report_id": report_id, "line": order.line, "owner": order.owner}
    await tx.publish(DirectiveIssued(**about, due_on=order.due_on.isoformat(), issued_at=tx.now))
    return await directives.find(tx, directive_id)


async def _is_subject(tx: Tx, code: str) -> bool:
    """Of the starting set, or told by intake since; ended ones can come back in question too."""
    return code in subjects() or await facts.is_told_of(tx, SubjectPublished.TYPE, f"subject/{code}")


async def _locked(tx: Tx, directive_id: UUID, version: int) -> Any:
    row = await directives.lock(tx, directive_id)
    if row is None:
        raise NotFound("There is no such directive.")
    if row.version != version:
        raise Stale("The directive has changed since you saw it.")
    return row


def _own(tx: Tx, row: Any) -> None:
    """The offices that a line's token names are lines (สายงาน), written as the directives write them."""
    if row.line not in tx.actor.scope.offices:
        raise NotYourLine("This directive was given to another line.")


async def take_step(tx: Tx, directive_id: UUID, version: int, to: str, note: str | None) -> Any:
    """Move a directive on, with a note; every step stays on record."""
    if to == "answered":
        raise Invalid("A directive is answered by its root cause.", code="root_cause_required")
    row = await _locked(tx, directive_id, version)
    rules.step(row.status, to, tx.actor.rights)
    if rules.STEPS[row.status][to] == rules.ANSWER:
        _own(tx, row)
    await _set(tx, directive_id, to, note)
    return await directives.find(tx, directive_id)


async def _set(tx: Tx, directive_id: UUID, status: str, note: str | None) -> None:
    await directives.set_status(tx, directive_id, status)
    await directives.add_step(tx, directive_id, status, note)
    await tx.audit("directive.step", str(directive_id), status=status)


async def answer(tx: Tx, directive_id: UUID, version: int, found: RootCause) -> Any:
    """The line's root cause with its actions. A later answer stands beside the earlier ones."""
    row = await _locked(tx, directive_id, version)
    tx.actor.require(rules.ANSWER)
    _own(tx, row)
    if row.status in {"issued", "returned"}:
        rules.step(row.status, "answered", tx.actor.rights)
        status = "answered"
    elif row.status in {"answered", "in_progress"}:
        status = row.status
    else:
        raise rules.NotNow("A directive in this status takes no further answer.", status=row.status)
    actions = [{**asdict(action), "due_on": action.due_on.isoformat()} for action in found.actions]
    values = {"id": uuid7(tx.now), "directive_id": directive_id, "category": found.category, "actions": actions}
    values |= {"analysis": found.analysis, "answered_by": tx.actor.id, "answered_at": tx.now}
    await directives.add_root_cause(tx, values)
    await _set(tx, directive_id, status, None)
    return await directives.find(tx, directive_id)


async def see(tx: Tx, directive_id: UUID) -> tuple[Any, list[Any], list[Any]]:
    """A directive with its steps and the line's answers."""
    row = await directives.find(tx, directive_id)
    if row is None:
        raise NotFound("There is no such directive.")
    return row, list(await directives.steps(tx, directive_id)), list(await directives.root_causes(tx, directive_id))


async def recurrence(tx: Tx, directive_id: UUID) -> dict[str, Any]:
    """Complaints of the directive's subject since the last action was due, beside as long a time before."""
    row, _, causes = await see(tx, directive_id)
    if row.subject is None:
        raise Invalid("This directive names no subject whose return could be counted.", code="no_subject")
    days = [date.fromisoformat(each["due_on"]) for each in causes[-1].actions] if causes else []
    since = midnight(max(days, default=row.due_on))
    until = tx.now + datetime.resolution  # a case of this very moment counts
    span = max(until - since, datetime.resolution)
    return {
        "directive_id": directive_id,
        "subject": row.subject,
        "since": since,
        "days": round(max((tx.now - since).total_seconds(), 0) / 86400, 2),
        "cases_after": await cases.count_of_subject(tx, row.subject, since, until),
        "cases_before": await cases.count_of_subject(tx, row.subject, since - span, since),
    }


async def listed(tx: Tx, filters: dict[str, Any], after: UUID | None, most: int) -> list[Any]:
    """Directives in order of issue."""
    return list(await directives.listed(tx, filters, after, most))
