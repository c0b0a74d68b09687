"""Ladder policies over REST: versions, drafts, what they change, publication."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.escalation_service.api.office_models import PostName
from services.escalation_service.domain.ladder import LadderRules, Place, RungRule, Selector
from services.escalation_service.store.policies import SOME_DAY, Version
from services.escalation_service.use_cases import calendars, ladder_policies
from services.escalation_service.use_cases.ladder_policies import Draft
from shared.kernel.access import Actor
from shared.web import Idempotent, IfMatch, Page, Paging, Transaction, etag, needs
from shared.web.types import Day, Instant, Line, StrictModel, SubjectCode, public_text

router = APIRouter(prefix="/escalation/v1", tags=["ladder policies"])
MayRead = Annotated[Actor, needs("follow_ups:read", "policies:write")]
MayWrite = Annotated[Actor, needs("policies:write")]
LadderCode = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$", examples=["branch"])]
Number = Annotated[int, Path(ge=1, le=100_000)]
Kind = Literal["*", "complaint", "incident_report", "information", "suggestion", "compliment", "unclassified"]
Severity = Literal["*", "low", "normal", "high", "critical"]


class RungBody(StrictModel):
    """One rung: whose post is called upon, so many open hours of a calendar after the deadline."""

    rung: int = Field(ge=1, le=9, description="the rank: the same number means the same on every ladder")
    post: PostName
    place: Literal["own", "region", "area", "head_office"] = Field(description="whose post, seen from the case")
    offset_hours: int = Field(ge=0, le=10_000)
    calendar: str = Field("always", pattern="^[a-z][a-z0-9_]{0,39}$", examples=["always", "office"])
    review: bool = Field(False, description="the message waits until somebody of กสส. has looked at it")


class SelectorBody(StrictModel):
    """For which cases; `*` means any. A subject counts above a severity, that above a kind."""

    queue: Literal["branch", "head_office"] = Field(description="head_office: while no branch owns the case")
    kind: Kind = "*"
    subject: SubjectCode | Literal["*"] = "*"
    severity: Severity = "*"
    named_only: bool = Field(False, description="for no cases but those whose SLA policy names this ladder")


class DraftBody(StrictModel):
    """A version of a ladder. Offsets and the gap are counted in open hours of each rung's calendar."""

    name_th: Line = Field(examples=["ลำดับเร่งรัดของสาขา"])
    selector: SelectorBody = Field(
        default_factory=lambda: SelectorBody(queue="branch", named_only=True),
        description="without one: for cases of branches whose SLA policy names this ladder, and for no others",
    )
    minimum_gap_hours: int = Field(
        ge=1, le=1_000, description="time to act before the next rung, even when all is late"
    )
    longest_deferral_hours: int = Field(
        ge=0, le=24, description="for how long an acknowledgement puts off the next rung"
    )
    rungs: list[RungBody] = Field(min_length=1, max_length=9)
    valid_from: Instant | None = Field(None, description="the wish; publication decides")
    valid_to: Instant | None = None
    note: Annotated[str, public_text(500)] | None = None

    def draft(self, ladder: str) -> Draft:
        rungs = [
            RungRule(r.rung, r.post, Place(r.place), timedelta(hours=r.offset_hours), r.calendar, r.review)
            for r in sorted(self.rungs, key=lambda r: r.rung)
        ]
        rules = LadderRules(
            ladder, 0, self.valid_from or SOME_DAY, timedelta(hours=self.minimum_gap_hours),
            timedelta(hours=self.longest_deferral_hours), tuple(rungs), self.valid_to,
            Selector(**self.selector.model_dump()),
        )  # fmt: skip
        return Draft(rules, self.name_th, self.note, self.valid_from)


class PublishBody(StrictModel):
    valid_from: Instant | None = Field(None, description="without it: the drafted wish, or now")


class SelectorShown(BaseModel):
    """For which cases the ladder is, as it was drafted."""

    queue: str = Field(examples=["branch"])
    kind: str = Field(examples=["*"])
    subject: str = Field(examples=["*"])
    severity: str = Field(examples=["*"])
    named_only: bool


class VersionShown(BaseModel):
    """A version of a ladder: draft, or published and in force from `valid_from` until `valid_to`."""

    ladder: str
    version: int
    state: Literal["draft", "published"]
    name_th: str
    selector: SelectorShown
    minimum_gap_hours: int
    longest_deferral_hours: int
    rungs: list[RungBody]
    valid_from: Instant | None
    valid_to: Instant | None
    note: str | None
    revision: int
    created_at: Instant
    created_by: str
    published_at: Instant | None
    published_by: str | None


