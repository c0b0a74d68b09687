"""SQL for messages to officers: one row for each thing to tell one officer about one rung."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.messages import UNSENT, Kind, State, Waiting
from services.escalation_service.store import subjects
from services.escalation_service.store.directory_tables import OFFICE, RUNG_DEFINITION
from services.escalation_service.store.follow_ups import visible
from services.escalation_service.store.message_tables import MAILING, MESSAGE
from services.escalation_service.store.tables import CASE_FILE, LADDER, RUNG
from shared.db import Tx
from shared.kernel.access import Scope

M, R, F, L = MESSAGE.c, RUNG.c, CASE_FILE.c, LADDER.c
# Bundling is short and set-based: one process at a time, so that one officer gets one digest.
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('escalation.bundling'))")


@dataclass(frozen=True)
class Filters:
    """What a reader of the messages asks for; None means: does not matter."""

    state: str | None = None
    kind: str | None = None
    recipient: str | None = None
    office: str | None = None
    region: int | None = None
    case_id: UUID | None = None


async def add(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Queue messages; the same thing is told to the same officer once."""
    if rows:
        await tx.execute(insert(MESSAGE).on_conflict_do_nothing(constraint="message_once_key"), rows)


async def claim_bundling(tx: Tx) -> bool:
    """Whether this transaction is the one that bundles."""
    return bool(await tx.scalar(_ALONE))


