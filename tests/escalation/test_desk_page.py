"""The follow-up desk's page in a real browser: signing in, the list, what its users do, and what goes wrong."""

from datetime import timedelta

import pytest
from selenium.webdriver.common.keys import Keys

from tests.escalation.accessibility import AUDIT, FLAW
from tests.escalation.browser import Page, chromium, fill, late, page  # noqa: F401 - fixtures

LOSE_THE_FIRST_ANSWER = """
const send = window.fetch;
let lost = 0;
window.fetch = async (...request) => {
  const answer = await send(...request);
  if (request[1]?.method === "POST" && lost++ === 0) throw new TypeError("the answer was lost");
  return answer;
};
"""
HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


def chases(page: Page) -> list[tuple[str, str, str]]:
    rows = page.served.rows("SELECT whom, means, answer FROM escalation.chase ORDER BY chased_at")
    return [(row.whom, row.means, row.answer) for row in rows]


def test_signing_in_with_the_address_shows_the_list_and_takes_the_token_out_of_the_address(page: Page) -> None:
    late(page, "1102", "1148")
    page.sign_in()
    assert page.texts("#lines .number") == ["1102-2569-000001", "1148-2569-000002"]
    assert page.driver.current_url == f"{page.served.base}/escalation/desk"
    assert page.texts("#lines .urgency") == ["ยังไม่รับทราบ"] * 2
    assert "เกิน 3 วัน 17 ชม." in page.find("#lines .dates").text
    assert "2569" in page.find("#lines .dates").text
    assert page.focused().text.startswith("1102-2569-000001")


def test_a_token_is_pasted_kept_for_the_tab_only_and_dropped_on_signing_out(page: Page) -> None:
    late(page, "1102")
    page.visit()
    assert page.find("#sign-in").is_displayed()
    assert "make -s token ROLE=complaints_division" in page.find("#sign-in").text
    page.find("#token").send_keys(page.served.token("complaints_division"), Keys.TAB, Keys.ENTER)
    page.wait(lambda: page.texts("#lines .number") == ["1102-2569-000001"])
    assert page.js("return localStorage.length") == 0
    page.click("#sign-out")
    page.wait(lambda: page.find("#sign-in").is_displayed())
    assert page.js("return [sessionStorage.length, document.getElementById('token').value]") == [0, ""]
    assert not page.all("#lines li")


def test_an_expired_token_leads_back_to_signing_in_and_says_so(page: Page) -> None:
    late(page, "1102")
    page.sign_in()
    expired = page.served.token("complaints_division", lifetime=timedelta(hours=-1))
    page.js("sessionStorage.setItem('pwa-desk-token', arguments[0])", expired)
    page.keys("r")
    page.wait_for_text("#token-error", "หมดอายุ")
    assert "[token_invalid]" in page.find("#token-error").text
    assert not page.find("#desk").is_displayed()
    assert all("401" in each for each in page.complaints())


def test_whoever_may_not_read_the_list_is_told_so(page: Page) -> None:
    page.visit(f"#token={page.served.token('survey_caller')}")
    page.wait_for_text("#token-error", "ไม่มีสิทธิ์")
    assert page.js("return sessionStorage.length") == 0


def test_tabs_and_filters_choose_and_count(page: Page) -> None:
    late(page, "1102", "1148", "1148")
    page.sign_in()
    assert page.texts("#tabs .count")[:7] == ["3", "3", "0", "0", "3", "0", "0"]
    page.click("[data-view=warned]")
    page.wait_for_text("#empty", "ไม่มีเรื่องที่ใกล้ครบกำหนด")
    page.click("[data-view=late]")
    page.wait(lambda: len(page.all("#lines li")) == 3)
    assert page.find("#tabs [aria-current]").get_attribute("data-view") == "late"
    assert "กปภ.สาขาพระพุทธบาท (2)" in page.find("#f-office").text
    page.find("#f-region").send_keys("เขต 2")
    page.wait(lambda: page.texts("#lines .number") == ["1148-2569-000002", "1148-2569-000003"])
    assert page.texts("#tabs .count")[0] == "2"
    page.click("#lines .open")
    page.wait(lambda: page.find("#panel").is_displayed())
    page.keys(Keys.ESCAPE, "/", "๐๐๐๐๐๓")
    page.wait(lambda: page.texts("#lines .number") == ["1148-2569-000003"])
    page.click("#clear")
    page.wait(lambda: len(page.all("#lines li")) == 3)


