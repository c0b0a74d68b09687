"""Statements that write many rows at once, made once from a table: their one parameter is a JSON array of the rows.

They are for `Tx.fetch`; a batch costs as many statements as a single row does. Values are given as `as_json` writes
them; a column that a row leaves out is written as NULL.
"""

from collections.abc import Sequence

from sqlalchemy import Table


def own_columns(table: Table) -> tuple[str, ...]:
    """The columns that the code writes: neither generated nor numbered by the database."""
    written = [column for column in table.columns if column.computed is None and column.identity is None]
    return tuple(str(column.name) for column in written)  # plain: a name of SQLAlchemy is slow to write as JSON


def inserting(table: Table, columns: Sequence[str] = (), *, parameter: int = 1) -> str:
    """INSERT of all rows; all columns unless some are named."""
    names = ", ".join(columns or own_columns(table))
    return f"INSERT INTO {table.fullname} ({names}) SELECT {names} FROM {_rows(table, parameter)}"  # noqa: S608


def adding(table: Table, columns: Sequence[str] = ()) -> str:
    """INSERT of the rows that are not there yet."""
    return f"{inserting(table, columns)} ON CONFLICT DO NOTHING"


def putting(table: Table, columns: Sequence[str] = ()) -> str:
    """INSERT, or what the columns say now where the primary key is there already."""
    key = _key(table)
    fresh = ", ".join(f"{name} = excluded.{name}" for name in columns or own_columns(table) if name not in key)
    return f"{inserting(table, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {fresh}"


def changing(table: Table, columns: Sequence[str] = ()) -> str:
    """UPDATE by primary key; the rows have been locked in one order before."""
    key = _key(table)
    fresh = ", ".join(f"{name} = r.{name}" for name in columns or own_columns(table) if name not in key)
    same = " AND ".join(f"t.{name} = r.{name}" for name in key)
    return f"UPDATE {table.fullname} t SET {fresh} FROM {_rows(table, 1)} WHERE {same}"  # noqa: S608


def _rows(table: Table, parameter: int) -> str:
    return f"jsonb_populate_recordset(NULL::{table.fullname}, ${parameter}::jsonb) AS r"


def _key(table: Table) -> list[str]:
    return [str(column.name) for column in table.primary_key.columns]
