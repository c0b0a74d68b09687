"""Many rows in one statement, and the condition that keeps readers apart."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, false, or_, true

from services.intake_service.store.tables import SCHEMA, cases
from shared.kernel.access import Scope

Found = Row[Any]  # a row as it was selected, for those who do not write SQL


def own_columns(table: Table) -> tuple[str, ...]:
    """The columns that the code writes: neither generated nor numbered by the database."""
    written = [column for column in table.columns if column.computed is None and column.identity is None]
    return tuple(str(column.name) for column in written)  # plain: a name of SQLAlchemy is slow to write as JSON


def insertion(table: Table, parameter: int) -> str:
    """INSERT of all rows of one JSON array, the nth parameter: a group costs as many statements as a single case."""
    columns = ", ".join(own_columns(table))
    return (
        f"INSERT INTO {SCHEMA}.{table.name} ({columns}) SELECT {columns} "  # noqa: S608 - names of our own tables
        f"FROM jsonb_populate_recordset(NULL::{SCHEMA}.{table.name}, ${parameter}::jsonb)"
    )


def visible(scope: Scope) -> ColumnElement[bool]:
    """The rows of `cases` that a reader may see (Scope.sees, in SQL)."""
    mine: list[ColumnElement[bool]] = []
    if scope.offices:
        mine.append(_one_of(cases.c.office, sorted(scope.offices)))
    if scope.regions:
        mine.append(_one_of(cases.c.region, sorted(scope.regions)))
    place = true() if scope.everything else or_(*mine) if mine else false()
    return place if scope.restricted else and_(place, cases.c.restricted.is_(False))


def _one_of(column: ColumnElement[object], values: Sequence[object]) -> ColumnElement[bool]:
    """A single value is compared with `=`, so that an index on (column, received_at) also gives the order."""
    return column == values[0] if len(values) == 1 else column.in_(values)
