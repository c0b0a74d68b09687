"""Other cases of the same person, place, meter or account, and incidents nearby (process step 1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_, union_all

from services.intake_service.store.reads import After, searchable, seen
from services.intake_service.store.rows import visible
from services.intake_service.store.tables import cases, contacts
from shared.kernel.access import Scope

NAMED = ("phone", "line_id", "email", "meter", "account")
SHORTEST_PLACE = 6  # letters: shorter ones ("ม.3") name half a province


@dataclass(frozen=True)
class Near:
    """Where and since when incidents are near a case."""

    case_id: UUID
    office: str
    since: datetime


def same(scope: Scope, case_id: UUID, card: Row[Any], after: After | None, limit: int) -> Select[Any] | None:
    """Cases that share something with this card, each with what; None when the card names nothing."""
    matches: list[tuple[str, ColumnElement[bool]]] = [
        (name, contacts.c[name] == value) for name in NAMED if (value := getattr(card, name))
    ]
    place = searchable(card.place or "")
    if len(place) >= SHORTEST_PLACE:
        matches.append(("place", contacts.c.haystack.contains(place, autoescape=True, escape="\\")))
    if not matches:
        return None
    hits = union_all(*(select(contacts.c.case_id, literal(name).label("by")).where(hit) for name, hit in matches))
    found = hits.subquery("hits")
    why = select(found.c.case_id, func.array_agg(found.c.by).label("by")).group_by(found.c.case_id).subquery("why")
    statement = seen(why.c.by.label("shared")).join(why, why.c.case_id == cases.c.id)
    return _newest(statement.where(cases.c.id != case_id, visible(scope)), after, limit)


def incidents(scope: Scope, near: Near, after: After | None, limit: int) -> Select[Any]:
    """Open incident reports near a case."""
    statement = seen(literal(None).label("shared")).where(
        cases.c.office == near.office, cases.c.closed_at.is_(None), cases.c.kind == "incident_report",
        cases.c.received_at >= near.since, cases.c.id != near.case_id, visible(scope),
    )  # fmt: skip
    return _newest(statement, after, limit)


def _newest(statement: Select[Any], after: After | None, limit: int) -> Select[Any]:
    if after:
        statement = statement.where(tuple_(cases.c.received_at, cases.c.id) < (after.instant, after.id))
    return statement.order_by(cases.c.received_at.desc(), cases.c.id.desc()).limit(limit)
