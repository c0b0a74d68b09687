"""What comes in: strict request bodies, each with an example in Thai."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from services.intake_service.domain.receipt import Person
from services.intake_service.domain.work import WorkReport
from shared.kernel.words import HEAD_OFFICE, Channel, Severity
from shared.reference import branches
from shared.web import refuse
from shared.web.text_rules import clean_public
from shared.web.types import (
    BranchCode,
    Email,
    Instant,
    Line,
    PublicText,
    StrictModel,
    Text,
    ThaiPhone,
    line,
    public_text,
    text,
)

MASKS = ("***", "xxx", "•••")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _not_masked(value: str) -> str:
    """A value as lists show it must never replace the real one."""
    if any(mask in value.lower() for mask in MASKS):
        raise refuse("masked_value", "This is a masked value: leave it out, or give the whole one.")
    return value


def _public_name(value: str) -> str:
    """What other systems call a case is passed on: free of personal data (a UUID may look like a phone by chance)."""
    return value if _UUID.fullmatch(value) else clean_public(value)


def _receiving_office(value: str) -> str:
    if value != HEAD_OFFICE and value not in branches():
        raise refuse("unknown_branch", "Cases are received by a branch (its BA code) or by HQ.")
    return value


Unmasked = AfterValidator(_not_masked)
Public = AfterValidator(_public_name)
Name = Annotated[str, line(200), Unmasked]
Code = Annotated[str, line(40), Unmasked]
Words = Annotated[str, text(8000)]
SubjectCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$", examples=["Q01"])]
StaffCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,29}$", examples=["MP-1102-01"])]
ReceivingOffice = Annotated[str, Field(max_length=4, examples=["1102", "HQ"]), AfterValidator(_receiving_office)]


class NewContact(StrictModel):
    """Who reported. Everything is optional; leave the whole contact out for an anonymous report."""

    name: Name | None = None
    phone: ThaiPhone | None = None
    line_id: Code | None = None
    email: Annotated[Email, Unmasked] | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] = "th"
    consent: Annotated[str, line(60)] | None = Field(None, description="which privacy notice was given")


class Contact(NewContact):
    """The whole card, as it shall be from now on: what is left out is removed."""

    place: Annotated[str, line(500), Unmasked] | None = None
    meter: Code | None = None
    account: Code | None = None

    def person(self) -> Person:
        return Person(**self.model_dump())


class NewCase(StrictModel):
    """A matter as the channel received it. State, deadlines and escalation are never stated by the caller."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channel": "contact_center_1662",
                    "received_at": "2026-02-03T09:00:00+07:00",
                    "text": "น้ำไม่ไหลตั้งแต่เมื่อคืน ทั้งซอย",
                    "contact": {"name": "สมชาย ใจดี", "phone": "081-234-5678", "consent": "privacy-notice-1"},
                    "place": "ซอยเทศบาล 5 ต.บางปลาสร้อย อ.เมือง จ.ชลบุรี",
                    "branch": "1102",
                    "subject": "Q01",
                }
            ]
        }
    )

    channel: Channel
    received_at: Instant = Field(description="when the channel received it: the start of its SLA, never changed")
    text: Words
    receiving_office: ReceivingOffice | None = Field(None, description="default: the caller's own branch, else HQ")
    contact: NewContact | None = None
    place: Annotated[str, line(500), Unmasked] | None = None
    meter: Code | None = None
    account: Code | None = None
    origin: Annotated[str, line(60), Public] | None = Field(None, description="the other system; default: the channel")
    origin_reference: Annotated[str, line(100), Public] | None = Field(
        None, description="its own number for the case; unique"
    )
    origin_due_at: Instant | None = None
    branch: BranchCode | None = Field(None, description="where it belongs; routed at once when staff state both")
    subject: SubjectCode | None = Field(None, description="what it is: settled when staff state it, else a hint")
    follow_up_of: Line | None = Field(None, description="number or tracking code of the case that is being chased")

    def person(self) -> Person:
        contact = (self.contact or NewContact()).model_dump()
        return Person(**contact, place=self.place, meter=self.meter, account=self.account)


class Classification(StrictModel):
    """What a person settled."""

    subject: SubjectCode
    severity: Severity | None = Field(None, description="default: the subject's own, raised by follow-ups")


class InformationRequest(StrictModel):
    """What is missing, and who was asked."""

    missing: Annotated[list[Annotated[PublicText, Field(examples=["เลขที่ผู้ใช้น้ำ"])]], Field(min_length=1, max_length=10)]
    asked: Literal["complainant", "other"] = "complainant"


class Said(StrictModel):
    """Words that may hold personal data: kept with the card, erased with it."""

    text: Text


class Routing(StrictModel):
    """The branch that shall do the work."""

    branch: BranchCode


class Nothing(StrictModel):
    """An empty object."""


class Bounce(StrictModel):
    """Why it is not ours; passed on, so free of personal data."""

    reason: Annotated[PublicText, Field(examples=["อยู่นอกพื้นที่บริการของสาขา"])]


class Report(StrictModel):
    """What the branch did. Cause, action and reason are passed on: free of personal data."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "repaired": True,
                    "cause": "ท่อเมนรองแตกจากงานก่อสร้างถนน",
                    "action": "ตัดต่อท่อใหม่ ทดสอบแรงดันแล้ว",
                    "mister_prapa": "MP-1102-01",
                    "done_at": "2026-02-03T15:30:00+07:00",
                }
            ]
        }
    )

    repaired: bool
    cause: PublicText
    action: PublicText
    done_at: Instant
    mister_prapa: StaffCode | None = Field(None, description="staff or team code; required for a repaired complaint")
    not_repaired_reason: PublicText | None = None

    def work_report(self) -> WorkReport:
        return WorkReport(**self.model_dump())


class Cancellation(StrictModel):
    """Why the case ends without work."""

    reason: Literal["withdrawn", "duplicate", "mistaken"]
    note: Text | None = None


class Reopening(StrictModel):
    """Why a closed case goes on."""

    reason: Literal["not_fixed", "dissatisfied", "other"]


class SubjectWording(StrictModel):
    """A subject as it shall be from a date on. Severity is that of its cases unless a person sets another."""

    kind: Literal["complaint", "incident_report", "information", "suggestion", "compliment"]
    dimension: Annotated[str, public_text(200)] = Field(examples=["ด้านคุณภาพน้ำ"])
    title: Annotated[str, public_text(200)] = Field(examples=["น้ำมีฟองผิดปกติ"])
    severity: Severity = Severity.NORMAL
    restricted: bool = Field(False, description="visible to readers of restricted cases only")
    closes_at_once: bool = Field(False, description="an incident report that needs no field work")
    valid_from: Instant | None = Field(None, description="now unless given; never in the past")


class SubjectEnd(StrictModel):
    """When it ends."""

    valid_to: Instant | None = Field(None, description="now unless given; never in the past")


class NewKey(StrictModel):
    """A key for one channel's adapter."""

    channel: Channel
    label: Line


Purpose = Literal["complaint_handling", "call_back", "site_visit", "identity_check", "data_subject_request", "audit"]
