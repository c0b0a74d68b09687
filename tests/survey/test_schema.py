"""What ships with the migrations is complete."""

from services.survey_service.checks import problems
from tests.survey.given import Desk


async def test_a_fresh_service_lacks_nothing(desk: Desk) -> None:
    async with desk.context.db.transaction() as tx:
        assert await problems(tx) == []


async def test_a_missing_rule_book_is_found(desk: Desk) -> None:
    await desk.rows("DELETE FROM survey.rule_book WHERE name IN ('calls', 'checklist') RETURNING 1")
    async with desk.context.db.transaction() as tx:
        assert await problems(tx) == ["rules calls: not_found", "rules checklist: not_found"]
