"""What was entered before posts were dated and ladders had versions is still there after the migrations."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.escalation_service.service import SERVICE
from shared.db import admin
from shared.db.embedded import EmbeddedPostgres
from shared.db.migrate import OWNER, differences, upgrade

_BEFORE = (
    "INSERT INTO office (code, kind, name_th, region) VALUES ('1102', 'branch', 'ก', 1), ('D3', 'area', 'ข', NULL)",
    """INSERT INTO post (office, post, officer_code, officer_name, officer_phone, acting, changed_at) VALUES
        ('1102', 'branch_manager', 'A', 'สมชาย', '+6625518000', true, '2026-01-01'),
        ('D3', 'deputy_governor', 'A', 'สมชาย ใหม่', NULL, false, '2026-01-02')""",
    """INSERT INTO ladder_policy (ladder, version, valid_from, minimum_gap_hours, longest_deferral_hours) VALUES
        ('branch', 1, '2025-10-01', 24, 24), ('branch', 2, '2026-10-01', 12, 24),
        ('head_office', 1, '2025-10-01', 24, 24)""",
)


@pytest.fixture
async def old(postgres_server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[str]:
    """A database as the first release left it, with an officer and ladders in it."""
    server, name = postgres_server.url("postgres", "postgres"), "escalation_before"
    await admin.ensure_database(server, name)
    url = postgres_server.url(OWNER, name)
    first = tmp_path / "migrations"
    copytree(SERVICE.migrations, first, ignore=ignore_patterns("000[2-9]_*", "__pycache__"))
    await upgrade(url, "escalation", first)
    await _run(url, *_BEFORE)
    yield url
    await admin.drop_database(server, name)


async def _run(url: str, *statements: str) -> list[tuple[object, ...]]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await _execute(connection, statements)
    finally:
        await engine.dispose()


async def _execute(connection: AsyncConnection, statements: tuple[str, ...]) -> list[tuple[object, ...]]:
    await connection.execute(text("SET search_path = escalation, public"))
    done = [await connection.execute(text(statement)) for statement in statements]
    return [tuple(row) for row in done[-1]] if done[-1].returns_rows else []


async def test_officers_posts_and_ladders_survive_the_upgrade(old: str) -> None:
    await upgrade(old, "escalation", SERVICE.migrations)
    assert await differences(old, SERVICE.tables) == []
    assert await _run(old, "SELECT staff_code, name, phone FROM officer") == [("A", "สมชาย ใหม่", "+6625518000")]
    assert await _run(old, "SELECT office, staff_code, valid_to FROM posting") == [("D3", "A", None)]
    assert await _run(old, "SELECT office, staff_code, reason FROM acting") == [("1102", "A", "vacancy")]
    ladders = "SELECT ladder, version, queue, valid_to IS NULL, published_by FROM ladder_policy ORDER BY 1, 2"
    assert await _run(old, ladders) == [
        ("branch", 1, "branch", False, "system"), ("branch", 2, "branch", True, "system"),
        ("head_office", 1, "head_office", True, "system"),
    ]  # fmt: skip
