"""What `services check` and readiness say of escalation, and that its tables are those of its migration."""

from datetime import timedelta

from services.escalation_service.domain.offices import Officer
from services.escalation_service.service import SERVICE
from services.escalation_service.use_cases import posts
from services.escalation_service.use_cases.coverage import problems
from shared.db.migrate import differences
from shared.testing.postgres import TestDatabase
from tests.escalation.given import Case, Desk

_ONE_OFFICER_EVERYWHERE = """
    WITH one AS (INSERT INTO escalation.officer (staff_code, name, changed_at) VALUES ('PWA-1', 'x', now()) RETURNING 1)
    INSERT INTO escalation.posting (posting_id, office, post, staff_code, valid_from)
    SELECT gen_random_uuid(), office, post, 'PWA-1', '2026-01-01' FROM escalation.post, one RETURNING 1
"""


async def _problems(desk: Desk) -> list[str]:
    async with desk.db.transaction() as tx:
        return await problems(tx)


async def test_the_tables_are_those_of_the_migration(database: TestDatabase) -> None:
    assert await differences(database.owner_url, SERVICE.tables) == []


async def test_branches_without_a_manager_are_counted_and_the_first_few_named(desk: Desk) -> None:
    assert (await _problems(desk))[0].startswith("234 branches have no manager: 1")
    await desk.rows(_ONE_OFFICER_EVERYWHERE)
    await desk.staff("1102", {"branch_manager": None})
    assert await _problems(desk) == ["1 branches have no manager: 1102"]
    await desk.staff("1102", {"branch_manager": Officer("PWA-2", "สมชาย ตัวอย่าง")})
    assert await _problems(desk) == []


async def test_9_a_missing_ladder_is_a_reason_to_be_degraded(desk: Desk) -> None:
    await desk.rows("DELETE FROM escalation.rung_definition WHERE ladder = 'head_office' RETURNING 1")
    assert "the ladder 'head_office' has no rungs" in await _problems(desk)


async def test_rungs_that_wait_blind_for_long_are_a_reason_to_be_degraded(desk: Desk) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.breached(desk.now))
    await desk.listen_until(desk.now)
    desk.clock.advance(timedelta(minutes=6))
    assert any("sla_clock_blind" in reason for reason in await _problems(desk))
    await desk.listen_until(desk.now)
    assert not any("sla_clock_blind" in reason for reason in await _problems(desk))


async def test_seeding_again_changes_nothing_that_people_entered(desk: Desk) -> None:
    await desk.staff("1102", {"branch_manager": Officer("PWA-2", "สมชาย ตัวอย่าง")})
    async with desk.db.transaction() as tx:
        await posts.seed(tx)
    (row,) = await desk.rows("SELECT staff_code FROM escalation.posting WHERE office = '1102'")
    assert row.staff_code == "PWA-2"
