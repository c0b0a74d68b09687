"""A CSV file of offices: those to open, to close, and where each belongs from when on."""

from services.escalation_service.api.office_models import OfficeName, OfficeNumber
from services.escalation_service.api.table_file import Cells, beginning_of, end_of, parsed, read_table
from services.escalation_service.domain.organisation import OfficeWish
from services.escalation_service.use_cases.lines import Line
from shared.web.types import Day, StrictModel

_THAI = {
    "รหัสหน่วยงาน": "office", "ชื่อ": "name", "สังกัด": "belongs_to", "ตั้งแต่วันที่": "valid_from", "ถึงวันที่": "valid_to",
}  # fmt: skip


class OfficeRow(StrictModel):
    """One row; cells that are empty are left out and leave what is known. `valid_to` is the last day of the office."""

    office: OfficeNumber
    name: OfficeName | None = None
    belongs_to: OfficeNumber | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


def read_offices(body: bytes) -> list[Line[OfficeWish]]:
    """The rows of the file. Raises Invalid when it is not one; what is wrong with a row is said of that row."""
    return [_line(number, cells) for number, cells in read_table(body, _THAI, ("office",))]


def _line(number: int, cells: Cells | None) -> Line[OfficeWish]:
    row = parsed(OfficeRow, cells)
    if isinstance(row, tuple):
        return Line(number, None, row)
    begin, end = beginning_of(row.valid_from), end_of(row.valid_to)
    return Line(number, OfficeWish(row.office, row.name, row.belongs_to, begin, end))
