"""The starting calendars and policies, entered where they are missing."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.sla_service.domain.policy import ANY, UNCLASSIFIED
from services.sla_service.store import book
from shared.db import Tx
from shared.kernel.clock import BANGKOK
from shared.reference import Holiday, Subject, holidays, subjects

_NAMES = UUID("0b5c6a9e-54f3-5c0b-9a43-7f1d3c2e8a10")
_SINCE = datetime(2020, 1, 1, tzinfo=BANGKOK)
# Assumed, all of it: process.md names the steps, not how long they may take nor how long a case may wait.
_PAUSES = ["information_from_complainant", "information_from_other", "customer_absent", "other_agency"]
_PAUSE_BUDGET_HOURS = {"always": 240, "office": 80}  # ten days of the calendar
_BESIDE_THE_REPAIR: tuple[dict[str, Any], ...] = (
    {"metric": "acknowledge", "amount": 4, "unit": "office", "calendar": "office"},
    {"metric": "first_contact", "amount": 1, "unit": "working_day", "calendar": "office"},
    {"metric": "notify_customer", "amount": 4, "unit": "office", "calendar": "office"},
    {"metric": "survey_call", "amount": 3, "unit": "working_day", "calendar": "office"},
    {"metric": "ois_record", "amount": 1, "unit": "working_day", "calendar": "office"},
)
_ONLY_FOR = {"survey_call": {"complaint"}, "ois_record": {"complaint", "incident_report"}}
_WARNINGS = [{"level": "75%", "fraction": 0.75}]
_TRIAGE_HOURS = 24  # assumed: process.md does not say how fast a case must be classified
_EVERY_DAY = [["00:00-24:00"]] * 7
_WORKING_WEEK = [["08:30-16:30"]] * 5 + [[], []]


async def seed(tx: Tx) -> None:
    """Harmless when repeated, and in several processes at once."""
    announced, draft = holidays(2026), holidays(2027)
    known = {one.day for one in announced}
    with_draft = (*announced, *(one for one in draft if one.day not in known))
    calendars = [
        _calendar("always", 1, "ตลอด 24 ชั่วโมง", _EVERY_DAY) | _published(tx),
        _calendar("office", 1, "เวลาทำการ กปภ.", _WORKING_WEEK, announced) | _published(tx),
        _calendar("office", 2, "เวลาทำการ กปภ. (ร่างวันหยุดปี 2570)", _WORKING_WEEK, with_draft) | _drafted(tx),
    ]
    policies = [_triage(tx), *(_policy(tx, subject) for subject in subjects().values())]
    if await book.add_calendars(tx, calendars) + await book.add_policies(tx, policies):
        await book.turn_page(tx)


def _calendar(
    code: str, version: int, name: str, weekly: list[list[str]], closed: tuple[Holiday, ...] = ()
) -> dict[str, Any]:
    return {
        "id": uuid5(_NAMES, f"calendar/{code}/{version}"),
        "code": code,
        "version": version,
        "name_th": name,
        "zone": "Asia/Bangkok",
        "weekly": weekly,
        "exceptions": [{"day": one.day.isoformat(), "name": one.name_th, "windows": []} for one in closed],
        "horizon_on": max((one.day for one in closed), default=None),
    }


def _drafted(tx: Tx) -> dict[str, Any]:
    return {"created_at": tx.now, "created_by": tx.actor.id, "published_at": None, "published_by": None}


def _published(tx: Tx) -> dict[str, Any]:
    return _drafted(tx) | {"published_at": tx.now, "published_by": tx.actor.id}


def _triage(tx: Tx) -> dict[str, Any]:
    target = {"metric": "resolve", "amount": _TRIAGE_HOURS, "unit": "wall", "calendar": "always"}
    return _row(tx, "triage", "ยังไม่จำแนกประเภท", {"kind": UNCLASSIFIED}, target)


def _policy(tx: Tx, subject: Subject) -> dict[str, Any]:
    hours = "wall" if subject.calendar == "always" else "office"
    unit = hours if subject.sla_unit == "hour" else subject.sla_unit
    target = {"metric": "resolve", "amount": subject.sla_amount, "unit": unit, "calendar": subject.calendar}
    beside = [one for one in _BESIDE_THE_REPAIR if subject.sla_amount and _is_for(one["metric"], subject.kind)]
    return _row(tx, subject.code, subject.subject_th, {"subject": subject.code}, target, *beside)


def _is_for(metric: str, kind: str) -> bool:
    return kind in _ONLY_FOR.get(metric, {kind})


def _row(tx: Tx, code: str, name: str, selector: dict[str, str], *targets: dict[str, Any]) -> dict[str, Any]:
    row = {
        "id": uuid5(_NAMES, f"policy/{code}/1"),
        "code": code,
        "version": 1,
        "name_th": name,
        "effective_from": _SINCE,
        "effective_to": None,
        "targets": list(targets),
        "warnings": _WARNINGS,
        "pause_reasons": _PAUSES,
        "pause_budget_hours": _PAUSE_BUDGET_HOURS[targets[0]["calendar"]],
        "reopen_mode": "continue",
    }
    return dict.fromkeys(("kind", "subject", "severity", "channel", "office"), ANY) | selector | row | _published(tx)
