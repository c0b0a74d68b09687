"""The relay's way into Kafka: acknowledged delivery, watermarks, and cards through a transaction that fences."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from shared.contracts.base import COMPACTED, CONTACTS
from shared.messaging.kafka import producing, wire
from shared.messaging.kafka.closing import drop_producer
from shared.messaging.kafka.context import BROKEN, Context
from shared.messaging.port import Fenced, Message

FIRST_ROLL_AFTER_SECONDS = 60.0
ROLL_EVERY_SECONDS = 600.0


class KafkaTarget:
    """One publisher's producers. After any error the producer is dropped; the next delivery opens a new one."""

    name = "kafka"
    topics: frozenset[str] | None = None

    def __init__(self, publisher: str, context: Context) -> None:
        self._settings = settings = context.settings
        self._health = context.health
        self._ready = context.ready
        self._probe = context.probe
        self._transactional_id = f"{settings.topic_prefix}pwa.{publisher}.cards"
        self._facts: AIOKafkaProducer | None = None
        self._cards: AIOKafkaProducer | None = None
        self._owns_cards = CONTACTS.startswith(f"pwa.{publisher}.")
        self._roll_at = time.monotonic() + FIRST_ROLL_AFTER_SECONDS
        self._turn = asyncio.Lock()

    async def deliver(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Raises Fenced when a newer leader of this publisher has begun to send cards."""
        cards = [message for message in messages if message.topic in COMPACTED]
        facts = [message for message in messages if message.topic not in COMPACTED]
        open_when_read = self._cards
        async with self._turn:
            outcomes = await asyncio.gather(
                self._deliver_cards(cards, open_when_read), self._deliver_facts(facts), return_exceptions=True
            )
        flags = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            flags.append(iter(outcome))
        cards_taken, facts_taken = flags
        return [next(cards_taken if message.topic in COMPACTED else facts_taken) for message in messages]

    async def mark(self, topic: str, until: datetime) -> None:
        async with self._turn:
            if topic in COMPACTED:
                await self._mark_cards(topic, until)
                return
            try:
                producer = await self._facts_producer()
                await self._mark(producer, topic, until)
            except BaseException as error:
                await self._drop_facts(error)
                raise
            if self._owns_cards:
                await self._keep_cards_ready()

    async def close(self) -> None:
        await self._drop_facts(None)
        await self._drop_cards(None)

    async def _deliver_facts(self, messages: Sequence[Message]) -> list[bool]:
        if not messages:
            return []
        try:
            producer = await self._facts_producer()
            outcomes = await producing.send_all(producer, self._records(messages), self._settings.ack_within)
        except BaseException as error:
            await self._drop_facts(error)
            raise
        serious = [e for e in outcomes if e is not None and not isinstance(e, MessageSizeTooLargeError)]
        if serious:
            await self._drop_facts(serious[0])
        else:
            self._health.answered()
        return [error is None for error in outcomes]

    async def _deliver_cards(self, messages: Sequence[Message], open_when_read: AIOKafkaProducer | None) -> list[bool]:
        """All or none, in one transaction.

        A producer that was opened after these cards were read takes nothing: a newer leader may have sent a tombstone
        in between, and opening has fenced that leader instead of this process. The relay looks again, on the session
        that proves its leadership, and reads the cards anew.
        """
        if not messages:
            return []
        try:
            if self._cards is None:
                self._cards = await self._open_cards()
            if self._cards is not open_when_read:
                return [False] * len(messages)
            await self._transact(self._cards, self._records(messages))
        except BROKEN as error:
            await self._give_up_cards(error)
            return [False] * len(messages)
        except BaseException:
            await self._drop_cards(None)
            raise
        self._health.answered()
        return [True] * len(messages)

    async def _mark_cards(self, topic: str, until: datetime) -> None:
        if self._cards is None:
            self._cards = await self._open_cards()
        await self._in_all_partitions(self._cards, topic, until)

    async def _keep_cards_ready(self) -> None:
        """Open before the first card is read, and let no segment stay open: Kafka closes one only when something is
        appended, and compacts closed ones only."""
        try:
            if self._cards is None:
                self._cards = await self._open_cards()
            if time.monotonic() >= self._roll_at:
                self._roll_at = time.monotonic() + ROLL_EVERY_SECONDS
                await self._in_all_partitions(self._cards, CONTACTS, None)
        except BROKEN as error:
            self._health.failed(error)

    async def _in_all_partitions(self, producer: AIOKafkaProducer, topic: str, until: datetime | None) -> None:
        try:
            await self._transact(producer, await self._one_per_partition(producer, topic, until))
        except BaseException as error:
            await self._give_up_cards(error)
            raise

    async def _transact(self, producer: AIOKafkaProducer, records: Sequence[producing.Record]) -> None:
        async with asyncio.timeout(self._settings.ack_within):
            await producer.begin_transaction()
            outcomes = await producing.send_all(producer, records, self._settings.ack_within)
            for error in outcomes:
                if error is not None:
                    raise error
            await producer.commit_transaction()

    async def _mark(self, producer: AIOKafkaProducer, topic: str, until: datetime) -> None:
        records = await self._one_per_partition(producer, topic, until)
        for error in await producing.send_all(producer, records, self._settings.ack_within):
            if error is not None:
                raise error
        self._health.answered()

    async def _one_per_partition(
        self, producer: AIOKafkaProducer, topic: str, until: datetime | None
    ) -> list[producing.Record]:
        full = self._settings.topic_prefix + topic
        async with asyncio.timeout(self._settings.ack_within):
            partitions = await producer.partitions_for(full)
        record = wire.roll() if until is None else wire.watermark(until, len(partitions))
        return [{"topic": full, "partition": partition, **record} for partition in sorted(partitions)]

    def _records(self, messages: Sequence[Message]) -> list[producing.Record]:
        return [
            {
                "topic": self._settings.topic_prefix + message.topic,
                "key": message.key.encode(),
                "value": message.value,
                "headers": wire.headers_of(message),
            }
            for message in messages
        ]

    async def _facts_producer(self) -> AIOKafkaProducer:
        if self._facts is None:
            await self._ready()
            self._facts = await producing.open_producer(self._settings)
        return self._facts

    async def _open_cards(self) -> AIOKafkaProducer:
        await self._ready()
        return await producing.open_producer(self._settings, self._transactional_id)

    async def _give_up_cards(self, error: BaseException) -> None:
        producer = self._cards
        if producer is not None and producing.is_fenced(producer, [error]):
            await self._drop_cards(None)
            raise Fenced("a newer leader sends this publisher's cards") from error
        await self._drop_cards(error)

    async def _drop_facts(self, error: BaseException | None) -> None:
        producer, self._facts = self._facts, None
        await self._drop(producer, error)

    async def _drop_cards(self, error: BaseException | None) -> None:
        producer, self._cards = self._cards, None
        await self._drop(producer, error)

    async def _drop(self, producer: AIOKafkaProducer | None, error: BaseException | None) -> None:
        if producer is not None:
            await drop_producer(producer)
        if isinstance(error, BROKEN):
            self._health.failed(error)
            await self._probe()
