"""SQL for ladders, their facts and their rungs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.holds import HoldMark, Span
from services.escalation_service.domain.ladder import Breach, Facts, Fired, Wait
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store.tables import BREACH, HOLD_MARK, LADDER, RUNG
from shared.db import Tx

Key = tuple[UUID, int]
_COLUMNS = [LADDER.c[f.name] for f in fields(Ladder)]
_LOCK = (
    select(*_COLUMNS).where(LADDER.c.case_id == bindparam("case"), LADDER.c.cycle == bindparam("nr")).with_for_update()
)
_OPEN = insert(LADDER).on_conflict_do_nothing(index_elements=["case_id", "cycle"]).returning(*_COLUMNS)
_KEPT = [f.name for f in fields(Ladder) if f.name not in ("case_id", "cycle")]
_SAVE = (
    update(LADDER)
    .where(LADDER.c.case_id == bindparam("k_case_id"), LADDER.c.cycle == bindparam("k_cycle"))
    .values({name: bindparam(name) for name in _KEPT})
)
_CLAIM = (
    select(*_COLUMNS)
    .where(LADDER.c.next_due_at < bindparam("horizon"))
    .order_by(LADDER.c.next_due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _ladder(row: Row[Any]) -> Ladder:
    return Ladder(**row._asdict())


async def lock(tx: Tx, case_id: UUID, cycle: int) -> Ladder:
    """The cycle's ladder, locked; it is made when a fact of the cycle is the first to arrive."""
    which = {"case": case_id, "nr": cycle}
    row = await tx.find(_LOCK, which)
    if row is None:
        row = await tx.find(_OPEN, {"case_id": case_id, "cycle": cycle, "state": "quiet", "due_seq": 0, "last_rung": 0})
    if row is None:  # somebody else made it in this very moment
        return await lock(tx, case_id, cycle)
    await tx.read_clock()
    return _ladder(row)


async def claim_due(tx: Tx, *, before: datetime, most: int) -> list[Ladder]:
    """Ladders that want attention before an instant, oldest first, skipping those another worker holds."""
    rows = await tx.all(_CLAIM, {"horizon": before, "most": most})
    await tx.read_clock()
    return [_ladder(row) for row in rows]


async def find(tx: Tx, case_id: UUID) -> list[Ladder]:
    """All cycles of a case, oldest first."""
    rows = await tx.all(select(*_COLUMNS).where(LADDER.c.case_id == case_id).order_by(LADDER.c.cycle))
    return [_ladder(row) for row in rows]


async def save(tx: Tx, ladders: Iterable[Ladder]) -> None:
    rows = []
    for ladder in ladders:
        row = asdict(ladder)
        rows.append(row | {"k_case_id": row.pop("case_id"), "k_cycle": row.pop("cycle")})
    if rows:
        await tx.execute(_SAVE, rows)


async def facts_of(tx: Tx, ladders: Sequence[Ladder]) -> dict[Key, Facts]:
    """Everything the plans of these ladders follow from."""
    keys = [ladder.key for ladder in ladders]
    breaches, marks, fired = await _breaches(tx, keys), await _marks(tx, keys), await _fired(tx, keys)
    return {
        ladder.key: Facts(
            tuple(breaches[ladder.key]), tuple(marks[ladder.key]), tuple(fired[ladder.key]), ladder.closure
        )
        for ladder in ladders
    }


async def _breaches(tx: Tx, keys: Sequence[Key]) -> Mapping[Key, list[Breach]]:
    b = BREACH.c
    found: dict[Key, list[Breach]] = defaultdict(list)
    names = [each.name for each in fields(Breach)]
    statement = select(b.case_id, b.cycle, *(b[name] for name in names))
    for row in await tx.all(statement.where(tuple_(b.case_id, b.cycle).in_(keys), b.generation.is_not(None))):
        found[row.case_id, row.cycle].append(Breach(**{name: getattr(row, name) for name in names}))
    return found


async def _marks(tx: Tx, keys: Sequence[Key]) -> Mapping[Key, list[HoldMark]]:
    h = HOLD_MARK.c
    found: dict[Key, list[HoldMark]] = defaultdict(list)
    for row in await tx.all(select(HOLD_MARK).where(tuple_(h.case_id, h.cycle).in_(keys))):
        found[row.case_id, row.cycle].append(HoldMark(row.seq, row.held, row.at, _spans(row.spans)))
    return found


def _spans(told: Sequence[tuple[str, str | None]] | None) -> tuple[Span, ...] | None:
    if told is None:
        return None
    return tuple(
        Span(datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None) for begin, end in told
    )


