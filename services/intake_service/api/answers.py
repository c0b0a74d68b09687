"""What goes out: a case with what other services know of it, its personal data masked."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake_service.domain.case import Case
from services.intake_service.domain.tracking import shown
from services.intake_service.store.rows import Found
from shared.web.types import mask_phone

ROOT = "/intake/v1"


class Answer(BaseModel):
    """Base of answers: built from rows and domain objects alike."""

    model_config = ConfigDict(from_attributes=True)


class ReceiptAnswer(Answer):
    """What the channel gets back: free of personal data."""

    id: UUID
    number: str = Field(examples=["1102-2569-000001"])
    tracking_code: str | None = Field(description="for the complainant; null when a follow-up named only the number")
    state: str
    office: str
    version: int
    repeated: bool = Field(False, description="the origin's reference was known: this is the existing case")
    attached: bool = Field(False, description="a follow-up of an existing case")
    links: dict[str, str]


class Masked(Answer):
    """How the complainant can be reached, without saying it."""

    name: str | None = Field(None, examples=["ส***"])
    phone: str | None = Field(None, examples=["08x-xxx-5678"])
    line_id: str | None = None
    email: str | None = None
    version: int = Field(description="0 = anonymous")
    erased: bool = False


class Facts(Answer):
    """What the other services told about one cycle of the case."""

    due_at: datetime | None = None
    held: bool = False
    stopped_at: datetime | None = None
    verdict: str | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    rung: int | None = None
    rung_at: datetime | None = None
    acknowledged_at: datetime | None = None
    told_at: datetime | None = None
    told_by: str | None = None
    notice_failed_at: datetime | None = None
    called_at: datetime | None = None
    call_outcome: str | None = None
    answered_at: datetime | None = None
    satisfied: bool | None = None
    ois_version: int | None = None
    ois_accepted: bool | None = None
    ois_at: datetime | None = None


class Work(Answer):
    """What the branch reported."""

    repaired: bool
    cause: str
    action: str
    mister_prapa: str | None
    not_repaired_reason: str | None
    resolved_at: datetime
    reported_at: datetime


class CaseAnswer(Answer):
    """A case. Its ETag is `version`; facts of other services do not change it."""

    id: UUID
    number: str
    tracking_code: str
    state: str
    kind: str
    subject: str | None
    dimension: str | None
    severity: str
    restricted: bool
    channel: str
    receiving_office: str
    office: str = Field(description="who is responsible now: a branch or HQ")
    region: int | None
    received_at: datetime
    registered_at: datetime
    origin: str | None
    origin_reference: str | None
    origin_due_at: datetime | None
    branch_hint: str | None
    subject_hint: str | None
    cycle: int
    follow_ups: int
    missing: list[str]
    asked: str | None
    resolved_at: datetime | None
    closed_at: datetime | None
    version: int
    contact: Masked
    facts: Facts
    work: Work | None
    links: dict[str, str]


class RelatedCase(CaseAnswer):
    """A case that has something in common with another one."""

    shared: list[str] = Field(description="phone, line_id, email, meter, account, place; empty for incidents nearby")


class CycleAnswer(Answer):
    """One run from (re)opening to resolution."""

    cycle: int
    facts: Facts
    work: Work | None


class CaseDetail(CaseAnswer):
    """A case with each of its cycles."""

    cycles: list[CycleAnswer]


class Entry(Answer):
    """One line of a timeline."""

    id: int
    at: datetime
    entry: str
    actor: str
    facts: dict[str, Any]


class SuggestionAnswer(Answer):
    """What the keyword rules make of the text; `subject` is null when they abstain."""

    subject: str | None
    confidence: float
    candidates: list[tuple[str, float]]


class FullContact(Answer):
    """The whole card: this reading has been recorded with its purpose."""

    case_id: UUID
    version: int
    name: str | None
    phone: str | None
    line_id: str | None
    email: str | None
    language: str
    consent: str | None
    place: str | None
    meter: str | None
    account: str | None
    text: str
    erased_at: datetime | None


class NoteAnswer(Answer):
    """Something said in the course of a case."""

    id: int
    at: datetime
    author: str
    about: str
    text: str


class RequestAnswer(Answer):
    """Survey's request to reopen a case."""

    id: UUID
    case_id: UUID
    number: str
    office: str
    case_state: str
    cycle: int
    reason: str
    requested_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


