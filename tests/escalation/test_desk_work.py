"""The follow-up desk's page in a real browser: acknowledging many, reviewing messages, files, dates in Thai."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from selenium.webdriver.common.keys import Keys

from tests.escalation.browser import Page, chromium, fill, late, page  # noqa: F401 - fixtures
from tests.escalation.mailroom import DIRECTOR, GOVERNOR
from tests.escalation.test_desk_page import sound

READ = "const [name, text] = arguments; return import('/escalation/desk/dates.js').then((dates) => dates[name](text));"


def acknowledged(page: Page) -> int:
    (row,) = page.served.rows("SELECT count(acknowledged_at) AS n FROM escalation.rung WHERE state = 'fired'")
    return int(row.n)


def test_many_are_acknowledged_at_once_and_those_refused_are_named(page: Page) -> None:
    first, _, _ = late(page, "1102", "1103", "1148")
    page.sign_in()
    page.keys("x", "j", "x")
    assert page.find("#selected").text == "เลือก 2 เรื่อง"
    page.served.rows(
        "UPDATE escalation.rung SET acknowledged_at = now(), acknowledged_by = 'manager' WHERE case_id = :x"
        " RETURNING 1", x=first.case_id,
    )  # fmt: skip
    page.chord(Keys.SHIFT, "a")
    page.wait(lambda: page.all("dialog"))
    assert "รับทราบ 2 เรื่อง" in page.find("dialog h2").text
    fill(page, note="รับทราบพร้อมกัน")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_text("dialog h2", "รับทราบไม่สำเร็จ 1 เรื่อง")
    assert "1102-2569-000001: ขั้นนี้มีผู้รับทราบแล้ว [already_acknowledged]" in page.find("dialog").text
    page.keys(Keys.ESCAPE)
    page.wait(lambda: not page.all("dialog"))
    assert acknowledged(page) == 2
    assert page.find("#status").text == "รับทราบแล้ว 1 เรื่อง"
    assert not page.find("#selection").is_displayed()
    rows = page.served.rows("SELECT note FROM escalation.rung WHERE note IS NOT NULL")
    assert [row.note for row in rows] == ["รับทราบพร้อมกัน"]


MARK = """const [real] = arguments; return import('/escalation/desk/state.js').then(({ state }) => {
    const [mine, ...others] = [real, ...Array.from({ length: 100 }, () => crypto.randomUUID())];
    for (const one of [...others, mine]) state.selected.set(one, { case_id: one, rung: 1, number: one });
});"""


def test_more_marks_than_the_api_takes_at_once_are_all_sent(page: Page) -> None:
    (case,) = late(page, "1102")
    page.sign_in()
    page.js(MARK, str(case.case_id))
    page.chord(Keys.SHIFT, "a")
    page.wait(lambda: page.all("dialog"))
    assert "รับทราบ 101 เรื่อง" in page.find("dialog h2").text
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_text("dialog h2", "รับทราบไม่สำเร็จ 100 เรื่อง")
    assert acknowledged(page) == 1


def test_the_officer_of_a_post_acknowledges_promises_and_takes_over(page: Page) -> None:
    late(page, "1102")
    page.sign_in("branch_manager", "1102")
    page.keys("a")
    page.wait(lambda: page.all("dialog"))
    page.submit()
    page.wait_for_text("#status", "บันทึกการรับทราบแล้ว")
    page.wait_for_text("#lines", "1 · รับทราบแล้ว")
    assert acknowledged(page) == 1
    page.keys(Keys.ENTER)
    page.wait(lambda: page.find("#panel").is_displayed())
    assert page.texts("#panel [aria-label=ทำรายการ] button") == ["นัดแล้วเสร็จ p", "มอบหมาย", "รับมาดูแลเอง"]
    page.keys("p")
    page.wait(lambda: page.all("dialog"))
    fill(page, promised_at="6/2/2569")
    page.submit()
    page.wait_for_text("#lines", "6 ก.พ. 2569 16:30 น.")


def test_a_rung_is_handed_over_and_taken_over_with_a_reason(page: Page) -> None:
    late(page, "1102")
    page.served.do(page.served.desk.staff("R01", {"region_director": DIRECTOR}))
    page.sign_in()
    page.keys(Keys.ENTER)
    page.wait(lambda: page.find("#panel").is_displayed())
    page.all("#panel [aria-label=ทำรายการ] button")[3].click()
    page.wait(lambda: page.all("dialog"))
    fill(page, to_staff_code="PWA-404", reason="ไปราชการ")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_text("#form-error", "ไม่มีพนักงานรหัสนี้ [unknown_officer]")
    assert all("422" in each for each in page.complaints())
    fill(page, to_staff_code="PWA-2")
    page.submit()
    page.wait_for_text("#panel", "มอบให้\nสมหญิง ตัวอย่าง (PWA-2)")
    assert "ผู้ดูแลขณะนี้\nสมหญิง ตัวอย่าง (PWA-2)" in page.find("#panel").text
    page.all("#panel [aria-label=ทำรายการ] button")[4].click()
    page.wait(lambda: page.all("dialog"))
    fill(page, reason="กสส. เร่งรัดเอง")
    page.submit()
    page.wait_for_text("#panel", "(dev-complaints_division)")
    rows = page.served.rows("SELECT kind, note FROM escalation.answer ORDER BY answered_at")
    assert {(row.kind, row.note) for row in rows} >= {("hand_over", "ไปราชการ"), ("take_over", "กสส. เร่งรัดเอง")}
    sound(page)


def held(page: Page, offices: str, *more: str) -> None:
    """Cases whose third rung has fired: the messages to the deputy governor wait for review."""
    page.served.rows("UPDATE escalation.rung_definition SET review = true WHERE post = 'deputy_governor' RETURNING 1")
    page.served.do(page.served.desk.staff("D3", {"deputy_governor": GOVERNOR}))
    late(page, offices, *more)
    for _ in range(3):
        page.served.do(page.served.desk.advance(hours=25))


def states(page: Page) -> list[tuple[str, str | None]]:
    rows = page.served.rows(
        "SELECT state, decided_reason FROM escalation.message WHERE recipient = 'PWA-3' ORDER BY state"
    )
    return [(row.state, row.decided_reason) for row in rows]


@pytest.mark.parametrize("width", [360, 1280])
def test_messages_to_a_deputy_governor_are_read_then_sent_or_kept_back(page: Page, width: int) -> None:
    held(page, "1102", "1103")
    assert states(page) == [("held", None)] * 2
    page.size(width, 780)
    page.sign_in()
    page.wait(lambda: page.find("[data-view=review] .count").text == "2")
    page.keys("8")
    page.wait(lambda: len(page.all("#lines .message")) == 2)
    assert "สมศักดิ์ ตัวอย่าง (PWA-3)" in page.find("#lines").text
    sound(page)
    page.click("#lines .open")
    page.wait(lambda: page.all("dialog"))
    assert "-2569-00000" in page.find("dialog .reading").text
    sound(page)
    page.submit()
    page.wait(lambda: len(page.all("#lines .message")) == 1)
    page.all("#lines .message button")[1].click()
    page.wait(lambda: page.all("dialog"))
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_text("#error-reason", "ต้องกรอกช่องนี้")
    fill(page, reason="สาขาชี้แจงแล้ว")
    page.submit()
    page.wait_for_text("#empty", "ไม่มีข้อความรอตรวจ")
    assert states(page) == [("rejected", "สาขาชี้แจงแล้ว"), ("waiting", None)]
    page.wait(lambda: page.find("[data-view=review] .count").text == "0")


def saved(page: Page) -> list[Path]:
    return [path for path in page.downloads.glob("*.xlsx") if path.stat().st_size]


def test_the_list_on_the_screen_is_saved_as_a_spreadsheet(page: Page) -> None:
    late(page, "1102", "1148", "1148")
    page.sign_in()
    page.find("#f-region").send_keys("เขต 2")
    page.wait(lambda: len(page.all("#lines li")) == 2)
    page.click("#export")
    page.wait(lambda: saved(page))
    (file,) = saved(page)
    assert file.name == "รายการติดตาม-2569-02-03.xlsx"
    page.wait_for_text("#status", "บันทึกไฟล์")
    head, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    shown = [row[head.index("เลขรับเรื่อง")] for row in rows]
    assert shown == page.texts("#lines .number") == ["1148-2569-000002", "1148-2569-000003"]


def test_dates_are_read_and_written_in_the_buddhist_era(page: Page) -> None:
    page.sign_in()
    table: list[tuple[str, Any, Any]] = [
        ("parseDay", "4/2/2569", "2026-02-04"), ("parseDay", "4-2-69", "2026-02-04"),
        ("parseDay", "๔/๒/๒๕๖๙", "2026-02-04"),
        ("parseDay", "+1", "2026-02-04"), ("parseDay", "2/2", "2027-02-02"), ("parseDay", "3/2", "2026-02-03"),
        ("parseDay", "29/2/2571", "2028-02-29"), ("parseDay", "29/2/2569", None), ("parseDay", "4/2/2026", None),
        ("parseDay", "31/4", None), ("parseDay", "0/1/2569", None), ("parseDay", "พรุ่งนี้", None),
        ("parseInstant", "4/2/2569", "2026-02-04T16:30:00+07:00"),
        ("parseInstant", "4/2 9.05", "2026-02-04T09:05:00+07:00"),
        ("parseInstant", "4/2/2569 24:00", None), ("parseInstant", "+2 ๘:๐๐", "2026-02-05T08:00:00+07:00"),
        ("instant", "2026-12-31T17:30:00Z", "1 ม.ค. 2570 00:30\u00a0น."), ("instant", None, ""),
        ("day", "2026-02-03", "3 ก.พ. 2569"), ("typed", "2026-02-04", "4/2/2569"), ("duration", 51, "2 วัน 3 ชม."),
        ("duration", 0, "0 ชม."), ("duration", 24, "1 วัน"),
    ]  # fmt: skip
    assert [(name, text, page.js(READ, name, text)) for name, text, _ in table] == table
    assert page.js("return import('/escalation/desk/dates.js').then((dates) => dates.nextWeekday())") == "2026-02-04"
    page.served.desk.clock.advance(timedelta(days=3))
    page.keys("r")
    asked = "return import('/escalation/desk/dates.js').then((dates) => dates.nextWeekday())"
    page.wait(lambda: page.js(asked) == "2026-02-09")
