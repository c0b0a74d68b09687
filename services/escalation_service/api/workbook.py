"""The follow-up list as a spreadsheet: Thai headings, Buddhist-era dates, and no cell that runs."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from services.escalation_service.api.list_models import FollowUp, follow_up
from shared.db import Row
from shared.kernel.clock import BANGKOK
from shared.kernel.fiscal import thai_date

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORDS: dict[str, dict[str, str]] = json.loads((Path(__file__).parents[1] / "desk" / "words.json").read_text("utf-8"))
# Calendar 07 of LCID 041E: a spreadsheet shows 4 ก.พ. 2569 and still sorts and subtracts a real date.
_DAY, _INSTANT = "[$-107041E]d mmm yyyy;@", "[$-107041E]d mmm yyyy h:mm;@"
_CHUNK = 65_536
_COLUMNS: Sequence[tuple[str, int]] = (
    ("ลำดับ", 7), ("เหตุเร่งด่วน", 20), ("เลขรับเรื่อง", 19), ("รหัสหน่วยงาน", 11), ("หน่วยงาน", 28), ("เขต", 6), ("ประเภท", 14),
    ("หัวข้อ", 30), ("ความรุนแรง", 11), ("ช่องทาง", 16), ("รอบที่", 7), ("รับเรื่องเมื่อ", 19), ("ครบกำหนด", 19),
    ("เกินกำหนด (ชั่วโมง)", 12), ("สถานะการแจ้งผู้บังคับบัญชา", 18), ("ขั้นที่แจ้งล่าสุด", 10), ("แจ้งเมื่อ", 19), ("รับทราบเมื่อ", 19),
    ("ขั้นถัดไป", 9), ("กำหนดแจ้งขั้นถัดไป", 19), ("นัดแล้วเสร็จ", 19), ("ผิดนัด", 8), ("ซ่อมแล้ว", 9), ("ติดตามล่าสุดเมื่อ", 19),
    ("ติดตามใคร", 24), ("วิธีติดตาม", 12), ("คำตอบล่าสุด", 40), ("ติดตามครั้งถัดไป", 14),
)  # fmt: skip


def _word(table: str, key: str | None) -> str | None:
    return _WORDS[table].get(key, key) if key is not None else None


def _yes(value: bool | None) -> str | None:
    return None if value is None else ("ใช่" if value else "ไม่")


def _cells(nr: int, line: FollowUp, row: Row[Any]) -> Sequence[object]:
    return (
        nr, _word("urgencies", line.urgency), line.number, line.office, line.office_name, line.region,
        _word("kinds", line.kind), line.subject_name or line.subject, _word("severities", line.severity),
        _word("channels", line.channel), line.cycle, line.received_at, line.due_at, line.hours_overdue,
        _word("ladders", line.ladder), line.rung or None, line.rung_fired_at, line.acknowledged_at, line.next_rung,
        line.next_rung_at, line.promised_at, _yes(line.promise_broken), _yes(line.repaired), line.last_chased_at,
        row.whom, _word("means", row.means), row.answer, line.next_chase_on,
    )  # fmt: skip


class _Sheet:
    """A workbook that is written row by row: what was written leaves memory."""

    def __init__(self, file: IO[bytes], folder: str, now: datetime, asked_by: str) -> None:
        self.now = now
        self.rows = 0
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = xlsxwriter.Workbook(file, options)
        self.book.set_properties({"title": "รายการติดตามเรื่องร้องเรียน", "author": asked_by})
        # The prefix keeps a text that begins like a formula a text, even after somebody edits the cell.
        self.text = self.book.add_format({"num_format": "@", "quote_prefix": True, "valign": "top"})
        self.day = self.book.add_format({"num_format": _DAY, "valign": "top"})
        self.instant = self.book.add_format({"num_format": _INSTANT, "valign": "top"})
        self.sheet = self.book.add_worksheet("รายการติดตาม")
        self._head()

    def _head(self) -> None:
        bold = self.book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#DCE8F2"}
        )
        for column, (title, width) in enumerate(_COLUMNS):
            self.sheet.set_column(column, column, width)
            self.sheet.write_string(0, column, title, bold)
        self.sheet.freeze_panes(1, 3)

    def add(self, batch: Sequence[Row[Any]]) -> None:
        for row in batch:
            self.rows += 1
            line = follow_up(row, self.now, row.office_name)
            for column, value in enumerate(_cells(self.rows, line, row)):
                self._write(column, value)

    def _write(self, column: int, value: object) -> None:
        if value is None:
            return
        if isinstance(value, datetime):
            local = value.astimezone(BANGKOK).replace(tzinfo=None, microsecond=0)
            self.sheet.write_datetime(self.rows, column, local, self.instant)
        elif isinstance(value, date):
            self.sheet.write_datetime(self.rows, column, value, self.day)
        elif isinstance(value, int):
            self.sheet.write_number(self.rows, column, value)
        else:
            self.sheet.write_string(self.rows, column, str(value), self.text)

    def close(self) -> None:
        self.sheet.autofilter(0, 0, self.rows, len(_COLUMNS) - 1)
        local = self.now.astimezone(BANGKOK)
        note = f"&Lข้อมูล ณ {thai_date(local.date())} {local:%H:%M} น.&Rหน้า &P/&N"
        self.sheet.set_footer(note)
        self.book.close()


async def workbook_of(batches: AsyncIterator[Sequence[Row[Any]]], now: datetime, asked_by: str) -> IO[bytes]:
    """The finished file, at its beginning; it has no name on the disk and is gone when closed."""
    with ExitStack() as undo:
        folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="pwa-export-"))
        file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on open
        with ExitStack() as failed:
            failed.callback(file.close)
            sheet = _Sheet(file, folder, now, asked_by)
            failed.callback(_give_up, sheet)
            async for batch in batches:
                await asyncio.to_thread(sheet.add, batch)
            await asyncio.to_thread(sheet.close)
            failed.pop_all()
    file.seek(0)
    return file


def _give_up(sheet: _Sheet) -> None:
    with suppress(Exception):
        sheet.book.close()


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """The file piece by piece, closed at the end."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
