"""Statements on the ledger of a case: intervals, classifications and milestones, all append-only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Row,
    Select,
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
from sqlalchemy.dialects.postgresql import Insert, insert

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.facts import CaseFacts, Classification, Edge, Milestone, Pin
from services.sla_service.store.tables import Instant, classification, clock, interval, milestone
from shared.db import Tx

Fact = Edge | Classification | Milestone


async def append(tx: Tx, case_id: UUID, source_event: UUID, facts: Iterable[Fact]) -> None:
    """Enter what an event said. The same event again changes nothing."""
    for fact in facts:
        statement, values = _row(fact)
        values |= {"source_event": source_event, "case_id": case_id, "recorded_at": tx.now}
        await tx.execute(statement, values | {"cycle": fact.cycle, "seq": fact.seq})


def _row(fact: Fact) -> tuple[Insert, dict[str, Any]]:
    match fact:
        case Edge():
            return _ENTER_EDGE, {
                "kind": fact.kind, "reason": fact.reason, "began_at": fact.began_at, "ended_at": fact.ended_at,
            }  # fmt: skip
        case Classification():
            return _ENTER_CLASSIFICATION, {
                "kind": fact.kind, "subject": fact.subject, "severity": fact.severity, "classified_at": fact.at,
            }  # fmt: skip
        case Milestone():
            return _ENTER_MILESTONE, {"metric": fact.metric, "reached_at": fact.at}


_ENTER_EDGE = insert(interval).on_conflict_do_nothing()
_ENTER_CLASSIFICATION = insert(classification).on_conflict_do_nothing()
_ENTER_MILESTONE = insert(milestone).on_conflict_do_nothing()


async def read(tx: Tx, files: Sequence[CaseFile]) -> Mapping[UUID, CaseFacts]:
    """The facts of these cases; one statement for all of them."""
    found: dict[UUID, dict[str, list[Any]]] = {
        file.case_id: {"interval": [], "classification": [], "milestone": [], "pin": []} for file in files
    }
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
        )
        for file in files
    }


_FACT_OF: Mapping[str, Callable[[Row[Any]], Any]] = {
    "interval": lambda r: Edge(r.kind, r.cycle, r.seq, r.reason, r.at, r.ended_at),
    "classification": lambda r: Classification(r.cycle, r.seq, r.at, r.kind, r.subject, r.severity),
    "milestone": lambda r: Milestone(r.reason, r.cycle, r.seq, r.at),
    "pin": lambda r: ((r.reason, r.cycle), Pin(r.calendar, r.at)),
}


def _none(kind: Any) -> ColumnElement[Any]:
    return cast(null(), kind)


def _part(what: str, case_id: Any, *columns: Any) -> Select[Any]:
    names = ("cycle", "seq", "kind", "reason", "subject", "severity", "at", "ended_at", "calendar")
    labelled = [column.label(name) for name, column in zip(names, columns, strict=True)]
    wanted = any_(bindparam("case_ids", type_=ARRAY(Uuid)))
    return select(case_id, literal(what).label("what"), *labelled).where(case_id == wanted)


_LEDGER = union_all(
    _part(
        "interval", interval.c.case_id, interval.c.cycle, interval.c.seq, interval.c.kind, interval.c.reason,
        _none(Text), _none(Text), interval.c.began_at, interval.c.ended_at, _none(Uuid),
    ),
    _part(
        "classification", classification.c.case_id, classification.c.cycle, classification.c.seq,
        classification.c.kind, _none(Text), classification.c.subject, classification.c.severity,
        classification.c.classified_at, _none(Instant), _none(Uuid),
    ),
    _part(
        "milestone", milestone.c.case_id, milestone.c.cycle, milestone.c.seq, _none(Text), milestone.c.metric,
        _none(Text), _none(Text), milestone.c.reached_at, _none(Instant), _none(Uuid),
    ),
    _part(
        "pin", clock.c.case_id, clock.c.cycle, _none(Integer), _none(Text), clock.c.metric,
        _none(Text), _none(Text), clock.c.repinned_at, _none(Instant), clock.c.calendar_version_id,
    ),
)  # fmt: skip
