"""Many rows in one statement, and the condition that keeps readers apart."""

from functools import partial
from typing import Any

from sqlalchemy import Row, Table

from services.intake_service.store.tables import SCHEMA, cases
from shared.db.visibility import visible_rows

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


visible = partial(visible_rows, cases.c)
