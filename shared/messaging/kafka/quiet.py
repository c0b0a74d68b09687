"""aiokafka repeats itself many times a second while something is wrong; say each thing once in a while."""

import logging
import time
from collections.abc import Callable

LOUD = (
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class Repeats(logging.Filter):
    """Lets one record per message template through in `every` seconds."""

    def __init__(self, every: float = 30, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every = every
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._monotonic()
        template = str(record.msg)
        if now < self._said.get(template, 0.0):
            return False
        self._said[template] = now + self._every
        return True


def quieten() -> None:
    """Install the filter once per process."""
    for name in LOUD:
        loud = logging.getLogger(name)
        if not any(isinstance(present, Repeats) for present in loud.filters):
            loud.addFilter(Repeats())
