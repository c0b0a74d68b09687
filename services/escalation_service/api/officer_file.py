"""A CSV file of officers: who holds which post, with contacts and leave."""

from typing import Literal

from pydantic import model_validator

from services.escalation_service.api.models import OfficerName, StaffCode
from services.escalation_service.api.office_models import OfficeNumber, PostName
from services.escalation_service.api.officer_models import Digest, LineId, Means, WebhookUrl, is_loopback
from services.escalation_service.api.table_file import Cells, beginning_of, end_of, parsed, read_table
from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.roster import Away, Seat, Wish
from services.escalation_service.use_cases.lines import Fault, Line
from shared.web import refuse
from shared.web.types import Day, Email, StrictModel, ThaiPhone

_REQUIRED = ("office", "post", "staff_code", "name")
_THAI = {
    "รหัสหน่วยงาน": "office", "ตำแหน่ง": "post", "รหัสพนักงาน": "staff_code", "ชื่อ": "name", "โทรศัพท์": "phone",
    "อีเมล": "email", "ไลน์": "line_id", "เว็บฮุก": "webhook_url", "ช่องทางหลัก": "preferred", "รวมข้อความ": "digest",
    "รักษาการ": "acting", "ตั้งแต่วันที่": "valid_from", "ถึงวันที่": "valid_to", "ลาตั้งแต่วันที่": "leave_from",
    "ลาถึงวันที่": "leave_to",
}  # fmt: skip
_POSTS = {
    "ผจก.กปภ.สาขา": "branch_manager", "ผอ.กปภ.เขต": "region_director", "รองผู้ว่าการภาค": "deputy_governor",
    "สำนักงานใหญ่": "head_office",
}  # fmt: skip
_ACTING = {"ใช่": "yes", "ไม่ใช่": "no"}


class OfficerRow(StrictModel):
    """One row; cells that are empty are left out and leave what is known. The last day of a range is part of it."""

    office: OfficeNumber
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
    leave_from: Day | None = None
    leave_to: Day | None = None

    @model_validator(mode="after")
    def _leave_has_both_ends(self) -> "OfficerRow":
        if (self.leave_from is None) != (self.leave_to is None):
            raise refuse("half_a_leave", "A leave has a first and a last day.")
        if self.leave_from and self.leave_to and self.leave_to < self.leave_from:
            raise refuse("ends_before_it_begins", "A leave ends after it began.")
        return self

    def wish(self) -> Wish:
        contacts = {n: getattr(self, n) for n in ("phone", "email", "line_id", "webhook_url", "preferred")}
        officer = Officer(self.staff_code, self.name, **contacts)
        seat = Seat(self.office, self.post, acting=self.acting == "yes")
        begin, end = beginning_of(self.leave_from), end_of(self.leave_to)
        away = Away(begin, end) if begin and end else None
        return Wish(officer, seat, beginning_of(self.valid_from), end_of(self.valid_to), self.digest, away)


def read_officers(body: bytes, *, production: bool) -> list[Line[Wish]]:
    """The rows of the file. Raises Invalid when it is not one; what is wrong with a row is said of that row."""
    return [_line(number, cells, production=production) for number, cells in read_table(body, _THAI, _REQUIRED)]


def _line(number: int, cells: Cells | None, *, production: bool) -> Line[Wish]:
    row = parsed(OfficerRow, cells and _in_english(cells))
    if isinstance(row, tuple):
        return Line(number, None, row)
    if production and row.webhook_url and is_loopback(row.webhook_url):
        return Line(number, None, (Fault("webhook_url", "bad_url", "A webhook of this machine is for development."),))
    return Line(number, row.wish())


def _in_english(cells: Cells) -> Cells:
    words = {"post": _POSTS, "acting": _ACTING}
    return {name: words.get(name, {}).get(cell, cell) for name, cell in cells.items()}
