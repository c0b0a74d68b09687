"""Reading the follow-up list of กสส.: a page of it, its counts, all of it for a spreadsheet (process step 3)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.escalation_service.store import follow_up_list as store
from services.escalation_service.store.follow_up_list import Conditions, Due, Filters, Place, RankedPlace
from services.escalation_service.use_cases.follow_ups import scope_of
from shared.db import Row, Tx
from shared.kernel.errors import Invalid

__all__ = ["Counts", "Due", "Filters", "Place", "RankedPlace", "by_deadline", "by_urgency", "count", "whole"]

_BATCH = 500


@dataclass(frozen=True)
class Counts:
    """The counts of the list at an instant: of all of it, and of each office that has something on it."""

    at: Conditions
    total: Row[Any]
    offices: Sequence[Row[Any]]
    names: dict[str, str]


@dataclass(frozen=True)
class Lines:
    """Lines with the names of their offices."""

    rows: Sequence[Row[Any]]
    names: dict[str, str]


async def _named(tx: Tx, rows: Sequence[Row[Any]]) -> Lines:
    return Lines(rows, await store.office_names(tx, {row.office for row in rows}))


async def by_deadline(tx: Tx, asked: Filters, *, after: Place | None, most: int) -> Lines:
    """A page of the list, the longest overdue first."""
    statement = store.by_deadline(await scope_of(tx), asked, Conditions(tx.now), after=after, most=most)
    return await _named(tx, await store.rows_of(tx, statement))


async def by_urgency(tx: Tx, asked: Filters, at: datetime, *, after: RankedPlace | None, most: int) -> Lines:
    """A page of the list as it was ordered at an instant: the pages of one reading share it, so that none overlap."""
    statement = store.by_urgency(await scope_of(tx), asked, Conditions(at), after=after, most=most)
    return await _named(tx, await store.rows_of(tx, statement))


async def count(tx: Tx, asked: Filters) -> Counts:
    """How many lines each tab has, altogether and per office."""
    at = Conditions(tx.now)
    total, *offices = await store.rows_of(tx, store.counted(await scope_of(tx), asked, at))
    return Counts(at, total, offices, await store.office_names(tx, {row.office for row in offices}))


async def whole(tx: Tx, asked: Filters, *, most: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """The whole list in batches. Raises Invalid when it has more than `most` lines."""
    scope, at = await scope_of(tx), Conditions(tx.now)
    counts = await store.rows_of(tx, store.counted(scope, asked, at))
    if counts[0].total > most:
        raise Invalid(
            "This is more than one file may hold: choose a region or an office.",
            code="export_too_large", lines=counts[0].total, most=most,
        )  # fmt: skip
    await tx.audit("export_follow_ups", "follow-ups", lines=counts[0].total)
    return store.batches_of(tx, store.exported(scope, asked, at), _BATCH)
