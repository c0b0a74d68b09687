"""What all producers and consumers of one broker share."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from shared.messaging.kafka.gauge import Gauge
from shared.messaging.kafka.health import Health
from shared.messaging.settings import KafkaSettings

BROKEN = (KafkaError, OSError, TimeoutError)


@dataclass(frozen=True)
class Context:
    """`ready` returns when the topics exist; `probe` looks now and then whether broker and topics are there."""

    settings: KafkaSettings
    health: Health
    gauge: Gauge
    ready: Callable[[], Awaitable[None]]
    probe: Callable[[], Awaitable[None]]
    jitter: random.Random
