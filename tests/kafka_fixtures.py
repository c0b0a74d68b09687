"""One real Apache Kafka per test session, and clients of it whose topics belong to one test."""

import contextlib
import gc
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.messaging.kafka import KafkaBroker
from shared.messaging.kafka.context import BROKEN
from shared.messaging.local_kafka import LocalKafka, missing
from shared.messaging.settings import KafkaSettings
from shared.testing.memory import quick_directory


def skip_without_kafka() -> None:
    """Where Java or Maven is missing the test is skipped, or fails under PWA_REQUIRE_KAFKA=1."""
    if reason := missing():
        if os.environ.get("PWA_REQUIRE_KAFKA") == "1":
            pytest.fail(f"Kafka is required here: {reason}")
        pytest.skip(reason)


@contextlib.contextmanager
def running_kafka(data: Path) -> Iterator[LocalKafka]:
    """A node where this machine can have one; its files in memory or, else, in `data`."""
    skip_without_kafka()
    with quick_directory(data) as place:
        node = LocalKafka(place)
        node.start()
        yield node
        node.stop()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """The session's broker. It outlives every test: do not stop, kill or freeze it, use `own_kafka` for that."""
    with running_kafka(tmp_path_factory.mktemp("kafka")) as node:
        yield node
    gc.collect()  # Python 3.11 may crash when finalisers of dropped clients run while a plugin is compiled at the end


@pytest.fixture(scope="module")
def mortal_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A second broker, for tests that kill, freeze or empty it; see `own_kafka`."""
    with running_kafka(tmp_path_factory.mktemp("mortal")) as node:
        yield node


@pytest.fixture
def own_kafka(mortal_kafka: LocalKafka) -> LocalKafka:
    """A running broker that this test may kill."""
    mortal_kafka.start()
    return mortal_kafka


class PrivateBroker(KafkaBroker):
    """A client whose topics nobody else sees; they go when it stops."""

    async def stop(self) -> None:
        await super().stop()
        with contextlib.suppress(*BROKEN):
            await self.drop_topics()


def unique_prefix() -> str:
    return f"t{uuid.uuid4().hex[:10]}."


def make_kafka_broker(server: LocalKafka, prefix: str | None = None, **changes: Any) -> KafkaBroker:
    """With a prefix: the client of another process on the same topics. Without: a client with topics of its own."""
    settings = KafkaSettings.for_tests(server.bootstrap, prefix or unique_prefix(), **changes)
    kind = PrivateBroker if prefix is None else KafkaBroker
    return kind(settings)
