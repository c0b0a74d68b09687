"""Texts: every state × audience is decided, nothing empty goes out (failures.md 6, 10 and 12)."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from services.survey_service import texts
from services.survey_service.domain import audience
from services.survey_service.texts import facts, render
from shared.gateways.templates import EmptyText, fill
from shared.kernel.errors import Invalid
from shared.kernel.fiscal import midnight

VALUES = facts("1102-2569-000001", midnight(date(2026, 2, 3)), "ซ่อมท่อ", None, None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(texts.FOLDER, tmp_path / "templates"))


def test_every_state_and_audience_has_a_template_or_an_explicit_none(folder: Path) -> None:
    assert texts.problems() == []
    (folder / "resolved.line.txt").unlink()
    assert any("resolved.line" in each for each in texts.problems(folder))


def test_a_state_that_nobody_decided_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    undecided = {pair: name for pair, name in audience.NOTICES.items() if pair != ("reopened", "branch")}
    monkeypatch.setattr(texts, "NOTICES", undecided)
    assert texts.problems() == ["no template and no explicit none: reopened × branch"]


@pytest.mark.parametrize("written", ["", " \n ", "{% if false %}x{% endif %}", "{{ unknown_fact }}", "{% broken"])
def test_an_empty_or_broken_template_is_refused_before_sending_and_found_by_the_check(
    folder: Path, written: str
) -> None:
    (folder / "resolved.sms.txt").write_text(written)
    with pytest.raises(Invalid):
        render("resolved", "customer", "sms", VALUES, folder=folder)
    assert any("resolved.sms" in each for each in texts.problems(folder))


def test_a_template_cannot_reach_into_python(folder: Path) -> None:
    (folder / "resolved.sms.txt").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(Invalid):
        render("resolved", "customer", "sms", VALUES, folder=folder)


def test_what_people_wrote_is_one_line_and_is_not_a_template() -> None:
    written = facts("1", midnight(date(2026, 2, 3)), "ซ่อม\n\nด่วน: โอนเงิน {{ 7*7 }}", None, None)
    text = render("resolved", "customer", "line", written).plain
    assert "สิ่งที่ดำเนินการ: ซ่อม ด่วน: โอนเงิน {{ 7*7 }}" in text


def test_dates_are_written_in_the_buddhist_era() -> None:
    assert "3 ก.พ. 2569" in render("resolved", "customer", "sms", VALUES).plain


def test_blank_is_empty(folder: Path) -> None:
    (folder / "resolved.sms.txt").write_text("\n\t ")
    with pytest.raises(EmptyText):
        fill(folder, "resolved", "sms", VALUES)
