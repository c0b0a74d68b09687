"""A process of the whole product to be hurt."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.catalogue import SERVICES
from shared.kernel.ports import free_port
from shared.testing.postgres import TestDatabase
from shared.web.dev_issuer import DevIssuer
from tests.chaos.posting import KEY, Victim
from tests.kafka_fixtures import unique_prefix


@pytest.fixture
async def victim(
    database: TestDatabase, transport: str, gateway: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Victim]:
    kafka = request.getfixturevalue("kafka_server").bootstrap if transport == "kafka" else ""
    made = Victim(
        {
            "urls": {service.name: database.url(service.name) for service in SERVICES},
            "kafka": kafka,
            "prefix": unique_prefix(),
            "gateways": gateway.settings(),
            "key": KEY,
            "port": free_port(),
            "keys": DevIssuer(tmp_path / "dev_issuer.pem").jwks(),
        },
        tmp_path / "victim.log",
    )
    yield made
    await made.stop()
