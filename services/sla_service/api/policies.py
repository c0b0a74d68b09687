"""Policy versions over REST: draft, change, compare, publish, end."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from services.sla_service.api.policy_models import (
    EndPolicyBody,
    Name,
    NewPolicyBody,
    PolicyBody,
    PolicyDiffShown,
    PolicyShown,
    PublishPolicyBody,
    policy_diff,
    policy_shown,
)
from services.sla_service.store import versions
from services.sla_service.use_cases import policies
from services.sla_service.use_cases.versions import see
from shared.db import Row
from shared.kernel.access import Actor
from shared.web import Idempotent, IfMatch, Page, Paging, Transaction, etag, needs

router = APIRouter(prefix="/sla/v1", tags=["calendars and policies"])
MayRead = Annotated[Actor, needs("clocks:read")]
MayWrite = Annotated[Actor, needs("policies:write")]
CodeInPath = Annotated[Name, Path(description="of the policy", examples=["L01"])]
Number = Annotated[int, Path(ge=1, le=100_000, description="of the version", examples=[2])]


@router.get("/policies", summary="Policy versions: which cases they are for and what they promise")
async def list_policies(
    tx: Transaction, _actor: MayRead, paging: Paging, code: Annotated[Name | None, Query()] = None
) -> Page[PolicyShown]:
    after = paging.after(str, int)
    rows = await versions.list_versions(
        tx, versions.POLICIES, code, after=(after[0], after[1]) if after else None, most=paging.fetch
    )
    return paging.page([policy_shown(row) for row in rows], lambda one: (one.code, one.version))


@router.post("/policies", status_code=201, summary="Draft a version: from nothing, or from another one with changes")
async def draft_policy(
    body: NewPolicyBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> PolicyShown:
    async def make() -> PolicyShown:
        row = await policies.create(tx, body.code, body.based_on, body.given())
        response.headers["Location"] = f"/sla/v1/policies/{row.code}/{row.version}"
        return _shown(row, response)

    return await once.answer(tx, response, make)


@router.get("/policies/{code}/{version}", summary="One version of a policy")
async def get_policy(
    code: CodeInPath, version: Number, tx: Transaction, _actor: MayRead, response: Response
) -> PolicyShown:
    return _shown(await see(tx, versions.POLICIES, code, version), response)


@router.patch("/policies/{code}/{version}", summary="Change a draft; what is left out stays")
async def change_policy(
    code: CodeInPath,
    version: Number,
    body: PolicyBody,
    tx: Transaction,
    _actor: MayWrite,
    seen: IfMatch,
    response: Response,
) -> PolicyShown:
    return _shown(await policies.edit(tx, code, version, seen, body.given()), response)


@router.delete("/policies/{code}/{version}", status_code=204, summary="Delete a draft")
async def delete_policy(code: CodeInPath, version: Number, tx: Transaction, _actor: MayWrite, seen: IfMatch) -> None:
    await policies.delete(tx, code, version, seen)


@router.get("/policies/{code}/{version}/diff", summary="What changes from another version to this one")
async def compare_policies(
    code: CodeInPath,
    version: Number,
    tx: Transaction,
    _actor: MayRead,
    from_version: Annotated[int, Query(ge=1, le=100_000, examples=[1])],
) -> PolicyDiffShown:
    return policy_diff(*await policies.diff(tx, code, from_version, version))


@router.post("/policies/{code}/{version}/publish", summary="Put a draft in force for cases that begin in its range")
async def publish_policy(
    code: CodeInPath,
    version: Number,
    body: PublishPolicyBody,
    tx: Transaction,
    _actor: MayWrite,
    seen: IfMatch,
    response: Response,
) -> PolicyShown:
    return _shown(await policies.publish(tx, code, version, seen, end_predecessor=body.end_predecessor), response)


@router.post("/policies/{code}/{version}/end", summary="End the range of a policy; cases that began in it keep it")
async def end_policy(
    code: CodeInPath, version: Number, body: EndPolicyBody, tx: Transaction, _actor: MayWrite, response: Response
) -> PolicyShown:
    return _shown(await policies.end(tx, code, version, body.at), response)


def _shown(row: Row[Any], response: Response) -> PolicyShown:
    etag(response, row.revision)
    return policy_shown(row)
