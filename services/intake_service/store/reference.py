"""Subjects with their validity, and survey's requests to reopen."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, any_, bindparam, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.intake_service.domain.taxonomy import Subject
from services.intake_service.store.reads import After
from services.intake_service.store.rows import visible
from services.intake_service.store.tables import api_keys, cases, reopen_requests, subjects
from shared.db import Tx
from shared.db.api_keys import hash_of
from shared.db.tables import Instant
from shared.kernel.access import Scope
from shared.kernel.ids import uuid7
from shared.kernel.words import Kind, Severity
from shared.reference import SUBJECTS_SINCE

_NOW = bindparam("now", type_=Instant)
# Composed once: every receipt asks.
_IN_FORCE = (
    select(subjects)
    .where(subjects.c.valid_from <= _NOW, or_(subjects.c.valid_to.is_(None), subjects.c.valid_to > _NOW))
    .order_by(subjects.c.code)
)
_LOCK_CODE = text("SELECT pg_advisory_xact_lock(hashtextextended(:code, 0))")
_NAMED_IN_FORCE = _IN_FORCE.where(subjects.c.code == any_(bindparam("codes", type_=ARRAY(Text))))


def subject_of(row: Row[Any]) -> Subject:
    return Subject(
        row.code, Kind(row.kind), row.dimension, row.title, Severity(row.severity), row.restricted, row.closes_at_once
    )


async def subjects_in_force(tx: Tx, codes: Iterable[str] | None = None) -> Mapping[str, Subject]:
    """Subjects valid now, all or those named."""
    if codes is None:
        rows = await tx.all(_IN_FORCE, {"now": tx.now})
    else:
        rows = await tx.all(_NAMED_IN_FORCE, {"now": tx.now, "codes": sorted(set(codes))})
    return {row.code: subject_of(row) for row in rows}


async def seed_subjects(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Add the shipped subjects where a code has never been known; what people edited stays."""
    known = {row.code for row in await tx.all(select(subjects.c.code))}
    new = [row | {"valid_from": SUBJECTS_SINCE} for row in map(dict, rows) if row["code"] not in known]
    if new:
        await tx.execute(insert(subjects).values(new).on_conflict_do_nothing())


async def lock_versions(tx: Tx, code: str) -> Sequence[Row[Any]]:
    """All versions of a subject, earliest first; who else edits this code waits, even when it is new."""
    await tx.execute(_LOCK_CODE, {"code": f"subject/{code}"})
    await tx.read_clock()
    return await tx.all(select(subjects).where(subjects.c.code == code).order_by(subjects.c.valid_from))


async def add_version(tx: Tx, values: Mapping[str, object]) -> None:
    await tx.execute(insert(subjects).values(**values))


async def end_version(tx: Tx, code: str, valid_from: datetime, valid_to: datetime) -> None:
    mine = (subjects.c.code == code, subjects.c.valid_from == valid_from)
    await tx.execute(update(subjects).where(*mine).values(valid_to=valid_to))


async def list_versions(tx: Tx, code: str | None, after: tuple[str, datetime] | None, limit: int) -> Sequence[Row[Any]]:
    """Past, present and future versions by code and date."""
    statement = select(subjects).order_by(subjects.c.code, subjects.c.valid_from).limit(limit)
    if code is not None:
        statement = statement.where(subjects.c.code == code)
    if after is not None:
        statement = statement.where(tuple_(subjects.c.code, subjects.c.valid_from) > after)
    return await tx.all(statement)


async def add_known_key(tx: Tx, key: str, *, channel: str, label: str) -> None:
    """Store the hash of a key that somebody chose; one that is there already stays as it is, revoked or not."""
    values = {"id": uuid7(tx.now), "key_hash": hash_of(key), "channel": channel, "label": label}
    row = insert(api_keys).values(**values, created_at=tx.now, created_by=tx.actor.id)
    await tx.execute(row.on_conflict_do_nothing(index_elements=["key_hash"]))


async def find_reopen_request(tx: Tx, request_id: UUID) -> Row[Any] | None:
    return await tx.find(select(reopen_requests).where(reopen_requests.c.id == request_id))


async def settle_reopen_requests(tx: Tx, case_id: UUID, cycle: int, *, state: str) -> Sequence[UUID]:
    """Decide all open requests of a cycle together; gives their ids."""
    open_ones = (
        reopen_requests.c.case_id == case_id, reopen_requests.c.cycle == cycle, reopen_requests.c.state == "open"
    )  # fmt: skip
    settled = update(reopen_requests).where(*open_ones)
    values = {"state": state, "decided_by": tx.actor.id, "decided_at": tx.now}
    return [row.id for row in await tx.all(settled.values(values).returning(reopen_requests.c.id))]


async def list_reopen_requests(
    tx: Tx, scope: Scope, *, state: str, after: After | None, limit: int
) -> Sequence[Row[Any]]:
    """Requests by age, oldest first, of the cases that the reader may see."""
    r = reopen_requests
    statement = (
        select(r, cases.c.number, cases.c.office, cases.c.handler, cases.c.state.label("case_state"), cases.c.version)
        .select_from(r.join(cases, cases.c.id == r.c.case_id))
        .where(r.c.state == state, visible(scope))
    )
    if after:
        statement = statement.where(tuple_(r.c.requested_at, r.c.id) > (after.instant, after.id))
    return await tx.all(statement.order_by(r.c.requested_at, r.c.id).limit(limit))