async def claim_vacant(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """Messages that call upon nobody yet, with what is needed to find who stands in."""
    statement = select(MESSAGE, R.ladder, R.ladder_version).join(RUNG, R.rung_id == M.rung_id)
    nobody = and_(M.state == State.WAITING, M.recipient.is_(None))
    return await tx.all(
        statement.where(nobody).order_by(M.message_id).limit(most).with_for_update(of=MESSAGE, skip_locked=True)
    )


async def rungs_above(tx: Tx, ladders: Iterable[tuple[str, int]]) -> Sequence[Row[Any]]:
    """The rungs of these (ladder, version) pairs, from the lowest."""
    d = RUNG_DEFINITION.c
    return await tx.all(
        select(RUNG_DEFINITION).where(tuple_(d.ladder, d.version).in_(sorted(set(ladders)))).order_by(d.rung)
    )


async def claim_ready(tx: Tx, *, before: datetime, no_digest_since: datetime, most: int) -> list[Waiting]:
    """All waiting messages of officers for whom one has waited long enough, each officer's oldest first.

    Who had a digest since `no_digest_since` waits for the next one.
    """
    recent = (
        select(MAILING.c.mailing_id)
        .where(MAILING.c.recipient == M.recipient, MAILING.c.kind == M.kind, MAILING.c.size > 1)
        .where(MAILING.c.created_at > no_digest_since)
    )
    ready = (
        select(M.recipient, M.kind)
        .where(M.state == State.WAITING, M.recipient.is_not(None), M.ready_at <= before, ~recent.exists())
        .group_by(M.recipient, M.kind)
        .subquery()
    )
    mine = and_(M.recipient == ready.c.recipient, M.kind == ready.c.kind, M.state == State.WAITING)
    order = (M.recipient, M.kind, M.message_id)  # an officer's messages stay together
    statement = select(M.message_id, M.recipient, M.kind).join(ready, mine).order_by(*order).limit(most)
    rows = await tx.all(statement.with_for_update(of=MESSAGE, skip_locked=True))
    return [Waiting(row.message_id, row.recipient, row.kind) for row in rows]


async def change(tx: Tx, ids: Iterable[UUID], values: Mapping[str, object]) -> None:
    """Give several messages the same new values."""
    await tx.execute(update(MESSAGE).where(M.message_id.in_(list(ids))).values(dict(values)))


async def change_each(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Give each message, named by `id`, its own values; all rows have the same columns."""
    if rows:
        columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "id"}
        await tx.execute(update(MESSAGE).where(M.message_id == bindparam("id")).values(columns), rows)


def _contents(at: datetime) -> Select[Any]:
    """A message with everything that its text and its line in a list say at an instant."""
    case = (F.number, F.office, F.region, F.kind.label("case_kind"), F.subject, F.restricted, F.severity)
    named = subjects.name(F.subject, at).label("subject_name")
    rung = (R.post, R.post_office, R.fired_at, R.absent_code, R.acknowledged_at)
    ladder = (L.due_at, L.closed_at, L.closed_reason)
    own = and_(L.case_id == M.case_id, L.cycle == M.cycle)
    return (
        select(MESSAGE, *case, named, *rung, *ladder, OFFICE.c.name_th.label("office_name"))
        .join(RUNG, R.rung_id == M.rung_id)
        .join(CASE_FILE, F.case_id == M.case_id)
        .join(LADDER, own)
        .outerjoin(OFFICE, OFFICE.c.code == F.office)
    )


async def lock_of_mailings(tx: Tx, mailing_ids: Iterable[UUID]) -> Sequence[Row[Any]]:
    """The messages of these mailings, locked in the order in which everybody locks them."""
    carried = M.mailing_id.in_(list(mailing_ids))
    return await tx.all(_contents(tx.now).where(carried).order_by(M.message_id).with_for_update(of=MESSAGE))


async def lock_cycle(tx: Tx, case_id: UUID, cycle: int) -> Sequence[Row[Any]]:
    """Every message of one cycle of a case, locked; after its ladder."""
    mine = and_(M.case_id == case_id, M.cycle == cycle)
    return await tx.all(select(MESSAGE).where(mine).order_by(M.message_id).with_for_update())


async def lock(tx: Tx, scope: Scope, message_id: UUID) -> Row[Any] | None:
    """One message that the reader may see."""
    statement = _contents(tx.now).where(M.message_id == message_id, visible(scope)).with_for_update(of=MESSAGE)
    return await tx.lock(statement)


async def find(tx: Tx, scope: Scope, message_id: UUID) -> Row[Any] | None:
    return await tx.find(_contents(tx.now).where(M.message_id == message_id, visible(scope)))


async def list_messages(tx: Tx, scope: Scope, wanted: Filters, *, after: UUID | None, most: int) -> Sequence[Row[Any]]:
    """A page of messages, newest first."""
    statement = _contents(tx.now).where(visible(scope), *_conditions(wanted))
    if after is not None:
        statement = statement.where(M.message_id < after)
    return await tx.all(statement.order_by(M.message_id.desc()).limit(most))


def _conditions(wanted: Filters) -> list[ColumnElement[bool]]:
    pairs = (
        (M.state, wanted.state), (M.kind, wanted.kind), (M.recipient, wanted.recipient), (F.office, wanted.office),
        (F.region, wanted.region), (M.case_id, wanted.case_id),
    )  # fmt: skip
    return [column == value for column, value in pairs if value is not None]


async def of_case(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """The messages of a case, oldest first."""
    return await tx.all(select(MESSAGE).where(M.case_id == case_id).order_by(M.message_id))


async def withdraw_unsent(tx: Tx, case_id: UUID, cycle: int, reason: str) -> None:
    """What has not gone does not go any more; corrections still do."""
    mine = and_(M.case_id == case_id, M.cycle == cycle, M.state.in_(UNSENT), M.kind != Kind.CORRECTION)
    await tx.execute(update(MESSAGE).where(mine).values(state=State.WITHDRAWN, reason=reason))


async def call_of(tx: Tx, rung_ids: Iterable[UUID]) -> Mapping[UUID, Row[Any]]:
    """The message that told of each of these rungs."""
    wanted = and_(M.rung_id.in_(list(rung_ids)), M.kind == Kind.CALL)
    return {row.rung_id: row for row in await tx.all(select(MESSAGE).where(wanted))}


async def count_by_state(tx: Tx) -> dict[str, int]:
    """How many messages wait for a person, by state: of open cases, and of rungs that nobody has answered yet."""
    lying = and_(M.state.in_([State.HELD, State.UNKNOWN, State.NOT_TOLD]), M.voided_at.is_(None))
    unanswered = and_(R.rung_id == M.rung_id, R.acknowledged_at.is_(None), R.settled_at.is_(None))
    statement = select(M.state, func.count().label("n")).join(RUNG, unanswered).where(lying).group_by(M.state)
    return {row.state: row.n for row in await tx.all(statement)}


async def held_before(tx: Tx, at: datetime) -> int:
    """How many messages have been held since before an instant."""
    return int(await tx.scalar(select(func.count()).where(M.state == State.HELD, M.held_at < at)) or 0)


def told_state() -> ColumnElement[str]:
    """How the message about a ladder's last rung stands, for lists of ladders; null where there is none."""
    last = and_(M.case_id == L.case_id, M.cycle == L.cycle, M.rung == L.last_rung, M.kind == Kind.CALL)
    return select(M.state).where(last).order_by(M.message_id.desc()).limit(1).scalar_subquery()