def test_a_long_list_comes_in_pages_and_the_keyboard_goes_on_to_the_next(page: Page) -> None:
    late(page, "1102")
    page.served.rows(
        "INSERT INTO escalation.case_file SELECT gen_random_uuid(), '1102-2569-9' || n, receiving_region, channel,"
        " received_at, subject, severity, subject_seq, severity_seq, office, region, kind, restricted, cycle, seen_seq,"
        " last_region, last_region_seq FROM escalation.case_file, generate_series(1, 60) n RETURNING 1"
    )
    page.served.rows(
        "INSERT INTO escalation.ladder (case_id, cycle, due_at, warned_at) SELECT case_id, 1, now(), now()"
        " FROM escalation.case_file WHERE number LIKE '1102-2569-9%' RETURNING 1"
    )
    page.sign_in()
    assert page.find("#list-count").text == "แสดง 50 จาก 61 เรื่อง"
    page.js("document.querySelector('#lines li:last-child .open').focus()")
    page.keys("j")
    page.wait(lambda: len(page.all("#lines li")) == 61)
    assert not page.find("#more").is_displayed()
    assert len(set(page.texts("#lines .number"))) == 61
    assert page.js("return [...document.querySelectorAll('#lines .open')].indexOf(document.activeElement)") == 50


def test_a_chase_is_logged_with_the_keyboard_alone_and_the_keyboard_stays_in_its_place(page: Page) -> None:
    late(page, "1102", "1148", "HQ")
    page.sign_in()
    page.keys("j")
    page.wait(lambda: page.focused().text.startswith("1148"))
    page.keys("c")
    page.wait(lambda: page.focused().get_attribute("name") == "whom")
    assert page.focused().get_attribute("value") == "ผจก.กปภ.สาขาพระพุทธบาท"
    page.keys(Keys.TAB, "LINE", Keys.TAB, "รออะไหล่ เข้าซ่อมพรุ่งนี้", Keys.TAB)
    assert page.focused().get_attribute("value") == "4/2/2569"
    page.keys("๙/๒/๒๕๖๙")
    page.wait_for_text("dialog output", "จันทร์ที่ 9 กุมภาพันธ์ 2569")
    page.submit()
    page.wait(lambda: "9 ก.พ. 2569" in "".join(page.texts("#lines .dates")))
    assert chases(page) == [("ผจก.กปภ.สาขาพระพุทธบาท", "line", "รออะไหล่ เข้าซ่อมพรุ่งนี้")]
    assert page.find("#status").text == "บันทึกการติดตามแล้ว"
    assert page.texts("#lines .urgency") == ["ยังไม่รับทราบ", "ยังไม่รับทราบ", "รอตามนัด"]
    page.wait(lambda: page.focused().text.startswith("HQ"))
    page.keys(Keys.ENTER)
    page.wait(lambda: page.focused().get_attribute("id") == "panel-title")
    assert page.focused().text == "HQ-2569-000003"
    page.keys(Keys.ESCAPE)
    page.wait(lambda: page.focused().text.startswith("HQ"))


def test_the_keys_work_while_the_keyboard_is_set_to_thai_and_can_be_turned_off(page: Page) -> None:
    late(page, "1102", "1148")
    page.sign_in()

    def press(code: str, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, "code": code, "key": key})

    press("KeyJ", "่")
    page.wait(lambda: page.focused().text.startswith("1148"))
    press("KeyC", "แ")
    page.wait(lambda: page.all("dialog"))
    page.keys(Keys.ESCAPE)
    page.wait(lambda: not page.all("dialog"))
    page.keys("?")
    page.wait(lambda: page.all("dialog"))
    assert "บันทึกการติดตาม" in page.find("dialog").text
    page.click("#keys-on")
    page.keys(Keys.ESCAPE)
    page.wait(lambda: not page.all("dialog"))
    page.keys("c", "k")
    assert not page.all("dialog")
    page.js("localStorage.clear()")


