"""What escalation's REST interface takes and gives."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.escalation_service.domain.ladder import Plan
from services.escalation_service.use_cases.follow_ups import CaseView
from shared.db import Row
from shared.web import refuse
from shared.web.types import Day, Instant, Line, StrictModel, public_text

StaffCode = Annotated[str, public_text(32), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", examples=["PWA-48211"])]
Said = Annotated[str, public_text(500)]
_FORMULA = ("=", "+", "-", "@", "'")


def plain_name(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    if name.startswith(_FORMULA):
        raise refuse("looks_like_a_formula", "A name does not begin with = + - @ or an apostrophe.")
    return name


OfficerName = Annotated[Line, AfterValidator(plain_name), Field(examples=["สมชาย ตัวอย่าง"])]


class OfficerShown(BaseModel):
    """The officer of a post."""

    staff_code: str
    name: str
    acting: bool = Field(description="acts for the holder of the post")


class RungShown(BaseModel):
    """A rung on record: fired, with the officer it called upon, or lapsed."""

    cycle: int
    rung: int
    state: str = Field(description="fired | lapsed")
    post: str = Field(examples=["branch_manager"])
    post_office: str
    officer: OfficerShown | None = Field(description="frozen when the rung fired; null: the post was vacant")
    scheduled_at: Instant | None
    fired_at: Instant | None
    lapsed_at: Instant | None
    lapsed_reason: str | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    deferred_until: Instant | None
    promised_at: Instant | None
    note: str | None
    corrected_at: Instant | None = Field(description="the breach had not happened after all")
    corrected_reason: str | None
    in_charge: str | None = Field(description="staff code of whoever took the rung over or was handed it")
    in_charge_name: str | None
    told: str | None = Field(description="how the message to the officer stands; not_told: nobody could be told")
    told_at: Instant | None
    told_by: str | None = Field(description="email | line | webhook")


class AnswerShown(BaseModel):
    """What an officer or กสส. answered to a rung."""

    cycle: int
    rung: int
    kind: str = Field(description="acknowledge | promise | hand_over | take_over")
    answered_by: str
    answered_at: Instant
    promised_at: Instant | None
    deferred_until: Instant | None
    note: str | None
    from_code: str | None
    to_code: str | None
    to_name: str | None


class NextRung(BaseModel):
    """The rung that is next; `fires_at` is null while the clock is held."""

    rung: int
    post: str
    scheduled_at: Instant | None
    fires_at: Instant | None


class ChaseShown(BaseModel):
    """One entry of the chase log."""

    chase_id: UUID
    cycle: int
    whom: str
    means: str
    answer: str
    next_chase_on: Day | None
    promised_at: Instant | None
    chased_by: str
    chased_at: Instant


class CaseRungs(BaseModel):
    """Everything the ladder did for a case, and what is next."""

    case_id: UUID
    number: str | None
    office: str
    region: int | None
    cycle: int
    ladder: str
    due_at: Instant | None
    breached_at: Instant | None
    ended_at: Instant | None
    ended_reason: str | None
    next_rung: NextRung | None
    rungs: list[RungShown]
    answers: list[AnswerShown]
    chases: list[ChaseShown]


def _officer(row: Row[Any]) -> OfficerShown | None:
    if row.officer_code is None:
        return None
    return OfficerShown(staff_code=row.officer_code, name=row.officer_name, acting=row.acting)


def _rung(row: Row[Any], told: Row[Any] | None) -> RungShown:
    names = set(RungShown.model_fields) - {"officer", "told", "told_at", "told_by"}
    return RungShown(
        officer=_officer(row), told=told.state if told else None, told_at=told.told_at if told else None,
        told_by=told.told_by if told else None, **{name: getattr(row, name) for name in names},
    )  # fmt: skip


def _next_rung(plan: Plan | None) -> NextRung | None:
    if plan is None or plan.next_rung is None:
        return None
    rule = plan.next_rung
    return NextRung(rung=rule.rung, post=rule.post, scheduled_at=plan.scheduled_at, fires_at=plan.fires_at)


def case_rungs(view: CaseView) -> CaseRungs:
    file, ladder = view.file, view.ladders[-1]
    told = {row.rung_id: row for row in view.messages if row.kind == "call"}
    return CaseRungs(
        case_id=file.case_id, number=file.number, office=file.office, region=file.region, cycle=ladder.cycle,
        ladder=ladder.state, due_at=ladder.due_at, breached_at=ladder.breached_at, ended_at=ladder.ended_at,
        ended_reason=ladder.ended_reason, next_rung=_next_rung(view.plan),
        rungs=[_rung(row, told.get(row.rung_id)) for row in view.rungs],
        answers=[AnswerShown(**{n: getattr(row, n) for n in AnswerShown.model_fields}) for row in view.answers],
        chases=[ChaseShown(**{n: getattr(row, n) for n in ChaseShown.model_fields}) for row in view.chases],
    )  # fmt: skip


class ChaseBody(StrictModel):
    """Whom you chased, by which means, what the answer was and when to ask again."""

    whom: Annotated[str, public_text(120)] = Field(examples=["ผจก.กปภ.สาขาชลบุรี"])
    means: Literal["phone", "line", "email", "letter", "meeting"]
    answer: Said = Field(examples=["รออะไหล่ จะเข้าซ่อมพรุ่งนี้เช้า"])
    next_chase_on: Day | None = None
    promised_at: Instant | None = Field(None, description="the office promises to be done by then")


class ChaseDone(BaseModel):
    chase_id: UUID


class AcknowledgeBody(StrictModel):
    """Take notice of a rung. The next rung waits `defer_hours` (without it: as long as the ladder allows)."""

    defer_hours: int | None = Field(None, ge=0, le=24)
    promised_at: Instant | None = None
    note: Said | None = Field(None, examples=["ส่งทีมเข้าพื้นที่แล้ว"])


class Acknowledged(BaseModel):
    case_id: UUID
    rung: int
    deferred_until: Instant | None = Field(description="the next rung fires no earlier than this")