class CountRow(Answer):
    """How many cases of one sort."""

    office: str
    region: int | None
    kind: str
    dimension: str | None
    channel: str
    count: int


class Counts(Answer):
    """One side of the board."""

    total: int
    rows: list[CountRow]


class CountBoard(Answer):
    """A day's counts: by receiving office as recorded at receipt, by responsible office as classified now."""

    day: date
    as_recorded: Counts
    as_classified: Counts


class TrackAnswer(Answer):
    """What the complainant sees."""

    state: str
    received_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    reopened: bool


class SubjectAnswer(Answer):
    """A subject in force."""

    code: str
    kind: str
    dimension: str
    title: str
    severity: str
    restricted: bool
    closes_at_once: bool


class SubjectVersion(SubjectAnswer):
    """A subject as it was, is or will be in force."""

    valid_from: datetime
    valid_to: datetime | None = Field(description="null: until further notice")


class OfficeAnswer(Answer):
    """A branch."""

    code: str
    region: int
    name: str
    customers: int


class KeyAnswer(Answer):
    """An API key as operators see it."""

    id: UUID
    channel: str
    label: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class IssuedKey(KeyAnswer):
    """A new key; `key` is shown this once."""

    key: str


def links(case_id: UUID, tracking_code: str | None) -> dict[str, str]:
    found = {"self": f"{ROOT}/cases/{case_id}", "timeline": f"{ROOT}/cases/{case_id}/timeline"}
    return found | ({"track": f"{ROOT}/track/{shown(tracking_code)}"} if tracking_code else {})


def receipt_answer(case: Case, outcome: str, *, with_code: bool = True) -> ReceiptAnswer:
    code = case.tracking_code if with_code else None
    return ReceiptAnswer(
        id=case.id,
        number=case.number,
        tracking_code=shown(code) if code else None,
        state=str(case.state),
        office=case.office,
        version=case.version,
        repeated=outcome == "repeated",
        attached=outcome == "attached",
        links=links(case.id, code),
    )


def case_answer(row: Found) -> CaseAnswer:
    return CaseAnswer(**_case_values(row))


def related_case(row: Found) -> RelatedCase:
    return RelatedCase(**_case_values(row), shared=sorted(row.shared or ()))


def case_detail(row: Found, cycles: list[CycleAnswer]) -> CaseDetail:
    return CaseDetail(**_case_values(row), cycles=cycles)


def cycle_answer(row: Found) -> CycleAnswer:
    return CycleAnswer(cycle=row.cycle, facts=_facts(row), work=_work(row, row.report_resolved_at))


def _case_values(row: Found) -> dict[str, Any]:
    own = [name for name in CaseAnswer.model_fields if name not in {"contact", "facts", "work", "links"}]
    made = {"contact": _masked(row), "facts": _facts(row), "work": _work(row, row.resolved_at)}
    code = {"tracking_code": shown(row.tracking_code), "links": links(row.id, row.tracking_code)}
    return {name: getattr(row, name) for name in own} | made | code


def _facts(row: Found) -> Facts:
    known = {name: getattr(row, f"fact_{name}") for name in Facts.model_fields}
    return Facts(**known | {"held": bool(known["held"])})


def _work(row: Found, resolved_at: datetime | None) -> Work | None:
    if row.report_reported_at is None:
        return None
    told = {name: getattr(row, f"report_{name}") for name in Work.model_fields if name != "resolved_at"}
    return Work(**told, resolved_at=resolved_at)


def _masked(row: Found) -> Masked:
    return Masked(
        name=_starred(row.contact_name),
        phone=mask_phone(row.contact_phone) if row.contact_phone else None,
        line_id=_starred(row.contact_line_id),
        email=_starred(row.contact_email),
        version=row.contact_version,
        erased=row.erased,
    )


def _starred(value: str | None) -> str | None:
    return f"{value[0]}***" if value else None