class VersionDetails(VersionShown):
    missing_calendars: list[str] = Field(description="no copy of these has arrived: rungs on them wait")


class ChangeShown(BaseModel):
    field: str = Field(examples=["rungs/2/offset_hours"])
    before: Any
    after: Any


class DiffShown(BaseModel):
    """What a version changes."""

    ladder: str
    version: int
    against: int | None = Field(description="null: there is none to compare with")
    changes: list[ChangeShown]


class CalendarShown(BaseModel):
    """Escalation's copy of a calendar version that sla published."""

    code: str
    version: int
    name_th: str
    zone: str
    horizon_on: Day | None
    published_at: Instant


class CalendarsShown(BaseModel):
    items: list[CalendarShown]


def _shown(version: Version) -> VersionShown:
    row = version.row
    taken = {n: getattr(row, n) for n in VersionShown.model_fields if n not in ("state", "selector", "rungs")}
    rungs = [
        RungBody(
            rung=r.rung, post=r.post, place=r.place.value, offset_hours=r.offset // timedelta(hours=1),
            calendar=r.calendar, review=r.review,
        )
        for r in version.rungs
    ]  # fmt: skip
    selector = SelectorShown.model_validate(row, from_attributes=True)
    return VersionShown(**taken, state="published" if row.published_at else "draft", selector=selector, rungs=rungs)


async def _details(tx: Transaction, version: Version, response: Response) -> VersionDetails:
    etag(response, version.row.revision)
    missing = await ladder_policies.missing_calendars(tx, version)
    return VersionDetails(**_shown(version).model_dump(), missing_calendars=missing)


@router.get("/ladders", summary="Every version of every ladder")
async def list_ladders(tx: Transaction, _actor: MayRead, paging: Paging) -> Page[VersionShown]:
    after = paging.after(str, int) or ("", 0)
    rows = await ladder_policies.list_versions(tx, after=(after[0], after[1]), most=paging.fetch)
    return paging.page([_shown(row) for row in rows], lambda one: (one.ladder, one.version))


@router.get("/ladders/calendars", summary="The copies of calendars on which rungs are counted")
async def list_calendars(tx: Transaction, _actor: MayRead) -> CalendarsShown:
    rows = await calendars.list_copies(tx)
    return CalendarsShown(items=[CalendarShown(**row._asdict()) for row in rows])


@router.post("/ladders/{ladder}/versions", status_code=201, summary="Draft a version of a ladder")
async def draft(
    ladder: LadderCode, body: DraftBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> VersionDetails:
    async def make() -> VersionDetails:
        return await _details(tx, await ladder_policies.draft(tx, body.draft(ladder)), response)

    return await once.answer(tx, response, make)


@router.get("/ladders/{ladder}/versions/{version}", summary="A version of a ladder")
async def get_version(
    ladder: LadderCode, version: Number, tx: Transaction, _actor: MayRead, response: Response
) -> VersionDetails:
    return await _details(tx, await ladder_policies.view_version(tx, ladder, version), response)


@router.put("/ladders/{ladder}/versions/{version}", summary="Replace a draft")
async def redraft(
    ladder: LadderCode,
    version: Number,
    body: DraftBody,
    tx: Transaction,
    _actor: MayWrite,
    revision: IfMatch,
    response: Response,
) -> VersionDetails:
    changed = await ladder_policies.redraft(tx, body.draft(ladder), version, revision=revision)
    return await _details(tx, changed, response)


@router.get("/ladders/{ladder}/versions/{version}/diff", summary="What a version changes")
async def diff(
    ladder: LadderCode,
    version: Number,
    tx: Transaction,
    _actor: MayRead,
    against: Annotated[int | None, Query(ge=1, description="without it: the version in force")] = None,
) -> DiffShown:
    found = await ladder_policies.diff(tx, ladder, version, against)
    changes = [ChangeShown(field=one.field, before=one.before, after=one.after) for one in found.changes]
    other = found.against.row.version if found.against else None
    return DiffShown(ladder=ladder, version=version, against=other, changes=changes)


@router.post("/ladders/{ladder}/versions/{version}/publish", summary="Put a draft in force, now or later")
async def publish(
    ladder: LadderCode,
    version: Number,
    body: PublishBody,
    tx: Transaction,
    _actor: MayWrite,
    revision: IfMatch,
    response: Response,
) -> VersionDetails:
    done = await ladder_policies.publish(tx, ladder, version, body.valid_from, revision=revision)
    return await _details(tx, done, response)
