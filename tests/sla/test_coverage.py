"""What `services check` says of the SLA service, and what happens when two workers meet at one case."""

import asyncio

from sqlalchemy import update

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.store import cases
from services.sla_service.store.book import turn_page
from services.sla_service.store.tables import policy_version
from shared.kernel.ids import uuid7
from tests.sla.bench import Bench, Story
from tests.sla.given import bangkok, hours


async def test_a_subject_without_a_policy_is_reported(bench: Bench) -> None:
    assert await bench.problems() == []
    async with bench.db.transaction() as tx:
        ended = update(policy_version).where(policy_version.c.code.in_(["L01", "triage"]))
        await tx.execute(ended.values(effective_to=bench.clock.now() - hours(1)))
        await turn_page(tx)
    assert await bench.problems() == [
        "subject L01 has no SLA policy",
        "cases not yet classified have no SLA policy",
    ]


async def test_a_calendar_that_ends_within_sixty_days_is_reported(bench: Bench) -> None:
    bench.clock.set(bangkok("2026-11-02 00:00"))
    assert await bench.problems() == []
    bench.clock.set(bangkok("2026-11-03 00:00"))
    assert await bench.problems() == ["calendar office version 1 ends on 2027-01-01"]


async def test_a_policy_that_ended_still_holds_for_cases_that_began_under_it(bench: Bench) -> None:
    at = bench.clock.now()
    async with bench.db.transaction() as tx:
        ended = update(policy_version).where(policy_version.c.code == "L01")
        await tx.execute(ended.values(effective_to=at))
        await turn_page(tx)
    old, new = Story(), Story()
    await bench.hear(old.registered(at - hours(1), "L01"), new.registered(at, "L01"))
    [clock] = await bench.clocks(old)
    assert clock["due_at"] == at + hours(23)
    [clock] = await bench.clocks(new)
    [triage] = await bench.rows("SELECT id FROM policy_version WHERE code = 'triage'")
    assert clock["policy_version_id"] == triage["id"]


async def test_a_case_is_opened_once_however_many_meet_there(bench: Bench) -> None:
    seen = CaseFile(uuid7(), "1102", 1, "complaint", restricted=False)
    inside: list[int] = []

    async def enter() -> None:
        async with bench.db.transaction() as tx:
            [file] = (await cases.lock_or_open(tx, [seen])).values()
            inside.append(1)
            assert len(inside) == 1  # nobody else holds the file meanwhile
            await cases.save(tx, [file])
            inside.pop()

    await asyncio.gather(*(enter() for _ in range(4)))
    assert await bench.rows("SELECT count(*) AS n FROM case_file") == [{"n": 1}]
