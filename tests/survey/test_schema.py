"""The migrations make the tables that the code uses, and what ships with them is complete."""

from services.survey_service.checks import problems
from services.survey_service.service import SERVICE
from shared.db.migrate import differences
from shared.testing.postgres import TestDatabase
from tests.survey.given import Desk


async def test_the_migrations_make_the_tables_that_the_code_uses(database: TestDatabase) -> None:
    assert await differences(database.owner_url, SERVICE.tables) == []


async def test_a_fresh_service_lacks_nothing(desk: Desk) -> None:
    async with desk.context.db.transaction() as tx:
        assert await problems(tx) == []


async def test_a_missing_rule_book_is_found(desk: Desk) -> None:
    await desk.rows("DELETE FROM survey.rule_book WHERE name IN ('calls', 'checklist') RETURNING 1")
    async with desk.context.db.transaction() as tx:
        assert await problems(tx) == ["rules calls: not_found", "rules checklist: not_found"]
