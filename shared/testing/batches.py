"""Events handed to a service as batches: past the broker, or straight to its folds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.contracts.base import Event
from shared.contracts.envelope import Envelope
from shared.db import Tx
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Consumer
from shared.messaging.fold import Arrived, Fold, Meta, Workspace
from shared.messaging.port import Message
from shared.testing.statements import counted


async def fold_in(tx: Tx, folds: Sequence[Fold[Any, Any]], events: Iterable[tuple[Event, Meta]]) -> None:
    """Apply events in this order as one batch, whatever their numbers say."""
    by_kind = {kind: fold for fold in folds for kind in fold.steps}
    arrived = [Arrived(by_kind[type(event)], event, meta) for event, meta in events]
    workspace = Workspace(tx)
    await workspace.load(arrived)
    for one in arrived:
        workspace.apply(one)
    await workspace.save()


def as_message(event: Event, seq: int, at: datetime) -> Message:
    """The event as its publisher sends it, as number `seq` of a stream that began `at` (UTC)."""
    envelope = Envelope(
        event_id=uuid7(at), type=event.TYPE, topic=event.TOPIC, key=event.key, seq=seq, recorded_at=at,
        stream_began_at=at, source="/pwa/test", traceparent=None, data=event.model_dump(mode="json"),
    )  # fmt: skip
    return Message(event.TOPIC, envelope.key, envelope.body(), envelope.headers())


async def statements_for(consumer: Consumer, messages: Sequence[Message]) -> Counter[str]:
    """What one batch of these messages asks the database, by statement; none of them may be set aside."""
    consumer.most = max(len(messages), 1)
    with counted(consumer.db) as executed:
        await consumer.receive(messages)
    set_aside = sorted(statement for statement in executed if ".parked " in statement and "INSERT" in statement)
    assert not set_aside, set_aside
    return executed