def test_the_panel_tells_rungs_and_chases_and_an_acknowledgement_shows_in_it(page: Page) -> None:
    late(page, "1102")
    page.sign_in()
    page.keys(Keys.ENTER)
    page.wait(lambda: page.focused().get_attribute("id") == "panel-title")
    assert "ขั้นที่ 1 ผจก.กปภ.สาขา · แจ้งแล้ว" in page.find("#panel").text
    assert "ตำแหน่งว่าง" in page.find("#panel").text
    assert "ขั้นถัดไป 2 ผอ.กปภ.เขต" in page.find("#panel").text
    page.keys("w")
    page.wait_for_text("#why", "ให้เวลาผู้รับแจ้งขั้นก่อนหน้าดำเนินการ")
    assert "ถึงเวลาแจ้งแล้ว แต่ไม่มีผู้ดำรงตำแหน่งให้แจ้ง" in page.find("#why").text
    sound(page)
    page.keys("a")
    page.wait(lambda: page.all("dialog"))
    fill(page, note="ส่งทีมแล้ว", promised_at="5/2/69 9.30")
    page.wait_for_text("dialog output", "5 ก.พ. 2569 09:30 น.")
    page.submit()
    page.wait_for_text("#panel", "ส่งทีมแล้ว")
    assert "รับทราบแล้ว" in page.find("#lines").text
    (row,) = page.served.rows("SELECT note, promised_at FROM escalation.rung WHERE state = 'fired'")
    assert (row.note, row.promised_at.isoformat()) == ("ส่งทีมแล้ว", "2026-02-05T02:30:00+00:00")


def test_what_is_missing_or_refused_is_said_beside_its_field_in_thai(page: Page) -> None:
    late(page, "1102")
    page.sign_in()
    page.keys("c")
    page.wait(lambda: page.all("dialog"))
    fill(page, next_chase_on="31/2/2569")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_text("#error-answer", "ต้องกรอกช่องนี้")
    assert "ต้องเป็นวันนี้หรือวันข้างหน้า" in page.find("#error-next_chase_on").text
    assert page.focused().get_attribute("name") == "answer"
    fill(page, answer="โทร 081-234-5678", next_chase_on="+1")
    page.click("dialog [type=submit]")
    page.wait_for_text("#error-answer", "[personal_data_in_text]")
    assert page.find("dialog [name=answer]").get_attribute("aria-invalid") == "true"
    assert "ห้ามใส่หมายเลขโทรศัพท์" in page.find("#form-error").text
    assert all("422" in each for each in page.complaints())
    fill(page, answer="รออะไหล่")
    page.submit()
    assert [answer for _, _, answer in chases(page)] == ["รออะไหล่"]


def test_a_form_sent_twice_is_logged_once_whatever_happened_to_the_first_answer(page: Page) -> None:
    late(page, "1102")
    page.sign_in()
    page.js(LOSE_THE_FIRST_ANSWER)
    page.keys("c")
    page.wait(lambda: page.all("dialog"))
    fill(page, answer="รออะไหล่")
    page.js("const form = document.querySelector('dialog form'); form.requestSubmit(); form.requestSubmit();")
    page.wait_for_text("#form-error", "ติดต่อเครื่องแม่ข่ายไม่ได้")
    assert len(chases(page)) == 1
    page.submit()
    assert len(chases(page)) == 1
    page.wait_for_text("#status", "บันทึกการติดตามแล้ว")


