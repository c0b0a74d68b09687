"""aiokafka producers that never hang: opened within a time, every acknowledgement awaited within a time."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from shared.kernel.faults import fault_point
from shared.messaging.kafka.closing import drop_producer
from shared.messaging.settings import KafkaSettings

Record = Mapping[str, Any]  # the arguments of AIOKafkaProducer.send
Acknowledgement = asyncio.Future[Any]


async def open_producer(settings: KafkaSettings, transactional_id: str | None = None) -> AIOKafkaProducer:
    """A connected idempotent producer; with an id, a transactional one that fences its predecessor."""
    options: dict[str, Any] = {"acks": "all", "enable_idempotence": True, "linger_ms": 0}
    if transactional_id is not None:
        timeout = round(settings.transaction_timeout * 1000)
        options |= {"transactional_id": transactional_id, "transaction_timeout_ms": timeout}
    producer = AIOKafkaProducer(**settings.connection(), **options)
    try:
        async with asyncio.timeout(settings.ack_within):
            await producer.start()
    except BaseException:
        await drop_producer(producer)
        raise
    return producer


async def send_all(producer: AIOKafkaProducer, records: Iterable[Record], within: float) -> list[BaseException | None]:
    """Send in order and wait for every acknowledgement; per record None or why it is not known to be taken.

    Once a record of a key is refused, later ones of that key are not sent.
    """
    deadline = asyncio.get_running_loop().time() + within
    waiting: list[Acknowledgement | BaseException] = []
    refused: dict[tuple[str, bytes], BaseException] = {}
    for record in records:
        stream = (record["topic"], record["key"])
        outcome = refused.get(stream) or await _send(producer, record, deadline)
        if isinstance(outcome, BaseException):
            refused[stream] = outcome
        waiting.append(outcome)
    await fault_point("relay.sending")
    pending = [one for one in waiting if isinstance(one, asyncio.Future)]
    if pending:
        left = max(deadline - asyncio.get_running_loop().time(), 0)
        await asyncio.wait(pending, timeout=left)
    return [_outcome(one) for one in waiting]


async def _send(producer: AIOKafkaProducer, record: Record, deadline: float) -> Acknowledgement | BaseException:
    try:
        async with asyncio.timeout_at(deadline):
            acknowledgement: Acknowledgement = await producer.send(**record)
            return acknowledgement
    except (KafkaError, TimeoutError) as error:
        return error


def _outcome(acknowledgement: Acknowledgement | BaseException) -> BaseException | None:
    if isinstance(acknowledgement, BaseException):
        return acknowledgement
    if not acknowledgement.done():
        return TimeoutError()
    if acknowledgement.cancelled():
        return asyncio.CancelledError()
    return acknowledgement.exception()


def is_fenced(producer: AIOKafkaProducer, errors: Sequence[BaseException | None]) -> bool:
    """Whether a newer producer with the same transactional id has taken over."""
    task = producer._sender.sender_task  # noqa: SLF001 - where the reason of a dead producer stands
    if task is not None and task.done() and not task.cancelled() and isinstance(task.exception(), ProducerFenced):
        return True
    return any(isinstance(error, ProducerFenced) for error in errors)
