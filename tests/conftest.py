"""Fixtures: one server per session, one database per test, the running product on either broker."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.db.embedded import EmbeddedPostgres
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.messaging.port import Broker
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from shared.testing.start import START
from tests.kafka_fixtures import kafka_server, make_kafka_broker  # noqa: F401 - kafka_server is a fixture

if TYPE_CHECKING:
    from shared.testing.system import System

TRANSPORTS = ("embedded", "kafka")


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not look through it again in every test."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for `transport` runs on the broker in process; marked `transports`, on both or those it names."""
    if "transport" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("transports")
        names = TRANSPORTS[:1] if marker is None else marker.args or TRANSPORTS
        marks = {"kafka": [pytest.mark.kafka]}
        metafunc.parametrize("transport", [pytest.param(name, marks=marks.get(name, [])) for name in names])


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    from services.catalogue import SERVICES

    with postgres.running_server(tmp_path_factory.mktemp("postgres"), SERVICES) as server:
        yield server


@pytest.fixture(scope="session")
def toy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of tests that need small services instead of the product's."""
    from tests.toys.services import TOYS

    with postgres.running_server(tmp_path_factory.mktemp("toys"), TOYS) as server:
        yield server


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres) -> AsyncIterator[TestDatabase]:
    """A database of this test's own, with all five schemas."""
    fresh = await postgres.create(postgres_server)
    yield fresh
    await postgres.drop(fresh)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def broker(transport: str, request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    """The broker in process, or a client of the real one with topics of this test's own."""
    on_kafka = transport == "kafka"
    made: Broker = make_kafka_broker(request.getfixturevalue("kafka_server")) if on_kafka else InProcessBroker()
    yield made
    await made.stop()


@pytest.fixture
async def gateway(clock: ManualClock) -> AsyncIterator[Any]:
    """The far side of the network: SMS, LINE, e-mail and webhook servers."""
    from shared.testing.gateways import Gateways

    gateways = Gateways(clock=clock)
    await gateways.start()
    yield gateways
    await gateways.stop()


@pytest.fixture
async def system(
    database: TestDatabase, broker: Broker, clock: ManualClock, gateway: Any, tmp_path: Path
) -> AsyncIterator["System"]:
    """The whole product at 09:00 on Tuesday 3 February 2026, nothing in it yet."""
    from services.catalogue import SERVICES
    from shared.testing.system import start_system
    from tests.wiring import settings_for

    running = await start_system(
        SERVICES, database, broker, tmp_path, clock=clock, settings=settings_for(SERVICES, gateway), gateway=gateway
    )
    yield running
    await running.close()
