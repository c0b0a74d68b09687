"""Reads CSV files: a header in English or Thai, with or without a byte order mark; cells are only texts."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from services.escalation_service.use_cases.lines import Fault
from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Invalid
from shared.web.types import StrictModel

MOST_ROWS = 5_000
LONGEST_CELL = 500
ONE_DAY = timedelta(days=1)
Cells = Mapping[str, str]
R = TypeVar("R", bound=StrictModel)


def read_table(body: bytes, thai: Mapping[str, str], required: Sequence[str]) -> list[tuple[int, Cells | None]]:
    """Line number and filled cells by column of each row; None for a row that is none. Raises Invalid for no table.

    `thai` names every column."""
    rows = _rows(_text(body))
    names = _header(next(rows, (1, []))[1], thai, required)
    found = [(number, _cells(names, cells)) for number, cells in rows if any(map(str.strip, cells))]
    if not found:
        raise Invalid("The file has no rows.", code="empty_file")
    if len(found) > MOST_ROWS:
        raise Invalid("The file has too many rows.", code="too_many_rows", most=MOST_ROWS)
    return found


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The file is not UTF-8.", code="not_utf8") from None
    if "\0" in text:
        raise Invalid("The file holds NUL.", code="not_csv")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise Invalid("The file is not CSV.", code="not_csv", line=begins) from None
        yield begins, cells


def _header(cells: list[str], thai: Mapping[str, str], required: Sequence[str]) -> list[str]:
    names = [thai.get(cell.strip(), cell.strip().lower()) for cell in cells]
    unknown = [n for n, name in enumerate(names, 1) if name not in thai.values()]
    if unknown:
        raise Invalid("A column is not known.", code="unknown_column", column=unknown[0], columns=list(thai))
    missing = [name for name in required if name not in names]
    if missing or len(set(names)) != len(names):
        raise Invalid("Columns are missing or stand twice.", code="bad_columns", missing=missing)
    return names


def _cells(names: list[str], cells: list[str]) -> Cells | None:
    if len(cells) > len(names) or any(len(cell) > LONGEST_CELL for cell in cells):
        return None
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}


def parsed(model: type[R], cells: Cells | None) -> R | tuple[Fault, ...]:
    """The row, or what is wrong with it."""
    if cells is None:
        return (Fault(None, "bad_row", "The row has too many cells, or one that is too long."),)
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        return tuple(_fault(dict(each)) for each in error.errors(include_input=False))


def _fault(error: dict[str, Any]) -> Fault:
    place = error["loc"][0] if error["loc"] else None
    told = error["msg"] if error.get("ctx", {}).get("refused") else "This is not a value that the column takes."
    return Fault(str(place) if place is not None else None, str(error["type"]), str(told))


def beginning_of(day: date | None) -> datetime | None:
    """When a day begins in Bangkok."""
    return datetime(day.year, day.month, day.day, tzinfo=BANGKOK) if day else None


def end_of(day: date | None) -> datetime | None:
    """When a day, which is still part of it, is over."""
    return beginning_of(day + ONE_DAY) if day else None
