"""Every service's migrations end in the tables that its code uses."""

import pytest

from services.catalogue import SERVICES
from shared.db.migrate import differences
from shared.runtime.service import Service
from shared.testing.postgres import TestDatabase


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_migrations_make_the_tables_that_the_code_uses(service: Service, database: TestDatabase) -> None:
    assert await differences(database.owner_url, service.tables) == []
