"""How many statements each service asks its database for a batch of events: the smallest batch and the largest."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from services.catalogue import SERVICES
from shared.db.embedded import EmbeddedPostgres
from shared.kernel.words import HEAD_OFFICE
from shared.messaging.inprocess import InProcessBroker
from shared.messaging.port import WATERMARK, Message
from shared.runtime.node import Node
from shared.testing import postgres
from shared.testing.statements import counted
from shared.testing.system import System, start_system
from tests.benchmarks.complaint import body

CASES = 60


@dataclass(frozen=True)
class Batch:
    """One transaction of a consumer."""

    service: str
    events: int
    statements: int


async def batches(server: EmbeddedPostgres, cases: int = CASES) -> list[Batch]:
    """Every batch that the services took in, first of one case and then of so many at once."""
    database = await postgres.create(server)
    seen: list[Batch] = []
    try:
        with TemporaryDirectory() as place:
            broker = InProcessBroker()
            system = await start_system(SERVICES, database, broker, Path(place))
            try:
                await system.drain()
                for node in system.nodes.values():
                    await _count(broker, node, seen)
                for count in (1, cases):
                    await _post(system, count)
                    await system.drain()
            finally:
                await system.close()
    finally:
        await postgres.drop(database)
    return seen


async def _count(broker: InProcessBroker, node: Node, seen: list[Batch]) -> None:
    consumer, name = node.context.consumer, node.service.name

    async def receive(messages: Sequence[Message]) -> None:
        events = sum(message.headers.get("ce_type") != WATERMARK for message in messages)
        consumer.most = len(messages)  # one transaction
        with counted(consumer.db) as executed:
            await consumer.receive(messages)
        if events:
            seen.append(Batch(name, events, executed.total()))

    if consumer.topics:
        await broker.subscribe(name, consumer.topics, receive)


async def _post(system: System, count: int) -> None:
    client = system.api("channel_adapter", subject="benchmark")
    headers = {"Content-Type": "application/json"}
    for number in range(count):
        content = json.dumps(body(number, system.clock.now().isoformat(), HEAD_OFFICE))
        answer = await client.post("/intake/v1/cases", content=content, headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(f"the product refused: {answer.text}")


def show(seen: Sequence[Batch], tell: Callable[[str], None] = print) -> None:
    """Per service: statements of its smallest and of its largest batch."""
    tell("\nstatements a batch, everything in the consumer's transaction")
    tell(f"  {'':12}{'events':>8}{'statements':>12}{'events':>10}{'statements':>12}")
    for name in sorted({batch.service for batch in seen}):
        ordered = sorted((batch for batch in seen if batch.service == name), key=lambda batch: batch.events)
        few, many = ordered[0], ordered[-1]
        tell(f"  {name:12}{few.events:8}{few.statements:12}{many.events:10}{many.statements:12}")
