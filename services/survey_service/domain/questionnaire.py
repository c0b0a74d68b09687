"""The questionnaire and the checklist of standards: what is asked of whom, and what an answer means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.survey_service.domain.case import CONTACT_CENTER
from services.survey_service.domain.rules import BadRules
from shared.kernel.errors import Invalid

# The five questions that the published answers know (shared.contracts.survey.SurveyAnswered).
QUESTIONS = ("channel_convenience", "channel_variety", "speed", "repair", "contact_center")
ABOUT = ("intake", "contact_center_1662", "branch_team")
SCALE = range(1, 6)
CODE_LENGTH = 40  # what an answer's code may be as well


class WrongAnswers(Invalid):
    """The answers do not fit the questionnaire."""

    code = "wrong_answers"


@dataclass(frozen=True)
class Question:
    """One question on the 1-5 scale."""

    key: str
    text_th: str
    required: bool
    only_contact_center: bool


@dataclass(frozen=True)
class Questionnaire:
    """One version of the questions."""

    version: str
    questions: tuple[Question, ...]

    def asked(self, *, by_contact_center: bool) -> tuple[Question, ...]:
        return tuple(each for each in self.questions if by_contact_center or not each.only_contact_center)

    def accept(self, answers: Mapping[str, int | None], *, by_contact_center: bool) -> dict[str, int]:
        """The given answers when they fit: asked questions only, required ones present, each from 1 to 5."""
        asked = {each.key: each for each in self.asked(by_contact_center=by_contact_center)}
        given = {key: value for key, value in answers.items() if value is not None}
        if stray := sorted(given.keys() - asked.keys()):
            raise WrongAnswers("A question that is not asked of this customer was answered.", questions=stray)
        if missing := sorted(key for key, each in asked.items() if each.required and key not in given):
            raise WrongAnswers("A required question has no answer.", questions=missing)
        if bad := sorted(key for key, value in given.items() if value not in SCALE):
            raise WrongAnswers("Answers are whole numbers from 1 to 5.", questions=bad)
        return given


@dataclass(frozen=True)
class Verdict:
    """What the answer on the fix says (process step 5)."""

    satisfied: bool
    reopen_reason: str | None


def verdict(repair: int, *, fixed: bool) -> Verdict:
    """Satisfied is 4 or 5 on the fix; not fixed, or 1 or 2, asks for a reopening."""
    if not fixed:
        return Verdict(repair >= 4, "not_fixed")
    return Verdict(repair >= 4, "dissatisfied" if repair <= 2 else None)


@dataclass(frozen=True)
class Standard:
    """One item of the checklist; it names whom it is about."""

    code: str
    about: str
    text_th: str


@dataclass(frozen=True)
class Checklist:
    """One version of the PWA standards that a sample call checks (process step 7)."""

    version: str
    items: tuple[Standard, ...]

    def for_channel(self, channel: str | None) -> tuple[Standard, ...]:
        """1662 is checked only where 1662 took part."""
        return tuple(each for each in self.items if each.about != CONTACT_CENTER or channel == CONTACT_CENTER)

    def accept(self, marks: Mapping[str, bool | None], channel: str | None) -> tuple[tuple[Standard, bool | None], ...]:
        """Each item that applies with its mark; None = the customer could not say."""
        items = self.for_channel(channel)
        wrong = sorted({each.code for each in items} ^ marks.keys())
        if wrong:
            raise WrongAnswers("Exactly the items of the checklist are marked.", items=wrong[:20])
        return tuple((each, marks[each.code]) for each in items)


def questionnaire(version: str, body: Mapping[str, Any]) -> Questionnaire:
    """Read a questionnaire; the five known keys, each once, `repair` required."""
    rows = _rows(body, "questions", {"key", "text_th", "required", "only_contact_center"})
    keys = [row["key"] for row in rows]
    if sorted(keys) != sorted(QUESTIONS):
        raise BadRules("exactly the five known questions are needed", field="questions")
    questions = tuple(Question(**row) for row in rows)
    if any(not isinstance(flag, bool) for each in questions for flag in (each.required, each.only_contact_center)):
        raise BadRules("required and only_contact_center are true or false", field="questions")
    if not next(each for each in questions if each.key == "repair").required:
        raise BadRules("the question on the fix is required", field="repair")
    return Questionnaire(version, questions)


def checklist(version: str, body: Mapping[str, Any]) -> Checklist:
    """Read a checklist; codes are unique and short enough to be answered, each item is about somebody."""
    items = tuple(Standard(**row) for row in _rows(body, "items", {"code", "about", "text_th"}))
    if len({each.code for each in items}) != len(items):
        raise BadRules("codes are unique", field="items")
    if any(len(each.code) > CODE_LENGTH for each in items):
        raise BadRules(f"a code has at most {CODE_LENGTH} characters", field="code")
    if any(each.about not in ABOUT for each in items):
        raise BadRules("about is intake, contact_center_1662 or branch_team", field="about")
    return Checklist(version, items)


def _rows(body: Mapping[str, Any], name: str, fields: set[str]) -> Sequence[dict[str, Any]]:
    rows = body.get(name)
    if body.keys() != {name} or not isinstance(rows, list) or not rows or len(rows) > 50:
        raise BadRules("a list of 1 to 50 entries is needed", field=name)
    for row in rows:
        if not isinstance(row, dict) or row.keys() != fields:
            raise BadRules("an entry has exactly the known fields", field=name, fields=sorted(fields))
        texts = (row[field] for field in fields if field not in {"required", "only_contact_center"})
        if any(not isinstance(text, str) or not text.strip() or len(text) > 500 for text in texts):
            raise BadRules("a text of 1 to 500 characters is needed", field=name)
    return rows
