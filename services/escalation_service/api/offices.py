"""Offices and their posts over REST, with the time from which each entry counts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.escalation_service.api.office_models import (
    AppointBody,
    OfficeNumber,
    OfficeShown,
    PostName,
    PostsBody,
    PostsShown,
    Terms,
    VacateBody,
    office_shown,
    posts_shown,
    term_shown,
)
from services.escalation_service.domain.offices import Sitting
from services.escalation_service.domain.roster import Seat
from services.escalation_service.use_cases import officers, posts
from services.escalation_service.use_cases.officers import Appointment
from shared.kernel.access import Actor
from shared.web import IfMatch, Page, Paging, Transaction, etag, needs
from shared.web.types import Instant

router = APIRouter(prefix="/escalation/v1", tags=["offices and officers"])
MayRead = Annotated[Actor, needs("follow_ups:read", "officers:write")]
MayWrite = Annotated[Actor, needs("officers:write")]
At = Annotated[Instant | None, Query(description="as it is at this instant; without it: now")]


@router.get("/offices", summary="All offices: branches, regions, areas, the head office")
async def list_offices(
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    kind: Annotated[Literal["branch", "region", "area", "head_office"] | None, Query()] = None,
) -> Page[OfficeShown]:
    after = paging.after(str)
    rows = await posts.list_offices(tx, after=after[0] if after else "", most=paging.fetch, kind=kind)
    return paging.page([office_shown(row) for row in rows], lambda office: (office.code,))


@router.get("/offices/{code}/posts", summary="Whom the posts of an office call upon")
async def get_posts(
    code: OfficeNumber, tx: Transaction, actor: MayRead, response: Response, at: At = None
) -> PostsShown:
    view = await posts.view_posts(tx, code, at)
    etag(response, view.office.version)
    return posts_shown(view, contacts=actor.may("officers:write"))


@router.put("/offices/{code}/posts", summary="Enter who holds posts of an office from now on")
async def put_posts(
    code: OfficeNumber, body: PostsBody, tx: Transaction, _actor: MayWrite, version: IfMatch, response: Response
) -> PostsShown:
    sittings: dict[str, Sitting | None] = {
        each.post: each.officer.sitting() if each.officer else None for each in body.posts
    }
    view = await posts.set_posts(tx, code, sittings, version=version)
    etag(response, view.office.version)
    return posts_shown(view, contacts=True)


@router.get("/offices/{code}/posts/{post}/terms", summary="Everybody who was, is and will be at a post")
async def get_terms(code: OfficeNumber, post: PostName, tx: Transaction, _actor: MayRead) -> Terms:
    return Terms(items=[term_shown(term) for term in await officers.view_terms(tx, code, post)])


@router.post("/offices/{code}/posts/{post}/holder", summary="An officer holds a post from some time on")
async def appoint(
    code: OfficeNumber,
    post: PostName,
    body: AppointBody,
    tx: Transaction,
    _actor: MayWrite,
    version: IfMatch,
    response: Response,
) -> Terms:
    return await _appoint(tx, Seat(code, post), body, version, response)


@router.post("/offices/{code}/posts/{post}/acting", summary="An officer acts for a vacant post, or during a leave")
async def appoint_acting(
    code: OfficeNumber,
    post: PostName,
    body: AppointBody,
    tx: Transaction,
    _actor: MayWrite,
    version: IfMatch,
    response: Response,
) -> Terms:
    return await _appoint(tx, Seat(code, post, acting=True), body, version, response)


async def _appoint(tx: Transaction, seat: Seat, body: AppointBody, version: int, response: Response) -> Terms:
    appointed = Appointment(body.staff_code, body.valid_from or tx.now, body.valid_to)
    etag(response, await officers.appoint(tx, seat, appointed, version=version))
    return Terms(items=[term_shown(term) for term in await officers.view_terms(tx, seat.office, seat.post)])


@router.post("/offices/{code}/posts/{post}/vacate", summary="Whoever is at a post leaves it")
async def vacate(
    code: OfficeNumber,
    post: PostName,
    body: VacateBody,
    tx: Transaction,
    _actor: MayWrite,
    version: IfMatch,
    response: Response,
) -> Terms:
    seat = Seat(code, post, body.acting)
    etag(response, await officers.vacate(tx, seat, body.at or tx.now, version=version))
    return Terms(items=[term_shown(term) for term in await officers.view_terms(tx, code, post)])
