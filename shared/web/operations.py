"""What operators may do in every service: see, replay and discard parked events, send history again, read the audit."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, model_validator

from shared.db import Row
from shared.db.audit import find_audit
from shared.messaging.consumer import Consumer
from shared.messaging.operations import (
    History,
    Which,
    discard_parked,
    list_parked,
    rebase_stream,
    replay_parked,
    replay_sent,
)
from shared.web.access import needs
from shared.web.paging import Page, Paging
from shared.web.transaction import Transaction
from shared.web.types import Instant, Line, PublicText, StrictModel
from shared.web.validation import refuse

_Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
_Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Chosen(StrictModel):
    """Which parked events are meant: every given part narrows, at least one must be given."""

    ids: tuple[_Id, ...] = Field((), max_length=1000)
    topic: Line | None = Field(None, examples=["pwa.intake.v1"])
    key: Line | None = Field(None, description="the aggregate, such as a case id")
    reason: Line | None = Field(None, examples=["poison"])

    @model_validator(mode="after")
    def _narrowed(self) -> "Chosen":
        if self.which().is_everything:
            raise refuse("nothing_chosen", "Give ids, a topic, a key or a reason.")
        return self

    def which(self) -> Which:
        return Which(self.ids, self.topic, self.key, self.reason)


class Discarded(Chosen):
    """Parked events to give up for good, and why."""

    why: PublicText = Field(examples=["เหตุการณ์ซ้ำจากการกู้คืนข้อมูล"])


class ToSendAgain(StrictModel):
    """A part of a topic's history: a key, a time of recording [since, until), numbers first to last."""

    topic: Line = Field(examples=["pwa.intake.v1"])
    key: Line | None = None
    since: Instant | None = None
    until: Instant | None = None
    first: _Number | None = None
    last: _Number | None = None


class Baseline(StrictModel):
    """Up to which number a stream is declared complete, and why."""

    topic: Line = Field(examples=["pwa.intake.v1"])
    key: Line
    seq: _Number
    why: PublicText = Field(examples=["ยืนยันแล้วว่าเหตุการณ์สูญหายถาวร"])


class ParkedEvent(StrictModel):
    """An event that was set aside. Its content is not shown."""

    id: int
    event_id: str
    topic: str
    key: str
    seq: int | None
    type: str | None
    reason: str
    error: str
    state: str
    attempts: int
    parked_at: Instant
    settled_at: Instant | None
    settled_by: str | None
    settled_why: str | None


class Replayed(StrictModel):
    """How a replay of parked events went."""

    applied: int
    failed: int


class Counted(StrictModel):
    """How many events it concerned."""

    count: int


class AuditRow(StrictModel):
    """Who did what, and when."""

    id: int
    at: Instant
    actor: str
    action: str
    subject: str
    facts: dict[str, Any]
    traceparent: str | None


def _consumer(request: Request) -> Consumer:
    consumer: Consumer = request.app.state.context.consumer
    return consumer


async def _which(
    topic: Annotated[str | None, Query(max_length=200)] = None,
    key: Annotated[str | None, Query(max_length=200)] = None,
    reason: Annotated[str | None, Query(max_length=40)] = None,
) -> Which:
    return Which((), topic, key, reason)


def _parked(row: Row[Any]) -> ParkedEvent:
    shown = {name: getattr(row, name) for name in ParkedEvent.model_fields}
    return ParkedEvent(**{**shown, "event_id": str(row.event_id)})


@cache
def operations_router(service: str) -> APIRouter:
    """The routes under /{service}/v1 for people with the right `operations`."""
    router = APIRouter(prefix=f"/{service}/v1", tags=["operations"], dependencies=[needs("operations")])
    _parked_routes(router)
    _history_routes(router)
    return router


def _parked_routes(router: APIRouter) -> None:
    @router.get("/parked")
    async def see_parked(
        tx: Transaction,
        which: Annotated[Which, Depends(_which)],
        paging: Paging,
        state: Annotated[str, Query(pattern="^(parked|applied|discarded)$")] = "parked",
    ) -> Page[ParkedEvent]:
        """Events that could not be applied, oldest first."""
        after = paging.after(int)
        rows = await list_parked(tx, which, state=state, after=after[0] if after else 0, limit=paging.fetch)
        return paging.page([_parked(row) for row in rows], lambda row: (row.id,))

    @router.post("/parked/replay")
    async def replay(tx: Transaction, chosen: Chosen, request: Request) -> Replayed:
        """Apply parked events again, in order per key."""
        applied, failed = await replay_parked(tx, _consumer(request), chosen.which())
        return Replayed(applied=applied, failed=failed)

    @router.post("/parked/discard")
    async def discard(tx: Transaction, chosen: Discarded, request: Request) -> Counted:
        """Give parked events up for good; what waits behind them goes on."""
        return Counted(count=await discard_parked(tx, _consumer(request), chosen.which(), chosen.why))


def _history_routes(router: APIRouter) -> None:
    @router.post("/parked/baseline", status_code=204)
    async def set_baseline(body: Baseline, request: Request, tx: Transaction) -> None:
        """Give lost events up: the stream goes on after this number."""
        await rebase_stream(tx, _consumer(request), (body.topic, body.key), body.seq, body.why)

    @router.post("/outbox/replay")
    async def send_again(tx: Transaction, history: ToSendAgain) -> Counted:
        """Send a part of this service's history again, with the same ids and numbers."""
        return Counted(count=await replay_sent(tx, History(**history.model_dump())))

    @router.get("/audit")
    async def see_audit(
        tx: Transaction,
        paging: Paging,
        subject: Annotated[str | None, Query(max_length=200, description="such as a case id")] = None,
        actor: Annotated[str | None, Query(max_length=200)] = None,
        since: Annotated[Instant | None, Query()] = None,
    ) -> Page[AuditRow]:
        """What was changed and what personal data was read, newest first."""
        before = paging.after(int)
        rows = await find_audit(
            tx, subject=subject, actor=actor, since=since, before=before[0] if before else None, limit=paging.fetch
        )
        return paging.page([AuditRow(**row._asdict()) for row in rows], lambda row: (row.id,))
