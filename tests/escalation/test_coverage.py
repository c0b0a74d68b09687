"""What `services check` and readiness say of escalation, and that its tables are those of its migration."""

from datetime import timedelta

from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.organisation import OfficeWish
from services.escalation_service.use_cases import organisation, posts
from services.escalation_service.use_cases.coverage import problems
from shared.contracts.sla import CalendarPublished
from shared.observability.metrics import TIMER_LATENESS, TIMERS_LATE
from tests.escalation.given import Case, Desk

_ONE_OFFICER_EVERYWHERE = """
    WITH one AS (INSERT INTO escalation.officer (staff_code, name, changed_at) VALUES ('PWA-1', 'x', now()) RETURNING 1)
    INSERT INTO escalation.posting (posting_id, office, post, staff_code, valid_from)
    SELECT gen_random_uuid(), office, post, 'PWA-1', '2026-01-01' FROM escalation.post, one RETURNING 1
"""


async def _problems(desk: Desk) -> list[str]:
    async with desk.db.transaction() as tx:
        return await problems(tx)


async def test_branches_without_a_manager_are_counted_and_the_first_few_named(desk: Desk) -> None:
    first, *others = await _problems(desk)
    assert first.startswith("234 branches have no manager: 1")
    assert others == [
        "10 regions have no director: R01, R02, R03, R04, R05, …",
        "5 areas have no deputy governor: D1, D2, D3, D4, D5",
    ]
    await desk.rows(_ONE_OFFICER_EVERYWHERE)
    await desk.staff("1102", {"branch_manager": None})
    assert await _problems(desk) == ["1 branches have no manager: 1102"]
    await desk.staff("1102", {"branch_manager": Officer("PWA-2", "สมชาย ตัวอย่าง")})
    assert await _problems(desk) == []


async def test_9_a_queue_without_a_ladder_is_a_reason_to_be_degraded(desk: Desk) -> None:
    await desk.rows(
        "UPDATE escalation.ladder_policy SET valid_to = '2026-02-20+07' WHERE ladder = 'branch' RETURNING 1"
    )
    assert "the ladder for cases of branches ends on 2026-02-20 and none follows it" in await _problems(desk)
    await desk.rows("DELETE FROM escalation.rung_definition WHERE ladder = 'head_office' RETURNING 1")
    assert "policies have no ladder: none is in force for the head-office queue" in await _problems(desk)


async def test_9_regions_without_director_or_area_and_areas_without_deputy_governor_are_named(desk: Desk) -> None:
    await desk.rows(_ONE_OFFICER_EVERYWHERE)
    assert await _problems(desk) == []
    await desk.staff("R03", {"region_director": None})
    await desk.staff("D5", {"deputy_governor": None})
    async with desk.db.transaction() as tx:
        version = (await posts.view_posts(tx, "R09")).office.version
        await organisation.move_region(tx, "R09", None, tx.now, version=version)
    assert await _problems(desk) == [
        "1 regions have no director: R03", "1 areas have no deputy governor: D5",
        "1 regions belong to no deputy governor's area: R09",
    ]  # fmt: skip


async def test_9_an_office_that_is_closed_misses_nobody(desk: Desk) -> None:
    await desk.rows(_ONE_OFFICER_EVERYWHERE)
    await desk.staff("1102", {"branch_manager": None})
    async with desk.db.transaction() as tx:
        office = (await posts.view_posts(tx, "1102")).office
        await organisation.change_office(tx, OfficeWish("1102", end=tx.now), version=office.version)
    desk.clock.advance(timedelta(minutes=1))
    assert await _problems(desk) == []


async def test_9_a_calendar_that_is_missing_or_ends_soon_is_named(desk: Desk) -> None:
    await desk.rows(_ONE_OFFICER_EVERYWHERE)
    await desk.rows("UPDATE escalation.rung_definition SET calendar = 'office' RETURNING 1")
    assert await _problems(desk) == ["no copy of the calendar 'office' has arrived: rungs on it wait"]
    for version, horizon, wanted in (
        (1, "2026-03-31", ["the copy of the calendar 'office' ends on 2026-03-31: rungs after that are guesses"]),
        (2, "2026-12-31", []),
    ):
        await desk.hear(
            CalendarPublished(
                code="office", version=version, name_th="เวลาทำการ", zone="Asia/Bangkok", horizon_on=horizon,
                weekly=[["08:30-16:30"]] * 5 + [[], []], published_at=desk.now,
            )
        )  # fmt: skip
        assert await _problems(desk) == wanted


async def test_rungs_that_wait_blind_for_long_are_a_reason_to_be_degraded(desk: Desk) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.breached(desk.now))
    await desk.listen_until(desk.now)
    desk.clock.advance(timedelta(minutes=6))
    assert any("sla_clock_blind" in reason for reason in await _problems(desk))
    await desk.listen_until(desk.now)
    assert not any("sla_clock_blind" in reason for reason in await _problems(desk))


async def test_rungs_that_nothing_hinders_are_late_after_a_minute_and_counted(desk: Desk) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.breached(desk.now))
    desk.clock.advance(timedelta(seconds=50))
    await desk.listen_until(desk.now)
    assert not any("are more than 60 s late" in reason for reason in await _problems(desk))
    desk.clock.advance(timedelta(seconds=20))
    await desk.listen_until(desk.now)
    assert "1 ladders are more than 60 s late" in await _problems(desk)
    assert TIMERS_LATE.labels("escalation")._value.get() == 1
    fired = TIMER_LATENESS.labels("escalation")._sum.get()
    await desk.fire()
    assert TIMER_LATENESS.labels("escalation")._sum.get() - fired == 70
    assert not any("are more than 60 s late" in reason for reason in await _problems(desk))
    assert TIMERS_LATE.labels("escalation")._value.get() == 0


async def test_seeding_again_changes_nothing_that_people_entered(desk: Desk) -> None:
    await desk.staff("1102", {"branch_manager": Officer("PWA-2", "สมชาย ตัวอย่าง")})
    async with desk.db.transaction() as tx:
        await posts.seed(tx)
    (row,) = await desk.rows("SELECT staff_code FROM escalation.posting WHERE office = '1102'")
    assert row.staff_code == "PWA-2"
