"""The unit of work of one request: opened at the edge, committed before the answer leaves."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.db import Tx
from shared.kernel.access import Actor
from shared.kernel.faults import fault_point
from shared.web.hanging_up import READS

NOBODY = Actor("anonymous", frozenset(), frozenset())


async def open_transaction(request: Request) -> AsyncIterator[Tx]:
    """A transaction of the service's own database, in the name of whoever asks."""
    state = request.scope["state"]
    await fault_point("api.before_tx")
    async with request.app.state.context.db.transaction(
        actor=state.get("actor", NOBODY),
        traceparent=state.get("traceparent"),
        edge="api",
        reads_only=request.method in READS,
    ) as tx:
        yield tx


# scope="function": FastAPI leaves the dependency, which commits, before it sends the answer.
Transaction = Annotated[Tx, Depends(open_transaction, scope="function")]
