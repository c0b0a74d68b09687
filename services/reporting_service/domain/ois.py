"""The OIS record (process step 6): what OIS is told about a case, which cases it is told, and the day's manifest."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from services.reporting_service.domain.canonical import digest
from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.codec import instant

RECORDED_KINDS = frozenset({"complaint", "incident_report"})


def belongs_in_ois(case: CaseRecord, known: bool) -> bool:
    """Complaints, and incident reports that run as cases. What OIS once got, it is told of for ever."""
    if case.number is None:
        return False
    return known or (case.kind in RECORDED_KINDS and case.state != "answered")


def record(case: CaseRecord) -> dict[str, Any]:
    """The content of one version, without its number and time. Restricted subjects go without their substance."""
    last = case.last
    answer = next((call.answers for call in last.calls if call.purpose == "satisfaction" and call.answers), None)
    content = {
        "case_id": case.case_id,
        "office": case.office,
        "region": case.region,
        "kind": case.kind,
        "restricted": case.restricted,
        "cycle": last.number,
        "number": case.number,
        "state": case.state,
        "channel": case.channel,
        "receiving_office": case.receiving_office,
        "subject": case.subject,
        "dimension": case.dimension,
        "severity": case.severity,
        "received_at": instant(case.received_at),
        "due_at": instant(last.deadline),
        "breached": any(cycle.breach is not None for cycle in case.cycles),
        "resolved_at": instant(last.resolved_at),
        "repaired": last.repaired,
        "cause": last.cause,
        "action": last.action,
        "mister_prapa": last.mister_prapa,
        "told_at": instant(last.told_at),
        "satisfied": answer.satisfied if answer else None,
    }
    if case.restricted:
        content |= dict.fromkeys(("subject", "dimension", "cause", "action", "mister_prapa"))
    return content


@dataclass(frozen=True)
class FeedEntry:
    """One line of the pull feed: a version of a record at its place."""

    position: int
    case_id: str
    version: int
    sha256: str
    content: Mapping[str, Any]


def manifest(day: date, entries: Iterable[FeedEntry], *, complete: bool) -> dict[str, Any]:
    """Counts, control totals and one hash over the day's entries in feed order: proof that nothing is missing."""
    lines = sha256()
    states, kinds = Counter[str](), Counter[str]()
    first = last = count = versions = breached = 0
    cases = set[str]()
    for entry in entries:
        lines.update(f"{entry.position}|{entry.case_id}|{entry.version}|{entry.sha256}\n".encode())
        first, last = first or entry.position, entry.position
        count, versions, breached = count + 1, versions + entry.version, breached + bool(entry.content["breached"])
        cases.add(entry.case_id)
        states[entry.content["state"]] += 1
        kinds[entry.content["kind"]] += 1
    return {
        "day": day.isoformat(),
        "complete": complete,
        "records": count,
        "cases": len(cases),
        "first_position": first or None,
        "last_position": last or None,
        "sum_of_versions": versions,
        "breached": breached,
        "by_state": dict(sorted(states.items())),
        "by_kind": dict(sorted(kinds.items())),
        "sha256": lines.hexdigest(),
        "sha256_over": "position|case_id|version|sha256 of the record, one line each, in feed order",
    }


def hash_of(content: Mapping[str, Any]) -> str:
    """What OIS compares with its own copy: SHA-256 of the canonical JSON of the record's content."""
    return digest(dict(content))
