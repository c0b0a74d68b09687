"""The follow-up list as a spreadsheet: the same lines, in Thai, and nothing in it that runs."""

import asyncio
import io
import zipfile
from datetime import date, datetime
from typing import Any

import httpx
import openpyxl
import pytest

from services.escalation_service.api import lists
from services.escalation_service.settings import EscalationSettings
from tests.escalation.given import Case, Desk, Front
from tests.escalation.test_api import a_rung_fired
from tests.escalation.test_follow_up_list import chased, warned

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOSTILE = ['=HYPERLINK("http://evil.test","x")', "+1+1", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0", "https://evil.test"]


async def rows_of(client: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    answer = await client.get("/follow-ups.xlsx", params=filters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX), answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    head, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(head, line, strict=True)) for line in lines]


async def test_the_file_holds_the_lines_of_the_list_with_thai_headings(desk: Desk, front: Front) -> None:
    late, other = await a_rung_fired(desk), await warned(desk, "1103")
    division = front.sign_in("complaints_division")
    await chased(division, late, next_chase_on="2026-02-09")
    answer = await division.get("/follow-ups.xlsx")
    assert "follow-ups-2569-02-03.xlsx" in answer.headers["content-disposition"]
    assert answer.headers["content-disposition"].startswith("attachment; ")
    first, second = await rows_of(division)
    assert (first["เหตุเร่งด่วน"], first["รหัสหน่วยงาน"], first["หัวข้อ"]) == ("ใกล้ครบกำหนด", "1103", None)
    assert (second["เลขรับเรื่อง"], second["คำตอบล่าสุด"]) == ("HQ-2569-000001", "รับทราบแล้ว")
    assert (second["วิธีติดตาม"], second["ติดตามครั้งถัดไป"].date()) == ("โทรศัพท์", date(2026, 2, 9))
    assert isinstance(second["ครบกำหนด"], datetime)
    assert second["ครบกำหนด"] == datetime(2026, 2, 3, 9, 0)  # noqa: DTZ001 - a cell holds local time
    assert [row["รหัสหน่วยงาน"] for row in await rows_of(division, office="1103")] == ["1103"]
    assert str(other.case_id) not in answer.text


async def test_28_cells_that_begin_like_a_formula_are_inert_in_the_spreadsheet(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    for text in HOSTILE:
        await chased(division, await a_rung_fired(desk), whom=text, answer=text)
    answer = await division.get("/follow-ups.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value in HOSTILE]
    assert len(cells) == 2 * len(HOSTILE)
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert all(cell.quotePrefix and cell.hyperlink is None for cell in cells)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not any("rels" in name and "worksheets" in name for name in parts.namelist())
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


async def test_a_list_too_long_for_one_file_is_refused_and_a_narrower_one_is_not(desk: Desk, front: Front) -> None:
    for office in ("1102", "1102", "1103"):
        await warned(desk, office)
    object.__setattr__(front.app.state.context, "settings", EscalationSettings(export_rows=2))
    division = front.sign_in("complaints_division")
    refused = await division.get("/follow-ups.xlsx")
    assert (refused.status_code, refused.json()["code"]) == (422, "export_too_large")
    assert refused.json()["facts"] == {"lines": 3, "most": 2}
    assert len(await rows_of(division, office="1102")) == 2


async def test_an_export_is_on_the_audit_trail_and_an_empty_one_is_a_file_too(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    assert await rows_of(division) == []
    (row,) = await desk.rows("SELECT actor, facts FROM escalation.audit WHERE action = 'export_follow_ups'")
    assert (row.actor, row.facts) == ("dev-complaints_division", {"lines": 0})


async def test_many_exports_at_once_are_put_off_not_piled_up(desk: Desk, front: Front) -> None:
    await warned(desk)
    division = front.sign_in("complaints_division")
    answers = await asyncio.gather(*(division.get("/follow-ups.xlsx") for _ in range(4)))
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 503}
    assert statuses[0] == 200
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert lists._writing == []
    assert (await division.get("/follow-ups.xlsx")).status_code == 200


async def test_a_long_list_is_written_in_batches_and_whole(desk: Desk, front: Front) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.warned(desk.now, desk.now))
    await desk.rows(
        "INSERT INTO escalation.case_file SELECT gen_random_uuid(), '1102-2569-' || n, receiving_region, channel,"
        " received_at, subject, severity, subject_seq, severity_seq, office, region, kind, restricted, cycle, seen_seq,"
        " last_region, last_region_seq FROM escalation.case_file, generate_series(1, 1300) n RETURNING 1"
    )
    await desk.rows(
        "INSERT INTO escalation.ladder (case_id, cycle, due_at, warned_at) SELECT case_id, 1, now(), now()"
        " FROM escalation.case_file WHERE number LIKE '1102-%' RETURNING 1"
    )
    rows = await rows_of(front.sign_in("complaints_division"))
    assert len(rows) == 1301
    assert [row["ลำดับ"] for row in rows] == list(range(1, 1302))
    assert len({row["เลขรับเรื่อง"] for row in rows}) == 1301


@pytest.mark.parametrize("role", ["survey_caller", "committee", "ois", "operator", "policy_editor", "channel_adapter"])
async def test_whoever_may_not_read_the_list_may_not_export_it(front: Front, role: str) -> None:
    reader = front.sign_in(role)
    for path in ("/follow-ups", "/follow-ups/counts", "/follow-ups.xlsx"):
        assert (await reader.get(path)).status_code == 403
