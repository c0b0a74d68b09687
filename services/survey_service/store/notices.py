"""Statements about notices, their deliveries and receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.notice import Notice, NoticeState
from services.survey_service.store.cases import visible
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import (
    case_file,
    contact_card,
    delivery,
    notice,
    receipt,
)  # fmt: skip
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.delivery import Delivery, DeliveryState

_CASE = (case_file.c.number, case_file.c.office, case_file.c.region, case_file.c.restricted)
_NOTICE = tuple(set(Notice.__dataclass_fields__) - {"deliveries"})


async def add_notice(tx: Tx, opened: Notice) -> None:
    values = {name: getattr(opened, name) for name in _NOTICE}
    await tx.execute(insert(notice).values(**values))
    if opened.deliveries:
        shared = {"notice_id": opened.id, "case_id": opened.case_id, "cycle": opened.cycle, "purpose": opened.purpose}
        await tx.execute(insert(delivery), [{**shared, **asdict(each)} for each in opened.deliveries])


async def save_notice(tx: Tx, before: Notice, after: Notice) -> None:
    """Write what changed."""
    values = {name: getattr(after, name) for name in _NOTICE}
    if any(getattr(before, name) != value for name, value in values.items()):
        await tx.execute(update(notice).where(notice.c.id == after.id).values(**values))
    for old, new in zip(before.deliveries, after.deliveries, strict=True):
        if old != new:
            await tx.execute(update(delivery).where(delivery.c.id == new.id).values(**asdict(new)))


async def find_notice(tx: Tx, notice_id: UUID) -> Notice | None:
    found = await _notices(tx, notice.c.id == notice_id)
    return found[0] if found else None


async def notices_of(tx: Tx, case_id: UUID) -> Sequence[Notice]:
    return await _notices(tx, notice.c.case_id == case_id)


async def notice_case(tx: Tx, notice_id: UUID, scope: Scope) -> UUID | None:
    """The case of a notice that this reader may see."""
    found: UUID | None = await tx.scalar(
        select(notice.c.case_id)
        .join(case_file, case_file.c.case_id == notice.c.case_id)
        .where(notice.c.id == notice_id, visible(scope))
    )
    return found


async def _notices(tx: Tx, condition: Any) -> Sequence[Notice]:
    rows = await tx.all(select(notice).where(condition).order_by(notice.c.cycle, notice.c.id))
    parts: dict[UUID, list[Delivery]] = {row.id: [] for row in rows}
    wanted = delivery.c.notice_id.in_(parts)
    for row in await tx.all(select(delivery).where(wanted).order_by(delivery.c.position)):
        parts[row.notice_id].append(delivery_of(row))
    return [notice_of(row, parts[row.id]) for row in rows]


def notice_of(row: Row[Any], deliveries: Sequence[Delivery]) -> Notice:
    known = fields(row, Notice, without=frozenset({"deliveries"}))
    return Notice(**{**known, "state": NoticeState(row.state)}, deliveries=tuple(deliveries))


def delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(**{**fields(row, Delivery), "state": DeliveryState(row.state)})


async def claim_due(tx: Tx, limits: Mapping[str, int]) -> Sequence[Row[Any]]:
    """Deliveries whose time has come, with their cases locked; per channel as many as its breaker lets through."""
    claimed: list[Row[Any]] = []
    for channel, limit in limits.items():
        condition = and_(delivery.c.state == "due", delivery.c.due_at <= tx.now, delivery.c.channel == channel)
        claimed += await tx.all(_claim(condition, delivery.c.due_at, limit, card=True))
    await tx.read_clock()
    return claimed


async def claim_stale(tx: Tx, lease: timedelta, limit: int) -> Sequence[Row[Any]]:
    """Deliveries that nobody finished: calls without a result, receipts that did not come, providers away too long."""
    overdue = or_(
        and_(delivery.c.state == "sending", delivery.c.sending_at <= tx.now - lease),
        and_(delivery.c.state == "accepted", delivery.c.receipt_due_at <= tx.now),
        and_(delivery.c.state == "due", delivery.c.give_up_at <= tx.now),
    )
    found = await tx.all(_claim(overdue, delivery.c.id, limit, card=False))
    await tx.read_clock()
    return found


def _claim(condition: Any, order: Any, limit: int, *, card: bool) -> Select[Any]:
    query = select(delivery.c.id, delivery.c.notice_id, delivery.c.case_id, delivery.c.channel).join(
        case_file, case_file.c.case_id == delivery.c.case_id
    )
    if card:  # a newer card is known to be on its way: do not write to the old address
        newest = and_(
            contact_card.c.case_id == delivery.c.case_id, contact_card.c.version >= case_file.c.contact_version
        )
        query = query.join(contact_card, newest)
    locked = [case_file, delivery]
    return query.where(condition).order_by(order).limit(limit).with_for_update(of=locked, skip_locked=True)


async def keep_recipient(tx: Tx, delivery_id: UUID, masked: str | None, keyed_hash: str) -> None:
    await tx.execute(
        update(delivery).where(delivery.c.id == delivery_id).values(recipient=masked, recipient_hash=keyed_hash)
    )


async def forget_recipients(tx: Tx, case_id: UUID) -> None:
    await tx.execute(update(delivery).where(delivery.c.case_id == case_id).values(recipient=None, recipient_hash=None))


async def add_receipt(tx: Tx, name: str, receipt_id: str, delivery_id: UUID | None, status: str) -> bool:
    """Enter a receipt once; False when it was here before."""
    values = {"provider": name, "receipt_id": receipt_id, "delivery_id": delivery_id, "status": status}
    statement = insert(receipt).values(**values, received_at=tx.now).on_conflict_do_nothing()
    return await tx.scalar(statement.returning(receipt.c.receipt_id)) is not None


async def forget_receipts(tx: Tx, before: datetime) -> int:
    """Some of the receipts that came before this; how many."""
    old = select(receipt.c.provider, receipt.c.receipt_id).where(receipt.c.received_at < before).limit(1000)
    gone = await tx.execute(delete(receipt).where(tuple_(receipt.c.provider, receipt.c.receipt_id).in_(old)))
    return gone.rowcount


async def delivery_place(tx: Tx, delivery_id: UUID) -> Row[Any] | None:
    return await tx.find(select(delivery.c.notice_id, delivery.c.case_id).where(delivery.c.id == delivery_id))


async def list_notices(
    tx: Tx, scope: Scope, after: UUID | None, limit: int, **wanted: object
) -> Sequence[tuple[Row[Any], Sequence[Row[Any]]]]:
    """Notices with their deliveries, newest first; `wanted` filters by column."""
    query = select(notice, *_CASE).join(case_file, case_file.c.case_id == notice.c.case_id).where(visible(scope))
    for column, value in wanted.items():
        if value is not None:
            query = query.where(notice.c[column] == value)
    if after:
        query = query.where(notice.c.id < after)
    rows = await tx.all(query.order_by(notice.c.id.desc()).limit(limit))
    parts: dict[UUID, list[Row[Any]]] = {row.id: [] for row in rows}
    found = select(delivery).where(delivery.c.notice_id.in_(parts)).order_by(delivery.c.position)
    for part in await tx.all(found):
        parts[part.notice_id].append(part)
    return [(row, parts[row.id]) for row in rows]


async def unknown_before(tx: Tx, at: datetime) -> int:
    """How many notices of unknown outcome have waited for a person since before `at`."""
    counted = select(func.count()).where(notice.c.state == "unknown", notice.c.opened_at < at)
    return int(await tx.scalar(counted) or 0)
