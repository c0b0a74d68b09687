"""One server for all tests of the HTTP edge: a fixture that modules import would be one for each of them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.db.embedded import EmbeddedPostgres
from shared.testing import postgres
from tests.shared.web_world import TABLES
from tests.toys.services import TOYS


@pytest.fixture(scope="session")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with postgres.running_server(tmp_path_factory.mktemp("web"), [replace(TOYS[0], tables=TABLES)]) as server:
        yield server
