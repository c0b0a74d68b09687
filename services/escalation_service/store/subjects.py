"""Escalation's copies of the subjects that intake publishes (ADR 0064), a row for each version over time."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ColumnElement, PrimaryKeyConstraint, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.tables import TABLES
from shared.contracts.intake import SubjectPublished
from shared.db import Tx
from shared.db.tables import Instant
from shared.reference import SUBJECTS_SINCE, subjects

# A later version ends the one before, whatever that one says itself: the order of arrival does not matter.
SUBJECT = Table(
    "subject",
    TABLES,
    Column("code", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    Column("title_th", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    PrimaryKeyConstraint("code", "valid_from", name="subject_pkey"),
    CheckConstraint("valid_to > valid_from", name="subject_range_check"),
)
_TOLD = ("title_th", "valid_to", "published_at")
S = SUBJECT.c


async def seed(tx: Tx) -> None:
    """Enter the shipped subjects where a code has never been heard of, as intake does."""
    known = await codes(tx)
    since = {"valid_from": SUBJECTS_SINCE, "published_at": SUBJECTS_SINCE}
    rows = [{"code": one.code, "title_th": one.subject_th, **since} for one in subjects().values()]
    if new := [row for row in rows if row["code"] not in known]:
        await tx.execute(insert(SUBJECT).values(new).on_conflict_do_nothing())


async def keep(tx: Tx, event: SubjectPublished) -> None:
    """Keep what intake told of a version; what it told later stays."""
    told = insert(SUBJECT).values({name: getattr(event, name) for name in ("code", "valid_from", *_TOLD)})
    fresh = {name: told.excluded[name] for name in _TOLD}
    later = S.published_at <= told.excluded.published_at
    await tx.execute(told.on_conflict_do_update(index_elements=["code", "valid_from"], set_=fresh, where=later))


async def codes(tx: Tx) -> frozenset[str]:
    """Every subject there is, was or will be."""
    return frozenset(row.code for row in await tx.all(select(S.code).distinct()))


def name(code: ColumnElement[Any], at: datetime) -> ColumnElement[str | None]:
    """What a subject is called at an instant, for use in a statement; an ended one keeps its last name."""
    newest = select(S.title_th).where(S.code == code).order_by((S.valid_from <= at).desc(), S.valid_from.desc())
    return newest.limit(1).correlate_except(SUBJECT).scalar_subquery()