def test_hostile_texts_are_shown_as_they_were_written(page: Page) -> None:
    (case,) = late(page, "1102")
    page.served.rows("UPDATE escalation.case_file SET number = :x RETURNING 1", x=f"1102 {HOSTILE}")
    page.served.rows("UPDATE escalation.office SET name_th = :x WHERE code = '1102' RETURNING 1", x=HOSTILE)
    page.served.rows("UPDATE escalation.rung SET officer_code = 'X', officer_name = :x RETURNING 1", x=HOSTILE)
    page.sign_in()
    page.keys("c")
    page.wait(lambda: page.all("dialog"))
    fill(page, whom=HOSTILE, answer=HOSTILE)
    page.submit()
    page.keys(Keys.ENTER)
    page.wait_for_text("#panel", "บันทึกการติดตาม")
    page.wait(lambda: page.find("#panel").text.count(HOSTILE) >= 4)
    assert page.js("return [window.hit ?? null, document.querySelectorAll('img, li script').length]") == [None, 0]
    assert f"1102 {HOSTILE}" in page.find("#lines").text
    assert page.js("try { document.body.innerHTML = 'x'; return 'let in' } catch (e) { return e.name }") == "TypeError"
    assert any("TrustedHTML" in each for each in page.complaints())
    assert str(case.case_id) not in page.find("#panel").text


def test_controls_of_rights_that_somebody_lacks_are_not_there(page: Page) -> None:
    late(page, "1102", "1148")
    page.sign_in("branch_staff", "1102")
    assert page.texts("#lines .number") == ["1102-2569-000001"]
    assert page.js("return [...document.querySelectorAll('#lines input')].every((box) => box.disabled)")
    page.keys("c", "a", "x", Keys.ENTER)
    page.wait(lambda: page.find("#panel").is_displayed())
    assert not page.all("dialog")
    assert page.texts("#panel [aria-label=ทำรายการ] button") == []
    assert not page.all("[data-view=review]")


@pytest.mark.parametrize("width", [360, 1280])
def test_every_part_of_the_page_is_there_for_everybody_at_any_width(page: Page, width: int) -> None:
    late(page, "1102", "1148", "HQ")
    page.size(width, 780)
    page.visit()
    page.wait(lambda: page.find("#sign-in").is_displayed())
    sound(page)
    page.sign_in()
    sound(page)
    page.keys("x")
    page.keys("c")
    page.wait(lambda: page.all("dialog"))
    sound(page)
    fill(page, answer="x" * 200)
    page.submit()
    page.wait_for_text("#lines", "รอตามนัด")
    page.all("#lines .open")[-1].click()  # what was chased now waits at the end
    page.wait_for_text("#panel", "x" * 200)
    sound(page)
    page.keys("?")
    page.wait(lambda: page.all("dialog"))
    sound(page)


def sound(page: Page) -> None:
    """Nothing is missing that somebody needs, and nothing is wider than the screen."""
    assert page.js(AUDIT) == []
    wide = "return [document.documentElement.scrollWidth, document.body.scrollWidth, window.innerWidth]"
    whole, body, seen = page.js(wide)
    assert max(whole, body) <= seen


def test_the_search_for_what_is_missing_finds_it(page: Page) -> None:
    page.visit()
    page.wait(lambda: page.find("#sign-in").is_displayed())
    page.js(FLAW)
    found = " ".join(page.js(AUDIT))
    assert "two elements are #status" in found
    assert "has no name" in found
    assert "contrast" in found


def test_where_the_keyboard_is_can_be_seen(page: Page) -> None:
    late(page, "1102")
    page.sign_in()
    page.keys(Keys.TAB)
    for _ in range(12):
        page.keys(Keys.TAB)
        style = (
            "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
        )
        line, thickness = page.js(style)
        assert line == "solid"
        assert thickness >= 2


def test_a_message_leads_to_its_case_wherever_it_stands_in_the_list(page: Page) -> None:
    first, second = late(page, "1102", "1148")
    page.visit(f"?case={second.case_id}#token={page.served.token('branch_manager', '1148')}")
    page.wait(lambda: page.focused().get_attribute("id") == "panel-title")
    assert page.find("#panel-title").text == "1148-2569-000002"
    assert "token" not in page.driver.current_url
    page.visit(f"?case={first.case_id}")
    page.wait_for_text("#status", "เรื่องนี้ไม่อยู่ในรายการติดตาม")
    assert not page.find("#panel").is_displayed()
