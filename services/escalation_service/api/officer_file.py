"""Reads a CSV file of officers: header in English or Thai, with or without a byte order mark; cells are only texts."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError

from services.escalation_service.api.models import OfficerName, StaffCode
from services.escalation_service.api.office_models import PostName
from services.escalation_service.api.officer_models import Digest, LineId, Means, WebhookUrl, is_loopback
from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.roster import Seat, Wish
from services.escalation_service.use_cases.importing import Fault, Line
from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Invalid
from shared.web.types import Day, Email, OfficeCode, StrictModel, ThaiPhone

MOST_ROWS = 5_000
LONGEST_CELL = 500
_REQUIRED = ("office", "post", "staff_code", "name")
_THAI = {
    "รหัสหน่วยงาน": "office", "ตำแหน่ง": "post", "รหัสพนักงาน": "staff_code", "ชื่อ": "name", "โทรศัพท์": "phone",
    "อีเมล": "email", "ไลน์": "line_id", "เว็บฮุก": "webhook_url", "ช่องทางหลัก": "preferred", "รวมข้อความ": "digest",
    "รักษาการ": "acting", "ตั้งแต่วันที่": "valid_from", "ถึงวันที่": "valid_to",
}  # fmt: skip
_POSTS = {
    "ผจก.กปภ.สาขา": "branch_manager", "ผอ.กปภ.เขต": "region_director", "รองผู้ว่าการภาค": "deputy_governor",
    "สำนักงานใหญ่": "head_office",
}  # fmt: skip
_ACTING = {"ใช่": "yes", "ไม่ใช่": "no"}


class OfficerRow(StrictModel):
    """One row; cells that are empty are left out and leave what is known. `valid_to` is the last day at the post."""

    office: OfficeCode
    post: PostName
    staff_code: StaffCode
    name: OfficerName
    phone: ThaiPhone | None = None
    email: Email | None = None
    line_id: LineId | None = None
    webhook_url: WebhookUrl | None = None
    preferred: Means | None = None
    digest: Digest | None = None
    acting: Literal["yes", "no"] = "no"
    valid_from: Day | None = None
    valid_to: Day | None = None

    def wish(self) -> Wish:
        contacts = {n: getattr(self, n) for n in ("phone", "email", "line_id", "webhook_url", "preferred")}
        officer = Officer(self.staff_code, self.name, **contacts)
        seat = Seat(self.office, self.post, acting=self.acting == "yes")
        last = self.valid_to + timedelta(days=1) if self.valid_to else None
        return Wish(officer, seat, _midnight(self.valid_from), _midnight(last), self.digest)


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=BANGKOK) if day else None


def read_officers(body: bytes, *, production: bool) -> list[Line]:
    """The rows of the file. Raises Invalid when it is not one; what is wrong with a row is said of that row."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The file is not UTF-8.", code="not_utf8") from None
    if "\0" in text:
        raise Invalid("The file holds NUL.", code="not_csv")
    rows = _rows(text)
    names = _header(next(rows, (1, []))[1])
    lines = [_line(number, names, cells, production=production) for number, cells in rows if any(map(str.strip, cells))]
    if not lines:
        raise Invalid("The file has no rows.", code="empty_file")
    if len(lines) > MOST_ROWS:
        raise Invalid("The file has too many rows.", code="too_many_rows", most=MOST_ROWS)
    return lines


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


def _header(cells: list[str]) -> list[str]:
    names = [_THAI.get(cell.strip(), cell.strip().lower()) for cell in cells]
    unknown = [n for n, name in enumerate(names, 1) if name not in OfficerRow.model_fields]
    if unknown:
        raise Invalid("A column is not known.", code="unknown_column", column=unknown[0], columns=list(_THAI.values()))
    missing = [name for name in _REQUIRED if name not in names]
    if missing or len(set(names)) != len(names):
        raise Invalid("Columns are missing or stand twice.", code="bad_columns", missing=missing)
    return names


def _line(number: int, names: list[str], cells: list[str], *, production: bool) -> Line:
    if len(cells) > len(names) or any(len(cell) > LONGEST_CELL for cell in cells):
        return Line(number, None, (Fault(None, "bad_row", "The row has too many cells, or one that is too long."),))
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    for name, words in (("post", _POSTS), ("acting", _ACTING)):
        if name in values:
            values[name] = words.get(values[name], values[name])
    try:
        row = OfficerRow.model_validate(values)
    except ValidationError as error:
        return Line(number, None, tuple(_fault(dict(each)) for each in error.errors(include_input=False)))
    if production and row.webhook_url and is_loopback(row.webhook_url):
        return Line(number, None, (Fault("webhook_url", "bad_url", "A webhook of this machine is for development."),))
    return Line(number, row.wish())


def _fault(error: dict[str, Any]) -> Fault:
    place = error["loc"][0] if error["loc"] else None
    told = error["msg"] if error.get("ctx", {}).get("refused") else "This is not a value that the column takes."
    code = "missing" if error["type"] == "missing" else error["type"]
    return Fault(str(place) if place is not None else None, str(code), str(told))
