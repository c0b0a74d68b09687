"""One consumer group's reading of its topics: batches handed on per partition, offsets committed by hand after them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import ConsumerRecord, TopicPartition

from shared.kernel.back_off import back_off
from shared.kernel.faults import fault_point
from shared.messaging.kafka import wire
from shared.messaging.kafka.closing import drop_consumer
from shared.messaging.kafka.context import BROKEN, Context
from shared.messaging.port import Receive

logger = logging.getLogger(__name__)

Records = Sequence["ConsumerRecord[bytes, bytes]"]
Batches = dict[TopicPartition, Records]


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
    """Knows whether this member has been told which partitions are its own."""

    settled = False

    def on_partitions_revoked(self, revoked: object) -> None:
        self.settled = False

    def on_partitions_assigned(self, assigned: object) -> None:
        self.settled = True


class KafkaSubscription:
    """Reads while `step` is called. A consumer that meets an error is dropped; a later step makes a new one."""

    def __init__(self, group: str, topics: frozenset[str], receive: Receive, context: Context) -> None:
        self._group = group
        self._topics = topics
        self._receive = receive
        self._context = context
        self._settings = context.settings
        self._consumer: AIOKafkaConsumer | None = None
        self._rebalances = Rebalances()
        self._failures = 0
        self._resumes_at = 0.0

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that this member has now."""
        if self._consumer is None or not self._rebalances.settled:
            return frozenset()
        return frozenset(own.partition for own in self._consumer.assignment())

    async def step(self) -> int:
        if self._consumer is None:
            left = self._resumes_at - time.monotonic()
            if left > 0:
                await asyncio.sleep(min(left, self._settings.idle))
                return 0
        try:
            consumer = self._consumer or await self._open()
            await self._context.probe()
            batches = await self._fetch(consumer)
        except BROKEN as error:
            await self._drop(error)
            return 0
        return await self._hand_on(
            consumer, batches
        )  # nothing may be awaited in between: a cancellation would lose them

    async def lag(self) -> int:
        """Exact for the partitions this member has; 1 while it does not know which those are."""
        consumer = self._consumer
        if consumer is None or not self._rebalances.settled:
            return 1
        try:
            mine = consumer.assignment()
            ends = await self._context.gauge.ends(mine) if mine else {}
            async with asyncio.timeout(self._settings.commit_within):
                return sum([max(end - await consumer.position(own), 0) for own, end in ends.items()])
        except IllegalStateError:
            return 1
        except BROKEN as error:
            await self._drop(error)
            return 1

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await drop_consumer(consumer, self._settings.close_within)

    async def _open(self) -> AIOKafkaConsumer:
        await self._context.ready()
        self._rebalances = Rebalances()
        consumer = AIOKafkaConsumer(**self._options())
        consumer.subscribe(topics=self._full_names(), listener=self._rebalances)
        try:
            async with asyncio.timeout(self._settings.start_within):
                await consumer.start()
        except BaseException:
            await drop_consumer(consumer, self._settings.close_within)
            raise
        self._consumer = consumer
        self._failures = 0
        self._context.health.answered()
        return consumer

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        return {
            **settings.connection(),
            "group_id": settings.topic_prefix + self._group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_committed",
            "max_poll_records": settings.batch,
            "fetch_max_wait_ms": round(settings.fetch_wait * 1000),
            "session_timeout_ms": round(settings.session_timeout * 1000),
            "heartbeat_interval_ms": round(settings.heartbeat * 1000),
        }

    def _full_names(self) -> list[str]:
        return [self._settings.topic_prefix + topic for topic in sorted(self._topics)]

    async def _fetch(self, consumer: AIOKafkaConsumer) -> Batches:
        """What has arrived; nothing after `idle`, or while partitions are being dealt out anew."""
        timeout = round(self._settings.idle * 1000)
        try:
            # a cancelled getmany has not advanced any position: it does so only in the instant in which it returns
            async with asyncio.timeout(self._settings.idle * 2):
                batches: Batches = await consumer.getmany(timeout_ms=timeout)
                return batches
        except TimeoutError:
            return {}

    async def _hand_on(self, consumer: AIOKafkaConsumer, batches: Batches) -> int:
        """Each partition's batch in turn. One that fails is read again later and does not keep the others back."""
        handled, waiting, failure = 0, dict(batches), None
        try:
            for part in together(batches):
                records = [record for own in part.values() for record in own]
                try:
                    await self._receive_batch(records)
                except Exception as error:
                    if failure is not None:
                        raise
                    failure = error
                    continue
                for partition in part:
                    del waiting[partition]
                handled += len(records)
                if not await self._commit(consumer, {own: mine[-1].offset + 1 for own, mine in part.items()}):
                    break
        finally:
            rewind(consumer, waiting)
        if failure is not None:
            raise failure
        return handled

    async def _receive_batch(self, records: Records) -> None:
        messages = [wire.message_of(record, self._settings.topic_prefix) for record in records]
        ours = [message for message in messages if not wire.is_roll(message)]
        if ours:
            await fault_point("consumer.fetched")
            await self._receive(ours)

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> bool:
        """Whether the consumer may go on. Where the partition is somebody else's by now, they read the batch again."""
        try:
            async with asyncio.timeout(self._settings.commit_within):
                await consumer.commit(offsets)
            await fault_point("consumer.offset_committed")
        except (CommitFailedError, IllegalStateError) as error:
            gone = sorted({own.partition for own in offsets})
            logger.info("partitions %s went to another member (%s)", gone, type(error).__name__)
        except BROKEN as error:
            await self._drop(error)
            return False
        return True

    async def _drop(self, error: BaseException) -> None:
        self._context.health.failed(error)
        self._failures += 1
        longest = back_off(self._failures, self._settings.backoff_first, self._settings.backoff_most)
        self._resumes_at = time.monotonic() + longest * (0.5 + self._context.jitter.random() / 2)
        await self.close()


def together(batches: Batches) -> list[Batches]:
    """What is handed on at a time: each partition alone, but watermarks, told to all in one instant, in one piece."""
    marks = {partition: records for partition, records in batches.items() if all(map(wire.is_mark, records))}
    alone = [{partition: records} for partition, records in batches.items() if partition not in marks]
    return [marks, *alone] if marks else alone


def rewind(consumer: AIOKafkaConsumer, batches: Batches) -> None:
    """Let what was fetched and not handled be fetched again."""
    for partition, records in batches.items():
        try:
            consumer.seek(partition, records[0].offset)
        except IllegalStateError:
            continue  # no longer ours: whoever has it starts from the committed offset
