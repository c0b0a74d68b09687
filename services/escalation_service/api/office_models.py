"""What escalation's REST interface takes and gives about offices, posts and areas."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.escalation_service.api.models import OfficerName, OfficerShown, StaffCode, plain_name
from services.escalation_service.domain.offices import Officer, Sitting
from services.escalation_service.domain.organisation import OfficeWish
from services.escalation_service.domain.roster import Term
from services.escalation_service.use_cases.posts import OfficeView, PostView
from shared.db import Row
from shared.web.types import Email, Instant, Line, StrictModel, ThaiPhone

PostName = Literal["branch_manager", "region_director", "deputy_governor", "head_office"]
OfficeNumber = Annotated[
    str, Field(pattern="^([0-9]{4}|R(0[1-9]|[1-9][0-9])|D[1-9]|HQ)$", examples=["1102", "R01", "D3"])
]
OfficeName = Annotated[Line, AfterValidator(plain_name), Field(examples=["กปภ.สาขาตัวอย่าง"])]
AreaCode = Annotated[str, Field(pattern="^D[1-9]$", examples=["D3"])]
RegionNumber = Annotated[int, Field(ge=1, le=99, examples=[1])]


class OfficerBody(StrictModel):
    """Who holds the post, or acts for its holder. Work contacts only."""

    staff_code: StaffCode
    name: OfficerName
    phone: ThaiPhone | None = None
    email: Email | None = None
    acting: bool = False

    def sitting(self) -> Sitting:
        return Sitting(Officer(self.staff_code, self.name, self.phone, self.email), self.acting)


class PostBody(StrictModel):
    """A post and its officer; null leaves the post vacant."""

    post: PostName
    officer: OfficerBody | None


class PostsBody(StrictModel):
    posts: list[PostBody] = Field(min_length=1, max_length=4)


class PostShown(BaseModel):
    """A post; phone and e-mail are shown to those who may change them."""

    post: str
    vacant: bool = Field(description="nobody is called upon: no holder who is there, and nobody acts")
    reason: str = Field(description="holder | acting | vacant | on_leave")
    absent: str | None = Field(description="staff code of the holder who is on leave")
    officer: OfficerShown | None
    phone: str | None = None
    email: str | None = None
    changed_at: Instant


class OfficeShown(BaseModel):
    code: str = Field(examples=["1102", "R01", "D1", "HQ"])
    kind: str = Field(description="branch | region | area | head_office")
    name_th: str
    region: int | None
    valid_from: Instant = Field(description="the office is open from then on")
    valid_to: Instant | None = Field(description="the office is closed from then on")
    version: int


class PostsShown(OfficeShown):
    posts: list[PostShown]


def office_shown(row: Row[Any]) -> OfficeShown:
    return OfficeShown(**{name: getattr(row, name) for name in OfficeShown.model_fields})


def _post(view: PostView, *, contacts: bool) -> PostShown:
    called, officer = view.holder, view.holder.officer
    shown = OfficerShown(staff_code=officer.staff_code, name=officer.name, acting=called.acting) if officer else None
    return PostShown(
        post=view.post, vacant=officer is None, reason=called.reason, absent=called.absent, officer=shown,
        phone=officer.phone if officer and contacts else None, email=officer.email if officer and contacts else None,
        changed_at=view.changed_at,
    )  # fmt: skip


def posts_shown(view: OfficeView, *, contacts: bool) -> PostsShown:
    posts = [_post(post, contacts=contacts) for post in view.posts]
    return PostsShown(**office_shown(view.office).model_dump(), posts=posts)


class TermShown(BaseModel):
    """An officer at a post for a time."""

    term_id: UUID
    office: str
    post: str
    staff_code: str
    acting: bool
    reason: str | None = Field(description="why somebody acts: vacancy | leave")
    valid_from: Instant
    valid_to: Instant | None


class Terms(BaseModel):
    """Everybody who was, is and will be at a post, oldest first."""

    items: list[TermShown]


def term_shown(term: Term) -> TermShown:
    return TermShown(
        term_id=term.term_id, office=term.seat.office, post=term.seat.post, staff_code=term.staff_code,
        acting=term.seat.acting, reason=term.reason, valid_from=term.begin, valid_to=term.end,
    )  # fmt: skip


class AppointBody(StrictModel):
    """Who holds the post, or acts for it; whoever did so before leaves at `valid_from`."""

    staff_code: StaffCode
    valid_from: Instant | None = Field(None, description="without it: now")
    valid_to: Instant | None = Field(None, description="without it: until further notice")


class VacateBody(StrictModel):
    acting: bool = Field(False, description="the acting officer leaves, not the holder")
    at: Instant | None = Field(None, description="without it: now")


class NewOffice(StrictModel):
    """A branch (a BA code), a region (R11) or a deputy governor's area (D6) to open."""

    code: OfficeNumber
    name_th: OfficeName
    belongs_to: OfficeNumber | None = Field(None, description="of a branch its region, of a region its area if any")
    valid_from: Instant | None = Field(None, description="without it: now")
    valid_to: Instant | None = None

    def wish(self) -> OfficeWish:
        return OfficeWish(self.code, self.name_th, self.belongs_to, self.valid_from, self.valid_to)


class OfficeBody(StrictModel):
    """What may be changed of an office; codes and kinds never."""

    name_th: OfficeName
    valid_from: Instant | None = Field(None, description="open from then on, if it is not yet; without it: as it is")
    valid_to: Instant | None = Field(None, description="closed from then on: its posts are no longer missed")

    def wish(self, code: str) -> OfficeWish:
        return OfficeWish(code, self.name_th, None, self.valid_from, self.valid_to)


class RegionBody(StrictModel):
    """To which region a branch belongs from some time on: today at the earliest."""

    region: RegionNumber
    valid_from: Instant | None = Field(None, description="without it: now")


class StayShown(BaseModel):
    """A branch in a region until the next such entry."""

    region: int
    valid_from: Instant
    entered_at: Instant | None = Field(description="null: the branch was opened there")
    entered_by: str | None


class StaysShown(BaseModel):
    """The regions of a branch, the oldest first."""

    items: list[StayShown]


class AreaBody(StrictModel):
    """To which deputy governor's area a region belongs from some time on: today at the earliest; null: to none."""

    area: AreaCode | None
    valid_from: Instant | None = Field(None, description="without it: now")


class AreaShown(BaseModel):
    """A region in its area."""

    region: RegionNumber
    area: str | None
    valid_from: Instant


class Areas(BaseModel):
    """Every region's areas, the oldest first."""

    items: list[AreaShown]
