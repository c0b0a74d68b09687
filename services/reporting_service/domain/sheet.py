"""CSV that opens in a spreadsheet as Thai text and never as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(value: object) -> str:
    """A cell that a spreadsheet shows and does not run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    shown = str(value).replace("\x00", "")
    return f"'{shown}" if shown.startswith(_STARTS_A_FORMULA) else shown


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 lines after a byte-order mark."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return text.getvalue()
