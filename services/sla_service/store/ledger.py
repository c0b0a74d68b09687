"""Statements on the ledger of a case: intervals, classifications and milestones, all append-only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Interval,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.facts import CaseFacts, Classification, Edge, Extension, Fact, Milestone, Pin
from services.sla_service.store.record_tables import extension
from services.sla_service.store.tables import Instant, classification, clock, interval, milestone
from shared.db import Tx
from shared.db.bulk import adding
from shared.db.tx import as_json

Entry = tuple[UUID, UUID, Fact]  # case, source event, what it said


async def append(tx: Tx, entries: Iterable[Entry]) -> None:
    """Enter what events said, a statement for each table. The same event again changes nothing."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for case_id, source_event, fact in entries:
        statement, values = _row(fact)
        common = {"source_event": source_event, "case_id": case_id, "recorded_at": tx.now}
        rows.setdefault(statement, []).append(values | common | {"cycle": fact.cycle, "seq": fact.seq})
    for statement, values_of in rows.items():
        await tx.fetch(statement, as_json(values_of))


def _row(fact: Fact) -> tuple[str, dict[str, Any]]:
    match fact:
        case Edge():
            return _ENTER_EDGE, {
                "kind": fact.kind, "reason": fact.reason, "began_at": fact.began_at, "ended_at": fact.ended_at,
                "hold_id": fact.hold, "reported_at": fact.reported_at,
            }  # fmt: skip
        case Classification():
            return _ENTER_CLASSIFICATION, {
                "kind": fact.kind, "subject": fact.subject, "severity": fact.severity, "classified_at": fact.at,
            }  # fmt: skip
        case Milestone():
            return _ENTER_MILESTONE, {"metric": fact.metric, "reached_at": fact.at, "role": fact.role}


_ENTER_EDGE = adding(interval)
_ENTER_CLASSIFICATION = adding(classification)
_ENTER_MILESTONE = adding(milestone)


async def read(tx: Tx, files: Sequence[CaseFile]) -> Mapping[UUID, CaseFacts]:
    """The facts of these cases; one statement for all of them."""
    found: dict[UUID, dict[str, list[Any]]] = {file.case_id: {what: [] for what in _FACT_OF} for file in files}
    for row in await tx.all(_LEDGER, {"case_ids": list(found)}):
        found[row.case_id][row.what].append(_FACT_OF[row.what](row))
    return {
        file.case_id: CaseFacts(
            received_at=file.received_at,
            channel=file.channel,
            receiving_office=file.receiving_office,
            edges=tuple(found[file.case_id]["interval"]),
            classifications=tuple(found[file.case_id]["classification"]),
            milestones=tuple(found[file.case_id]["milestone"]),
            pins=dict(found[file.case_id]["pin"]),
            registered_at=file.registered_at,
            extensions=tuple(found[file.case_id]["extension"]),
        )
        for file in files
    }


_FACT_OF: Mapping[str, Callable[[Row[Any]], Any]] = {
    "interval": lambda r: Edge(r.kind, r.cycle, r.seq, r.reason, r.at, r.ended_at, r.id, r.reported_at),
    "classification": lambda r: Classification(r.cycle, r.seq, r.at, r.kind, r.subject, r.severity),
    "milestone": lambda r: Milestone(r.reason, r.cycle, r.seq, r.at, r.kind),
    "pin": lambda r: ((r.reason, r.cycle), Pin(r.id, r.at)),
    "extension": lambda r: Extension(r.reason, r.cycle, r.at, r.amount),
}
_NAMES = (
    "cycle", "seq", "kind", "reason", "subject", "severity", "at", "ended_at", "id", "reported_at", "amount",
)  # fmt: skip
_INSTANTS = ("at", "ended_at", "reported_at")
_TYPES: Mapping[str, TypeEngine[Any]] = {
    **dict.fromkeys(_NAMES, Text()),
    **dict.fromkeys(_INSTANTS, Instant),
    "cycle": Integer(),
    "seq": Integer(),
    "id": Uuid(),
    "amount": Interval(),
}


def _part(what: str, table: Table, **columns: ColumnElement[Any]) -> Select[Any]:
    """One kind of fact in the shape that all have; what a kind has not is null."""
    shaped = [columns.get(name, cast(null(), _TYPES[name])).label(name) for name in _NAMES]
    wanted = any_(bindparam("case_ids", type_=ARRAY(Uuid)))
    return select(table.c.case_id, literal(what).label("what"), *shaped).where(table.c.case_id == wanted)


_LEDGER = union_all(
    _part(
        "interval", interval, cycle=interval.c.cycle, seq=interval.c.seq, kind=interval.c.kind,
        reason=interval.c.reason, at=interval.c.began_at, ended_at=interval.c.ended_at, id=interval.c.hold_id,
        reported_at=interval.c.reported_at,
    ),
    _part(
        "classification", classification, cycle=classification.c.cycle, seq=classification.c.seq,
        kind=classification.c.kind, subject=classification.c.subject, severity=classification.c.severity,
        at=classification.c.classified_at,
    ),
    _part(
        "milestone", milestone, cycle=milestone.c.cycle, seq=milestone.c.seq, kind=milestone.c.role,
        reason=milestone.c.metric, at=milestone.c.reached_at,
    ),
    _part(
        "pin", clock, cycle=clock.c.cycle, reason=clock.c.metric, at=clock.c.repinned_at,
        id=clock.c.calendar_version_id,
    ),
    _part(
        "extension", extension, cycle=extension.c.cycle, reason=extension.c.metric, at=extension.c.decided_at,
        amount=extension.c.granted,
    ).where(extension.c.state == "approved"),
)  # fmt: skip
