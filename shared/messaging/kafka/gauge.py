"""Where the topics end: the last offsets as written, open transactions included."""

import asyncio
from collections.abc import Collection, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from shared.messaging.kafka.closing import drop_consumer
from shared.messaging.settings import KafkaSettings


class Gauge:
    """A reader outside of all groups, opened when it is first asked.

    A consumer of committed records cannot say this itself: a transaction is committed a moment before its markers
    are written, and for that moment such a consumer would claim that nothing is waiting.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._reader: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        async with self._turn, asyncio.timeout(self._settings.commit_within):
            try:
                reader = self._reader or await self._open()
                ends: Mapping[TopicPartition, int] = await reader.end_offsets(partitions)
            except BaseException:
                await self.close()
                raise
            return ends

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await drop_consumer(reader, self._settings.close_within)

    async def _open(self) -> AIOKafkaConsumer:
        self._reader = AIOKafkaConsumer(**self._settings.connection(), enable_auto_commit=False)
        await self._reader.start()
        return self._reader
