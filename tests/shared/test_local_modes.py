"""What one way of running the product on one machine leaves behind never confuses the other."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from shared.db.embedded import EmbeddedPostgres
from shared.runtime.local import postgres
from shared.runtime.settings import ROOT, RuntimeSettings


@pytest.fixture
def settings() -> Iterator[RuntimeSettings]:
    base = Path(tempfile.mkdtemp(prefix="pwa-test-"))
    base.chmod(0o711)
    yield RuntimeSettings(data=base)
    shutil.rmtree(base)


async def ask(server: EmbeddedPostgres, sql: str) -> object:
    dsn = make_url(server.admin_url()).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_rows_that_kafka_took_over_are_not_missed_in_one_process_for_it_has_its_own_database(
    settings: RuntimeSettings,
) -> None:
    with postgres(settings, apart=True) as server:
        await ask(server, "CREATE TABLE archived_but_not_consumed (id int)")
    with postgres(settings) as server:
        assert await ask(server, "SELECT to_regclass('archived_but_not_consumed')") is None
    with postgres(settings, apart=True) as server:
        assert await ask(server, "SELECT to_regclass('archived_but_not_consumed')::text") is not None


@pytest.mark.parametrize("module", ["services.__main__, services.token", "services.__main__, services.demo"])
def test_a_token_and_the_demo_start_without_waiting_for_the_product_to_load(module: str) -> None:
    heavy = "{'fastapi', 'sqlalchemy', 'alembic', 'aiokafka', 'uvicorn'}"
    code = f"import {module}, sys; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "[]\n"
