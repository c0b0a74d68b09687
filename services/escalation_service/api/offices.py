"""Offices and who holds their posts, over REST."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.escalation_service.api.models import OfficeShown, PostsBody, PostsShown, office_shown, posts_shown
from services.escalation_service.domain.offices import Sitting
from services.escalation_service.use_cases import posts
from shared.kernel.access import Actor
from shared.web import IfMatch, Page, Paging, Transaction, etag, needs
from shared.web.types import OfficeCode

router = APIRouter(prefix="/escalation/v1", tags=["offices and officers"])
MayRead = Annotated[Actor, needs("follow_ups:read", "officers:write")]


@router.get("/offices", summary="All offices: 234 branches, 10 regions, 5 areas, the head office")
async def list_offices(
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    kind: Annotated[Literal["branch", "region", "area", "head_office"] | None, Query()] = None,
) -> Page[OfficeShown]:
    after = paging.after(str)
    rows = await posts.list_offices(tx, after=after[0] if after else "", most=paging.fetch, kind=kind)
    return paging.page([office_shown(row) for row in rows], lambda office: (office.code,))


@router.get("/offices/{code}/posts", summary="Who holds the posts of an office")
async def get_posts(code: OfficeCode, tx: Transaction, actor: MayRead, response: Response) -> PostsShown:
    view = await posts.view_posts(tx, code)
    etag(response, view.office.version)
    return posts_shown(view, contacts=actor.may("officers:write"))


@router.put("/offices/{code}/posts", summary="Enter who holds posts of an office from now on")
async def put_posts(
    code: OfficeCode,
    body: PostsBody,
    tx: Transaction,
    _actor: Annotated[Actor, needs("officers:write")],
    version: IfMatch,
    response: Response,
) -> PostsShown:
    sittings: dict[str, Sitting | None] = {
        each.post: each.officer.sitting() if each.officer else None for each in body.posts
    }
    view = await posts.set_posts(tx, code, sittings, version=version)
    etag(response, view.office.version)
    return posts_shown(view, contacts=True)
