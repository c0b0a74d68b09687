"""Statements on previews and applications of a calendar version: start, claim, take what is next, keep the outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Row,
    Select,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import Key
from services.sla_service.domain.effects import Effect
from services.sla_service.store.cases import COLUMNS, as_file
from services.sla_service.store.reads import visible
from services.sla_service.store.tables import calendar_version, case_file, clock
from services.sla_service.store.version_tables import calendar_change, calendar_run
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.errors import Conflict
from shared.kernel.ids import uuid7


@dataclass(frozen=True)
class ChangeFilter:
    """Which changes of a run a reader asks for: all, or only the `voided` or the `breached` ones."""

    run_id: UUID
    effect: str | None = None


_FIRST = UUID(int=0)
_ABOUT = (calendar_version.c.code, calendar_version.c.version)
_RUN = select(calendar_run, *_ABOUT).join(calendar_version, calendar_version.c.id == calendar_run.c.calendar_version_id)


async def start(tx: Tx, kind: str, version: Row[Any]) -> Row[Any]:
    """A new run, or the one of this kind that is under way for this version. Conflict when that one ends meanwhile."""
    values = {
        "id": uuid7(tx.now), "kind": kind, "calendar_version_id": version.id, "revision": version.revision,
        "started_at": tx.now, "started_by": tx.actor.id,
    }  # fmt: skip
    await tx.execute(insert(calendar_run).values(values).on_conflict_do_nothing())
    wanted = (calendar_run.c.calendar_version_id == version.id) & (calendar_run.c.kind == kind)
    row = await tx.find(_RUN.where(wanted, calendar_run.c.state == "running"))
    if row is None:
        raise Conflict("The run that was under way has just ended: ask again for another.", code="just_ended")
    return row


async def find(tx: Tx, run_id: UUID) -> Row[Any] | None:
    return await tx.find(_RUN.where(calendar_run.c.id == run_id))


async def list_runs(tx: Tx, code: str | None, *, after: UUID | None, most: int) -> Sequence[Row[Any]]:
    """A page of runs, the newest first."""
    query = _RUN if code is None else _RUN.where(calendar_version.c.code == code)
    if after is not None:
        query = query.where(calendar_run.c.id < after)
    return await tx.all(query.order_by(calendar_run.c.id.desc()).limit(most))


async def claim(tx: Tx) -> Row[Any] | None:
    """The oldest run under way that no other worker holds."""
    query = _RUN.where(calendar_run.c.state == "running").order_by(calendar_run.c.id).limit(1)
    return await tx.lock(query.with_for_update(of=calendar_run, skip_locked=True))


async def keep(tx: Tx, run_id: UUID, **values: Any) -> None:
    await tx.execute(update(calendar_run).where(calendar_run.c.id == run_id).values(**values))


async def end(tx: Tx, run_id: UUID, problem: str | None = None) -> None:
    state = "failed" if problem else "done"
    await keep(tx, run_id, state=state, problem=problem, finished_at=tx.now)


async def older_versions(tx: Tx, run: Row[Any]) -> list[UUID]:
    """The versions of the calendar before the one of a run: clocks that count by them are concerned."""
    is_older = (calendar_version.c.code == run.code) & (calendar_version.c.version < run.version)
    rows = await tx.all(select(calendar_version.c.id).where(is_older, calendar_version.c.published_at.is_not(None)))
    return [row.id for row in rows]


async def count_open(tx: Tx, calendars: Sequence[UUID]) -> int:
    """Clocks that run or are held by these versions."""
    query = select(func.count()).where(clock.c.calendar_version_id.in_(calendars), clock.c.stopped_at.is_(None))
    found: int = await tx.scalar(query)
    return found


# Written into the statement, so that the plan is made for it.
_MOST = bindparam("most", type_=Integer, literal_execute=True)


def next_cases() -> Select[Any]:
    """The next cases with an open clock on one of `calendars`, by id; each version's are read along an index."""
    wanted = (
        func.unnest(cast(bindparam("calendars", type_=ARRAY(Uuid)), ARRAY(Uuid))).table_valued("id").render_derived()
    )
    of_one = (
        select(clock.c.case_id)
        .distinct()
        .where(
            clock.c.calendar_version_id == wanted.c.id,
            clock.c.stopped_at.is_(None),
            clock.c.case_id > bindparam("reached", type_=Uuid),
        )
        .order_by(clock.c.case_id)
        .limit(_MOST)
        .lateral("of_one")
    )
    query = select(of_one.c.case_id).distinct().select_from(wanted.join(of_one, true()))
    return query.order_by(of_one.c.case_id).limit(_MOST)


_NEXT_CASES = next_cases()
_FILES = select(*COLUMNS).where(case_file.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Uuid))))
_FILES = _FILES.order_by(case_file.c.case_id)


async def take_cases(tx: Tx, calendars: Sequence[UUID], reached: UUID | None, most: int) -> list[UUID]:
    given = {"calendars": list(calendars), "reached": reached or _FIRST, "most": most}
    return [row.case_id for row in await tx.all(_NEXT_CASES, given)]


async def read_files(tx: Tx, case_ids: Sequence[UUID]) -> list[CaseFile]:
    return [as_file(row) for row in await tx.all(_FILES, {"case_ids": list(case_ids)})]


async def lock_files(tx: Tx, case_ids: Sequence[UUID]) -> list[CaseFile]:
    """Those that nobody else holds; the others are for a later round."""
    found = await tx.all(_FILES.with_for_update(skip_locked=True), {"case_ids": list(case_ids)})
    await tx.read_clock()
    return [as_file(row) for row in found]


async def open_clocks(tx: Tx, calendars: Sequence[UUID], case_ids: Sequence[UUID]) -> Mapping[UUID, list[Key]]:
    """The clocks of these cases that run or are held by one of the versions."""
    is_concerned = clock.c.calendar_version_id.in_(calendars) & clock.c.stopped_at.is_(None)
    query = select(clock.c.case_id, clock.c.metric, clock.c.cycle).where(clock.c.case_id.in_(case_ids), is_concerned)
    found: dict[UUID, list[Key]] = {}
    for row in await tx.all(query):
        found.setdefault(row.case_id, []).append((row.metric, row.cycle))
    return found


async def keep_effects(tx: Tx, run_id: UUID, found: Iterable[tuple[UUID, Effect]]) -> None:
    rows = [
        {
            "run_id": run_id, "case_id": case_id, "metric": one.key[0], "cycle": one.key[1],
            "old_due_at": one.old_due_at, "new_due_at": one.new_due_at, "voided": one.voided, "breached": one.breached,
        }
        for case_id, one in found
    ]  # fmt: skip
    if rows:
        await tx.execute(insert(calendar_change).on_conflict_do_nothing(), rows)


async def list_changes(
    tx: Tx, scope: Scope, wanted: ChangeFilter, *, after: tuple[UUID, str, int] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of what a run would change or changed, by case; only what the reader may see."""
    about = [case_file.c[name] for name in ("number", "office", "region")]
    query = select(calendar_change, *about).join(case_file, case_file.c.case_id == calendar_change.c.case_id)
    query = query.where(calendar_change.c.run_id == wanted.run_id, visible(scope))
    if wanted.effect is not None:
        query = query.where(calendar_change.c[wanted.effect].is_(True))
    place = tuple_(calendar_change.c.case_id, calendar_change.c.metric, calendar_change.c.cycle)
    if after is not None:
        query = query.where(place > tuple_(*after))
    return await tx.all(query.order_by(place).limit(most))
