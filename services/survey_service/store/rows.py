"""From a row to a value: the columns that a dataclass names."""

import dataclasses
from typing import Any

from sqlalchemy import Row


def fields(row: Row[Any], kind: type[Any], *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The row's columns that are fields of this dataclass."""
    known = row._asdict()
    return {each.name: known[each.name] for each in dataclasses.fields(kind) if each.name not in without}
