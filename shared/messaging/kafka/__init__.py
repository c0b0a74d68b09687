"""The Kafka adapter of the broker port, on aiokafka."""

from shared.messaging.kafka.broker import KafkaBroker

__all__ = ["KafkaBroker"]
