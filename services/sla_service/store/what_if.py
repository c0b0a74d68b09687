"""Statements on what-if runs: start, claim, take the next cases of the period, add up results, read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, delete, func, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.sla_service.domain.what_if import Drafts, Fired, Tally
from services.sla_service.store.book import calendar_of, policy_of
from services.sla_service.store.tables import breach, case_file
from services.sla_service.store.version_tables import what_if_load, what_if_office, what_if_run
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.ids import uuid7

_FIRST = UUID(int=0)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """Which period is replayed, where, and under which drafts (as they are now: later changes do not count)."""

    from_at: datetime
    to_at: datetime
    region: int | None
    office: str | None
    policies: Sequence[Row[Any]]
    calendar: Row[Any] | None


async def start(tx: Tx, asked: Question) -> Row[Any]:
    values = {
        "id": uuid7(tx.now), "from_at": asked.from_at, "to_at": asked.to_at, "region": asked.region,
        "office": asked.office, "policies": [_written(row) for row in asked.policies],
        "calendar": _written(asked.calendar) if asked.calendar is not None else None,
        "started_at": tx.now, "started_by": tx.actor.id,
    }  # fmt: skip
    row = await tx.find(insert(what_if_run).values(values).returning(what_if_run))
    if row is None:
        raise LookupError("a run that was just started is gone")
    return row


def drafts_of(run: Row[Any]) -> Drafts:
    """The drafts that a run was started with."""
    calendar = calendar_of(_read(run.calendar)) if run.calendar else None
    return Drafts(tuple(policy_of(_read(one)) for one in run.policies), calendar)


async def find(tx: Tx, run_id: UUID) -> Row[Any] | None:
    return await tx.find(select(what_if_run).where(what_if_run.c.id == run_id))


async def list_runs(tx: Tx, *, after: UUID | None, most: int) -> Sequence[Row[Any]]:
    """A page of runs, the newest first."""
    query = select(what_if_run) if after is None else select(what_if_run).where(what_if_run.c.id < after)
    return await tx.all(query.order_by(what_if_run.c.id.desc()).limit(most))


async def claim(tx: Tx) -> Row[Any] | None:
    """The oldest run under way that no other worker holds."""
    query = select(what_if_run).where(what_if_run.c.state == "running").order_by(what_if_run.c.id).limit(1)
    return await tx.lock(query.with_for_update(skip_locked=True))


async def keep(tx: Tx, run_id: UUID, **values: Any) -> None:
    await tx.execute(update(what_if_run).where(what_if_run.c.id == run_id).values(**values))


async def end(tx: Tx, run_id: UUID, problem: str | None = None) -> None:
    state = "failed" if problem else "done"
    await keep(tx, run_id, state=state, problem=problem, finished_at=tx.now)


async def remove(tx: Tx, run_id: UUID) -> bool:
    """Delete a run with its results; whether there was one."""
    statement = delete(what_if_run).where(what_if_run.c.id == run_id).returning(what_if_run.c.id)
    return await tx.find(statement) is not None


async def count_files(tx: Tx) -> int:
    """How many case files there are: what progress is measured by."""
    found: int = await tx.scalar(select(func.count()).select_from(case_file))
    return found


async def next_cases(tx: Tx, run: Row[Any], most: int) -> Sequence[tuple[UUID, bool]]:
    """The next case files by id, each with whether the run is about it. Reads no more than `most` of them."""
    is_asked = [case_file.c.received_at >= run.from_at, case_file.c.received_at < run.to_at]
    if run.region is not None:
        is_asked.append(case_file.c.region == run.region)
    if run.office is not None:
        is_asked.append(case_file.c.office == run.office)
    query = select(case_file.c.case_id, func.coalesce(and_(*is_asked), False).label("is_asked"))
    query = query.where(case_file.c.case_id > (run.reached or _FIRST)).order_by(case_file.c.case_id).limit(most)
    return [(row.case_id, row.is_asked) for row in await tx.all(query)]


async def declared(tx: Tx, case_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Fired, ...]]:
    """Every breach of these cases that was declared, those voided later too: somebody was told."""
    found: dict[UUID, tuple[Fired, ...]] = dict.fromkeys(case_ids, ())
    query = select(breach.c.case_id, breach.c.level, breach.c.declared_at).where(breach.c.case_id.in_(case_ids))
    for row in await tx.all(query):
        found[row.case_id] += ((row.level, row.declared_at),)
    return found


async def add_up(tx: Tx, run_id: UUID, tally: Tally) -> None:
    """Add the counts of one batch to those of the run."""
    offices = [
        {"run_id": run_id, "office": office, "region": region, "metric": metric, **_all(what_if_office, counts)}
        for (office, region, metric), counts in tally.offices.items()
    ]
    load = [
        {"run_id": run_id, "office": office, "region": region, "day": day, **_all(what_if_load, counts)}
        for (office, region, day), counts in tally.load.items()
    ]
    for table, rows in ((what_if_office, offices), (what_if_load, load)):
        if rows:
            statement = insert(table)
            added = {name: table.c[name] + statement.excluded[name] for name in _counters(table)}
            keys = [column.name for column in table.primary_key]
            await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)


async def list_offices(
    tx: Tx, scope: Scope, run_id: UUID, *, after: tuple[str, str] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of results by office and metric; only the offices that the reader may see."""
    return await _results(tx, what_if_office, scope, run_id, ("metric", after, most))


async def list_load(
    tx: Tx, scope: Scope, run_id: UUID, *, after: tuple[str, date] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of firings by office and day; only the offices that the reader may see."""
    return await _results(tx, what_if_load, scope, run_id, ("day", after, most))


async def _results(
    tx: Tx, table: Table, scope: Scope, run_id: UUID, page: tuple[str, tuple[Any, ...] | None, int]
) -> Sequence[Row[Any]]:
    name, after, most = page
    query = select(table).where(table.c.run_id == run_id, _seen(table, scope))
    if after is not None:
        query = query.where(tuple_(table.c.office, table.c[name]) > tuple_(*after))
    return await tx.all(query.order_by(table.c.office, table.c[name]).limit(most))


def _seen(table: Table, scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    return or_(table.c.office.in_(sorted(scope.offices)), table.c.region.in_(sorted(scope.regions)))


def _counters(table: Table) -> list[str]:
    return [column.name for column in table.c if not column.primary_key and column.name != "region"]


def _all(table: Table, counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in _counters(table)}


def _written(row: Row[Any]) -> dict[str, Any]:
    """A version as JSON."""
    return {name: _plain(value) for name, value in row._asdict().items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value


def _read(data: Mapping[str, Any]) -> Row[Any]:
    """A version from JSON, as the row it was; a draft counts as if it had always been in force."""
    horizon = data.get("horizon_on")
    fixed = {
        "id": UUID(data["id"]), "effective_from": _LONG_AGO, "effective_to": None, "published_at": None,
        "horizon_on": date.fromisoformat(horizon) if horizon else None,
    }  # fmt: skip
    return cast(Row[Any], SimpleNamespace(**{**data, **fixed}))
