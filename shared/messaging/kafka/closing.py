"""End aiokafka's clients for good, also those that would hang: what is left running would send or hold partitions."""

import asyncio
import logging
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

logger = logging.getLogger(__name__)


async def drop_producer(producer: AIOKafkaProducer) -> None:
    """Close without sending what is still queued: it counts as not sent, and the next producer sends it again.

    `AIOKafkaProducer.stop` flushes first, which never ends while the broker is away; a producer that is only
    forgotten would go on and send old records after newer ones.
    """
    sender = producer._sender  # noqa: SLF001 - no public way to stop without flushing
    producer._closed = True  # noqa: SLF001 - it is closed here
    await _end(producer.client, sender)
    _look_at(producer)


def _look_at(producer: AIOKafkaProducer) -> None:
    """Futures of a failed producer that nobody awaits: asyncio would report each as never retrieved."""
    batches = producer._message_accumulator._batches.values()  # noqa: SLF001 - as above
    waiters = [batch._drain_waiter for waiting in batches for batch in waiting]  # noqa: SLF001 - as above
    waiters.append(producer._txn_manager._transaction_waiter)  # noqa: SLF001 - as above
    for waiter in waiters:
        if waiter is not None and waiter.done() and not waiter.cancelled():
            waiter.exception()


async def drop_consumer(consumer: AIOKafkaConsumer, within: float) -> None:
    """Leave the group if the broker lets us; in any case end the tasks, or a heartbeat would keep the partitions."""
    try:
        async with asyncio.timeout(within):
            await consumer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        logger.warning("a kafka consumer did not close cleanly (%s)", type(error).__name__)
    finally:
        parts = (consumer._coordinator, consumer._fetcher)  # noqa: SLF001 - stop() can hang before it ends them
        await _end(consumer._client, *parts)  # noqa: SLF001 - as above


async def _end(client: Any, *parts: Any) -> None:
    """Cancel the tasks of these objects and close their connections."""
    tasks = _tasks_of(*parts)
    for task in tasks:
        task.cancel()
    try:
        async with asyncio.timeout(2):
            await client.close()
            await asyncio.gather(*tasks, return_exceptions=True)
    except (KafkaError, OSError, TimeoutError) as error:
        logger.warning("a kafka client did not close cleanly (%s)", type(error).__name__)


def _tasks_of(*owners: Any) -> "list[asyncio.Task[Any]]":
    """aiokafka keeps no list of its tasks; an object's are those whose coroutine is one of its methods."""
    own = {id(owner) for owner in owners if owner is not None}
    return [task for task in asyncio.all_tasks() if _self_of(task) in own]


def _self_of(task: "asyncio.Task[Any]") -> int | None:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return id(frame.f_locals["self"]) if frame is not None and "self" in frame.f_locals else None
