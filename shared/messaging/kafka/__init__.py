"""The Kafka adapter of the broker port, on aiokafka."""

from shared.messaging.kafka.broker import KafkaBroker
from shared.messaging.kafka.topics import COMPACT_AT_ONCE

__all__ = ["COMPACT_AT_ONCE", "KafkaBroker"]
