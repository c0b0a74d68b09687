"""What `services check` says of the SLA service, and what happens when two workers meet at one case."""

import asyncio

from sqlalchemy import update

from services.sla_service.service import SERVICE
from services.sla_service.store.book import turn_page
from services.sla_service.store.tables import policy_version
from shared.contracts.survey import CustomerTold
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Consumer
from tests.sla.bench import Bench, Story
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


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
    """Consumers of different topics that meet over a case that neither knew."""
    for _ in range(5):
        story = Story()
        heard = {"notice_id": uuid7(), "purpose": "resolved", "channel": "sms", "evidence": "receipt", "told_at": NINE}
        told = [story._tell(CustomerTold, **heard)]
        story.messages.clear()
        bench.clock.set(NINE + hours(1))
        others = [Consumer(bench.db, SERVICE.folds, SERVICE.watermarks) for _ in range(2)]
        await asyncio.gather(
            others[0].receive([story.registered(NINE, "L01")]), others[1].receive(told), bench.hear(*told)
        )
        files = await bench.rows("SELECT channel FROM case_file WHERE case_id = :id", id=story.case_id)
        assert files == [{"channel": "website"}]
        assert len(await bench.rows("SELECT 1 FROM milestone WHERE case_id = :id", id=story.case_id)) == 3
    assert await bench.rows("SELECT 1 FROM parked") == []
