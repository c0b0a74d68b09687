"""Strict types: what is cleaned, what is refused, and what is left exactly as it came."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from shared.kernel.errors import Invalid
from shared.testing.start import START
from shared.web.text_rules import clean_text, like_literal, mask_phone
from shared.web.types import (
    BranchCode,
    Day,
    Email,
    Instant,
    OfficeCode,
    PublicText,
    StrictModel,
    SubjectCode,
    ThaiPhone,
    line,
    public_text,
    received_window,
    text,
)


def code_of(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    return str(refused.value.errors()[0]["type"])


def read(kind: Any, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    "written",
    [
        "081-234-5678",
        "0812345678",
        "๐๘๑ ๒๓๔ ๕๖๗๘",
        "+66812345678",
        "+66 (0)81 234 5678",
        "66812345678",
        "0066 81-234-5678",
        " 081.234.5678 ",
        "０８１２３４５６７８",
        "081–234–5678",
    ],
)
def test_a_thai_mobile_number_is_one_number_however_it_is_written(written: str) -> None:
    assert read(ThaiPhone, written) == "+66812345678"


def test_a_landline_has_one_digit_less() -> None:
    assert read(ThaiPhone, "02-551-8000") == "+6625518000"
    assert read(ThaiPhone, "055 123 456") == "+6655123456"


@pytest.mark.parametrize("masked", ["08x-xxx-1234", "08X-XXX-1234", "081-***-5678", "08xxxxxxxx", "081•••5678"])
def test_a_masked_phone_is_refused_and_never_stored_over_the_real_one(masked: str) -> None:
    assert code_of(ThaiPhone, masked) == "masked_value"


@pytest.mark.parametrize(
    "nonsense",
    [
        "1662",
        "12345",
        "0000000000",
        "0112345678",
        "081234567",
        "08123456789",
        "โทรกลับ",
        "+1 202 555 0100",
        "081-234-5678 ต่อ 2",
        "",
        "+",
        "0812345678,0898765432",
    ],
)
def test_what_is_no_thai_number_is_refused(nonsense: str) -> None:
    assert code_of(ThaiPhone, nonsense) == "bad_phone"


def test_what_a_list_shows_is_refused_when_it_is_written_back() -> None:
    assert mask_phone("+66812345678") == "08x-xxx-5678"
    assert code_of(ThaiPhone, mask_phone("+66812345678")) == "masked_value"
    assert code_of(ThaiPhone, mask_phone("+6625518000")) == "masked_value"


def test_an_address_is_lower_case_and_plain() -> None:
    assert read(Email, " Somchai@Example.CO.TH ") == "somchai@example.co.th"
    for bad in ("a@b", "a b@c.th", "a@b.th\nBcc: x@y.th", "a..b@c.th", ".a@b.th", "@b.th", "a@-b.th", "ก@ข.ไทย"):
        assert code_of(Email, bad) == "bad_email"
    assert code_of(Email, "s***@example.com") == "masked_value"


def test_text_is_composed_and_cleaned() -> None:
    assert clean_text("น้ํา") == clean_text("นํ้า") == "น้ำ"
    assert clean_text("e\u0301") == "é"
    assert clean_text(" ก\r\nข\u2028ค\t1 ") == "ก\nข\nค\t1"
    assert clean_text("a\u202e\u200b\ufeff\x07\x9fb") == "ab"
    assert clean_text("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
    assert read(Annotated[str, line(20)], " สมชาย\n  ใจดี ") == "สมชาย ใจดี"


@given(st.text(min_size=1, max_size=200))
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    try:
        once = clean_text(value)
    except Exception as error:  # noqa: BLE001 - refused is fine, as long as it is the rule's refusal
        assert "nothing that can be read" in str(error)  # noqa: PT017
        return
    assert clean_text(once) == once
    assert "\0" not in once
    assert once.encode("utf-8").decode("utf-8") == once


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u200b", "\u3164", "\u00a0\u2003", "\u2800", "\ufeff\u202e"])
def test_only_blank_text_is_refused(blank: str) -> None:
    assert code_of(Annotated[str, text(10)], blank) == "blank_text"


def test_a_text_may_be_as_long_as_it_says_and_no_longer() -> None:
    ten = Annotated[str, text(10)]
    assert read(ten, "ก" * 10) == "ก" * 10
    assert code_of(ten, "ก" * 11) == "string_too_long"
    assert code_of(ten, "\u0958" * 10) == "string_too_long"  # each becomes two characters in NFC


@pytest.mark.parametrize(
    "personal",
    [
        "โทร 0812345678 ค่ะ",
        "ติดต่อ ๐๘๑-๒๓๔-๕๖๗๘",
        "+66 81 234 5678",
        "+66812345678",
        "บ้าน 02-551-8000",
        "บัตร 1-1014-00123-45-6",
        "1101400123456",
        "เมล somchai@example.com",
        "081 234  5678",
        "(081) 234-5678",
        "081/2345678",
    ],
)
def test_a_text_that_travels_holds_no_personal_data(personal: str) -> None:
    assert code_of(PublicText, personal) == "personal_data_in_text"


@pytest.mark.parametrize(
    "plain",
    [
        "ท่อขนาด 100 มม. แตก 2 จุด",
        "1102-2569-000001",
        "เปลี่ยนมาตร 12345678",
        "ซ่อมเสร็จ 03/02/2569 เวลา 09.30 น.",
        "ราคา 1,234,567 บาท",
        "2026-02-03T09:00:00+07:00",
        "พิกัด 13.756331, 100.501765",
        "เลขที่ 99/123 หมู่ 4",
        "@หน้าบ้าน",
    ],
)
def test_a_text_that_travels_may_hold_numbers(plain: str) -> None:
    assert read(PublicText, plain) == plain


def test_public_text_is_cleaned_like_any_other() -> None:
    assert read(Annotated[str, public_text(20)], " น้ํา ") == "น้ำ"


def test_an_instant_is_kept_in_utc() -> None:
    assert read(Instant, "2026-02-03T09:00:00+07:00") == datetime(2026, 2, 3, 2, tzinfo=UTC)
    assert read(Instant, "2026-02-03t02:00:00.123456z") == datetime(2026, 2, 3, 2, 0, 0, 123456, tzinfo=UTC)
    assert read(Instant, START) == START
    assert TypeAdapter(Instant).dump_json(START) == b'"2026-02-03T02:00:00Z"'


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("2026-02-03T09:00:00", "naive_time"),
        ("2026-02-03", "bad_time"),
        (1_770_000_000, "bad_time"),
        ("1770000000", "bad_time"),
        (True, "bad_time"),
        (None, "bad_time"),
        ("2026-13-01T00:00:00Z", "bad_time"),
        ("2026-02-03T25:00:00Z", "bad_time"),
        ("2026-02-03T09:00:00+99:00", "bad_time"),
        ("๒๐๒๖-๐๒-๐๓T09:00:00Z", "bad_time"),
        ("2569-02-03T09:00:00+07:00", "buddhist_era_year"),
        ("1999-12-31T23:59:59Z", "absurd_time"),
    ],
)
def test_a_time_that_is_none_is_refused(written: object, code: str) -> None:
    assert code_of(Instant, written) == code


def test_a_day_is_a_day_of_the_common_era() -> None:
    assert read(Day, "2026-02-03") == date(2026, 2, 3)
    for bad in ("2026-02-30", "03/02/2026", 20260203, START, "2026-02-03T00:00:00Z"):
        assert code_of(Day, bad) == "bad_day"
    assert code_of(Day, "2569-02-03") == "buddhist_era_year"


def test_a_receipt_lies_between_thirty_days_ago_and_five_minutes_ahead() -> None:
    for at in (START - timedelta(days=30), START, START + timedelta(minutes=5)):
        assert received_window(at, START) == at
    for at in (START - timedelta(days=30, seconds=1), START + timedelta(minutes=5, seconds=1)):
        with pytest.raises(Invalid) as refused:
            received_window(at, START)
        assert refused.value.reason_code == "received_at_out_of_window"


def test_offices_and_branches_are_those_that_exist_and_subjects_are_written_like_some() -> None:
    assert [read(OfficeCode, code) for code in ("HQ", "R10", "D5")] == ["HQ", "R10", "D5"]
    assert read(SubjectCode, "W09") == "W09"
    for kind, bad, code in (
        (OfficeCode, "R11", "unknown_office"),
        (OfficeCode, "D6", "unknown_office"),
        (OfficeCode, "hq", "unknown_office"),
        (BranchCode, "HQ", "unknown_branch"),
        (BranchCode, "0000", "unknown_branch"),
        (SubjectCode, "nothing", "unknown_subject"),
        (SubjectCode, "W09'--", "unknown_subject"),
    ):
        assert code_of(kind, bad) == code


class Part(StrictModel):
    """A part."""

    size: int | None = None


class Whole(StrictModel):
    """A model with everything that JSON writes as a text or a list."""

    type: str = "x"
    id: UUID | None = None
    numbers: tuple[int, ...] = ()
    parts: list[Part] = Field(default_factory=list)
    table: dict[str, int] = Field(default_factory=dict)
    ratio: float = 0.0
    sure: bool = False


def test_a_strict_model_takes_what_json_can_write() -> None:
    made = Whole.model_validate(
        {"id": "0198c7b2-0000-7000-8000-000000000001", "numbers": [1, 2], "parts": [{"size": 1}], "ratio": 1}
    )
    assert (made.id, made.numbers, made.parts[0].size) == (UUID("0198c7b2-0000-7000-8000-000000000001"), (1, 2), 1)


@pytest.mark.parametrize(
    "bad",
    [
        {"numbers": ["1"]},
        {"numbers": [True]},
        {"parts": [{"size": "1"}]},
        {"parts": [{"size": False}]},
        {"table": {"a": "1"}},
        {"ratio": "0.5"},
        {"ratio": True},
        {"ratio": float("nan")},
        {"sure": "true"},
        {"sure": 0},
        {"type": 1},
        {"parts": [{"weight": 1}]},
    ],
)
def test_a_strict_model_never_guesses_at_any_depth(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Whole.model_validate(bad)


def test_a_strict_model_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Whole().sure = True  # type: ignore[misc]


def test_wildcards_of_a_search_stand_for_themselves() -> None:
    assert like_literal(r"50%_a\b") == r"50\%\_a\\b"
