"""The rows that a reader may see, in SQL: what `Scope.sees` says of one row (a property test compares them)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from shared.kernel.access import Scope


def visible_rows(columns: ReadOnlyColumnCollection[str, Any], scope: Scope) -> ColumnElement[bool]:
    """A condition on the columns `office`, `region` and `restricted` of a table (`table.c`)."""
    mine: list[ColumnElement[bool]] = []
    if scope.offices:
        mine.append(_one_of(columns["office"], sorted(scope.offices)))
    if scope.regions:
        mine.append(_one_of(columns["region"], sorted(scope.regions)))
    place = true() if scope.everything else or_(*mine) if mine else false()
    return place if scope.restricted else and_(place, columns["restricted"].is_(False))


def _one_of(column: ColumnElement[Any], values: Sequence[object]) -> ColumnElement[bool]:
    """A single value is compared with `=`, so that an index on (column, received_at) also gives the order."""
    return column == values[0] if len(values) == 1 else column.in_(values)