async def _fired(tx: Tx, keys: Sequence[Key]) -> Mapping[Key, list[Fired]]:
    r = RUNG.c
    found: dict[Key, list[Fired]] = defaultdict(list)
    statement = select(r.case_id, r.cycle, r.rung, r.fired_at, r.deferred_until)
    for row in await tx.all(statement.where(tuple_(r.case_id, r.cycle).in_(keys), r.state == "fired")):
        found[row.case_id, row.cycle].append(Fired(row.rung, row.fired_at, row.deferred_until))
    return found


async def add_fired(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Record rungs that fire. The unique (case, cycle, rung) makes a second firing impossible."""
    if rows:
        await tx.execute(insert(RUNG), rows)


async def set_lapsed(tx: Tx, key: Key, rows: Sequence[Mapping[str, object]]) -> None:
    """Make the cycle's lapsed rungs exactly these; fired ones are never touched."""
    mine = and_(RUNG.c.case_id == key[0], RUNG.c.cycle == key[1], RUNG.c.state == "lapsed")
    await tx.execute(delete(RUNG).where(mine, RUNG.c.rung.not_in([row["rung"] for row in rows])))
    if rows:
        new = insert(RUNG)
        changed = {n: new.excluded[n] for n in ("breach_id", "scheduled_at", "lapsed_at", "lapsed_reason")}
        where = RUNG.c.state == "lapsed"
        await tx.execute(
            new.on_conflict_do_update(index_elements=["case_id", "cycle", "rung"], set_=changed, where=where), rows
        )


async def rungs_of(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """Every recorded rung of a case, in order."""
    return await tx.all(select(RUNG).where(RUNG.c.case_id == case_id).order_by(RUNG.c.cycle, RUNG.c.rung))


async def find_rung(tx: Tx, key: Key, rung: int) -> Row[Any] | None:
    r = RUNG.c
    return await tx.find(select(RUNG).where(r.case_id == key[0], r.cycle == key[1], r.rung == rung))


async def acknowledge_rung(tx: Tx, rung_id: UUID, values: Mapping[str, object]) -> None:
    await tx.execute(update(RUNG).where(RUNG.c.rung_id == rung_id).values(dict(values)))


async def count_stalled(tx: Tx) -> dict[str, int]:
    """How many ladders hold their fire, by reason."""
    statement = (
        select(LADDER.c.stalled, func.count().label("n"))
        .where(LADDER.c.stalled.is_not(None))
        .group_by(LADDER.c.stalled)
    )
    return {row.stalled: row.n for row in await tx.all(statement)}


async def waiting_for_named(tx: Tx) -> Sequence[Row[Any]]:
    """How many ladders wait for one that their policy names, by policy and name."""
    mine = and_(BREACH.c.case_id == LADDER.c.case_id, BREACH.c.cycle == LADDER.c.cycle, BREACH.c.voided_at.is_(None))
    statement = select(BREACH.c.policy, BREACH.c.ladder, func.count().label("n")).join_from(LADDER, BREACH, mine)
    named = statement.where(LADDER.c.stalled == Wait.NAMED, BREACH.c.ladder.is_not(None))
    return await tx.all(named.group_by(BREACH.c.policy, BREACH.c.ladder).order_by(BREACH.c.policy, BREACH.c.ladder))


async def oldest_due(tx: Tx) -> datetime | None:
    """The earliest instant at which a ladder wanted, or will want, attention."""
    found: datetime | None = await tx.scalar(select(func.min(LADDER.c.next_due_at)).where(LADDER.c.stalled.is_(None)))
    return found


async def count_late(tx: Tx, due_before: datetime, heard_until: datetime) -> int:
    """Ladders whose rung should have fired by then, though nothing that could stop it is unknown."""
    wanted = LADDER.c.next_due_at < min(due_before, heard_until)
    found: int = await tx.scalar(select(func.count()).select_from(LADDER).where(wanted, LADDER.c.stalled.is_(None)))
    return found


async def wake(tx: Tx, calendar: str) -> None:
    """Let the timer plan the ladders again whose next rung is counted on a calendar."""
    its = select(LADDER.c.case_id, LADDER.c.cycle).where(
        LADDER.c.next_due_at > tx.now, or_(LADDER.c.calendar == calendar, LADDER.c.stalled == Wait.CALENDAR)
    )
    keys = its.with_for_update(skip_locked=True).cte("keys")
    mine = and_(LADDER.c.case_id == keys.c.case_id, LADDER.c.cycle == keys.c.cycle)
    await tx.execute(update(LADDER).where(mine).values(next_due_at=tx.now))
