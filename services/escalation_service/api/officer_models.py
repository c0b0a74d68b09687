"""What escalation's REST interface takes and gives about officers: contacts, terms, leave, files of them."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.escalation_service.api.models import OfficerName, StaffCode
from services.escalation_service.api.office_models import TermShown, term_shown
from services.escalation_service.domain.offices import Officer
from services.escalation_service.use_cases.officers import OfficerView
from shared.db import Row
from shared.web import refuse
from shared.web.types import Email, Instant, StrictModel, ThaiPhone

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(url: str) -> bool:
    """Whether a webhook stays on this machine: for development only."""
    return urlsplit(url).hostname in _LOOPBACK


def _webhook(url: str) -> str:
    try:
        parsed = urlsplit(url)
        port, host = parsed.port, parsed.hostname
    except ValueError:
        host, port, parsed = None, None, urlsplit("")
    safe = parsed.scheme == "https" or (parsed.scheme == "http" and host in _LOOPBACK)
    if not url.isascii() or not safe or not host or port == 0 or parsed.username or parsed.password or parsed.fragment:
        raise refuse("bad_url", "A webhook is called by https, with a host, and without a password in it.")
    return url


LineId = Annotated[str, Field(pattern="^[UCR][0-9a-f]{32}$", examples=["U4af4980629e4b3a3d8f5c2e1b0a69f7d"])]
WebhookUrl = Annotated[
    str, Field(max_length=500, examples=["https://region01.example.org/hook"]), AfterValidator(_webhook)
]
Means = Literal["email", "line", "webhook"]
Digest = Literal["when_many", "always", "never"]


class ContactsBody(StrictModel):
    """Name and work contacts, replacing those before."""

    name: OfficerName
    phone: ThaiPhone | None = None
    email: Email | None = None
    line_id: LineId | None = None
    webhook_url: WebhookUrl | None = None
    preferred: Means | None = Field(None, description="by which means first; without it: whichever there is")
    digest: Digest = Field(
        "when_many", description="one message about many rungs: when many fire together | always | never"
    )

    def officer(self, staff_code: str) -> Officer:
        fields = self.model_dump()
        return Officer(staff_code, fields.pop("name"), **fields)


class NewOfficer(ContactsBody):
    """Somebody of the staff."""

    staff_code: StaffCode

    def new_officer(self) -> Officer:
        return Officer(**self.model_dump())


class OfficerEntered(BaseModel):
    staff_code: str


class LeaveBody(StrictModel):
    """The officer is away: whoever acts for the post is called upon meanwhile."""

    valid_from: Instant
    valid_to: Instant


class LeaveEntered(BaseModel):
    leave_id: UUID


class LeaveShown(BaseModel):
    leave_id: UUID
    valid_from: Instant
    valid_to: Instant


class OfficerLine(BaseModel):
    """An officer; contacts are shown to those who may change them."""

    staff_code: str
    name: str
    phone: str | None
    email: str | None
    line_id: str | None
    webhook_url: str | None
    preferred: str | None
    digest: str
    version: int
    changed_at: Instant


class OfficerDetails(OfficerLine):
    """An officer with terms at posts and leave."""

    terms: list[TermShown]
    leaves: list[LeaveShown]


_CONTACTS = ("phone", "email", "line_id", "webhook_url")


def officer_line(row: Row[Any], *, contacts: bool) -> OfficerLine:
    values = {name: getattr(row, name) for name in OfficerLine.model_fields}
    return OfficerLine(**values | ({} if contacts else dict.fromkeys(_CONTACTS)))


def officer_details(view: OfficerView, *, contacts: bool) -> OfficerDetails:
    leaves = [LeaveShown(**{n: getattr(row, n) for n in LeaveShown.model_fields}) for row in view.leaves]
    line = officer_line(view.row, contacts=contacts)
    return OfficerDetails(**line.model_dump(), terms=[term_shown(term) for term in view.terms], leaves=leaves)
