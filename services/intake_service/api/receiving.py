"""POST /cases: receipts that wait at the same moment share one transaction (reliability.md, "Grouped commits")."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest

from services.intake_service.api.answers import ReceiptAnswer, receipt_answer
from services.intake_service.api.bodies import NewCase
from services.intake_service.domain.receipt import Origin, Receipt
from services.intake_service.domain.tracking import as_tracking_code, new_tracking_code
from services.intake_service.use_cases.classifying import KnownSubjects
from services.intake_service.use_cases.registering import Answer, Registered, Request, register_many
from shared.db import Database, Tx
from shared.db.failures import is_infrastructure, sqlstate
from shared.db.group import GroupCommit
from shared.kernel.access import Actor
from shared.kernel.errors import Conflict, Forbidden, Refusal
from shared.kernel.faults import fault_point
from shared.kernel.ids import uuid7
from shared.kernel.words import HEAD_OFFICE
from shared.reference import region_of
from shared.web import Idempotency, Idempotent, check_channel, needs
from shared.web.idempotency import check_keys

router = APIRouter(prefix="/intake/v1", tags=["1 receive and classify"])
_TAKEN = "23505"  # unique violation
_TRY_ALONE = frozenset({"40001", "40P01"})  # serialization failure, deadlock: the group's own making


@dataclass(frozen=True)
class Incoming:
    """A receipt under its idempotency key."""

    request: Request
    once: Idempotency


@dataclass(frozen=True)
class Written:
    """An answer whose case is committed."""

    status: int
    body: ReceiptAnswer


Group = GroupCommit[Incoming, Written]


@router.post("/cases", status_code=201, response_model=ReceiptAnswer)
async def receive(
    body: NewCase,
    http: HttpRequest,
    actor: Annotated[Actor, needs("cases:create", api_keys=True)],
    once: Idempotent,
) -> Response:
    """Register a case from any channel. 201: a new case; 200: its reference was known, or it follows up a case."""
    check_channel(actor, body.channel)
    if body.origin is not None:
        check_channel(actor, body.origin)
    request = Request(
        _receipt(body, _office(body, actor)), actor, http.scope["state"].get("traceparent"), body.follow_up_of
    )
    written = await _group(http).submit(Incoming(request, once))
    headers = {"ETag": f'"{written.body.version}"'}
    return Response(written.body.model_dump_json(), written.status, headers, "application/json")


def _office(body: NewCase, actor: Actor) -> str:
    """Where it was received: a branch's people speak for their own branch only."""
    scope = actor.scope
    if body.receiving_office is None:
        return next(iter(scope.offices)) if len(scope.offices) == 1 and not scope.everything else HEAD_OFFICE
    bound = (scope.offices or scope.regions) and not scope.everything
    if bound and not scope.sees(office=body.receiving_office, region=region_of(body.receiving_office)):
        raise Forbidden("You receive cases for your own office only.", code="foreign_office")
    return body.receiving_office


def _receipt(body: NewCase, office: str) -> Receipt:
    origin = None
    if body.origin_reference is not None:
        origin = Origin(body.origin or str(body.channel), body.origin_reference, body.origin_due_at)
    return Receipt(
        id=uuid7(),
        tracking_code=new_tracking_code(),
        channel=body.channel,
        received_at=body.received_at,
        receiving_office=office,
        receiving_region=region_of(office),
        text=body.text,
        person=body.person(),
        origin=origin,
        branch_hint=body.branch,
        subject_hint=body.subject,
    )


def _group(http: HttpRequest) -> Group:
    """One queue per running application."""
    state = http.app.state
    if not hasattr(state, "receipts"):
        settings = state.context.settings
        writer = Writer(state.context.db)
        state.receipts = GroupCommit(writer.write, largest=settings.largest_group, writers=settings.writers)
    group: Group = state.receipts
    return group


@dataclass
class Writer:
    """Writes groups: together in one transaction, or each in its own when one of them spoils the group's."""

    db: Database
    subjects: KnownSubjects = field(default_factory=KnownSubjects)

    async def write(self, group: Sequence[Incoming]) -> list[Written | Exception]:
        """One answer or exception for each, after its commit."""
        try:
            return await self._together(group)
        except Exception as error:
            if is_infrastructure(error) and sqlstate(error) not in _TRY_ALONE:
                raise
            if len(group) == 1 and not _overtaken(error):
                raise
        return [await self._alone(each) for each in group]

    async def _alone(self, incoming: Incoming, *, retry: bool = True) -> Written | Exception:
        try:
            return (await self._together([incoming]))[0]
        except Exception as error:  # noqa: BLE001 - handed on to the request that it belongs to
            if not retry or not _overtaken(error):
                return error
        # Another process has just written the same reference or key: now it is found and repeated.
        return await self._alone(incoming, retry=False)

    async def _together(self, group: Sequence[Incoming]) -> list[Written | Exception]:
        await fault_point("api.before_tx")
        async with self.db.transaction(edge="api") as tx:
            known = await check_keys(tx, [each.once for each in group])
            answers: dict[int, Written | Exception] = {n: answer for n, answer in enumerate(known) if answer}
            open_ones = [(place, each) for place, each in enumerate(group) if place not in answers]
            made = await register_many(tx, [each.request for _, each in open_ones], self.subjects)
            for (place, each), answer in zip(open_ones, made, strict=True):
                answers[place] = _written(each.request, answer)
                _keep(tx, each.once, answers[place])
        return [answers[place] for place in range(len(group))]


def _overtaken(error: Exception) -> bool:
    """Another transaction was first with the reference, or (at the flush) with the idempotency key."""
    return isinstance(error, Conflict) or sqlstate(error) == _TAKEN


def _written(request: Request, answer: Answer) -> Written | Refusal:
    if isinstance(answer, Refusal):
        return answer
    with_code = answer.outcome != "attached" or _knows_code(request, answer)
    body = receipt_answer(answer.case, answer.outcome, with_code=with_code)
    return Written(201 if answer.outcome == "registered" else 200, body)


def _knows_code(request: Request, answer: Registered) -> bool:
    """Numbers can be guessed, tracking codes cannot: who chased by number does not get the code from us."""
    return as_tracking_code(request.follow_up_of or "") == answer.case.tracking_code


def _keep(tx: Tx, once: Idempotency, answer: Written | Exception) -> None:
    if isinstance(answer, Written):
        replace(once, status=answer.status).keep(tx, answer.body, {"etag": f'"{answer.body.version}"'})
