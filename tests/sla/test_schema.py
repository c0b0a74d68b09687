"""The SLA schema: ledgers are append-only, policies never tie."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.sla_service.store.tables import calendar_version, interval, policy_version
from services.sla_service.use_cases.seeding import seed
from shared.kernel.ids import uuid7
from shared.reference import subjects
from tests.sla.bench import Bench, Story
from tests.sla.given import bangkok


async def test_seeding_twice_changes_nothing_and_covers_every_subject(bench: Bench) -> None:
    before = await bench.rows("SELECT id, created_at FROM policy_version ORDER BY id")
    revision = await bench.rows("SELECT revision FROM book")
    async with bench.db.transaction() as tx:
        await seed(tx)
    assert await bench.rows("SELECT id, created_at FROM policy_version ORDER BY id") == before
    assert await bench.rows("SELECT revision FROM book") == revision
    assert len(before) == len(subjects()) + 1


async def test_the_calendar_of_2027_is_there_as_a_draft(bench: Bench) -> None:
    found = await bench.rows("SELECT code, version, horizon_on, published_at FROM calendar_version ORDER BY 1, 2")
    shown = [(r["code"], r["version"], str(r["horizon_on"]), r["published_at"] is not None) for r in found]
    assert shown == [
        ("always", 1, "None", True),
        ("office", 1, "2027-01-01", True),
        ("office", 2, "2027-12-31", False),
    ]


async def test_two_live_policies_can_never_tie(bench: Bench) -> None:
    async with bench.db.transaction() as tx:
        row = dict((await tx.all(select(policy_version).where(policy_version.c.code == "L01")))[0]._mapping)
    row |= {"id": uuid7(), "version": 2, "effective_from": row["effective_from"] + timedelta(days=365)}
    with pytest.raises(IntegrityError, match="policy_version_no_tie"):
        async with bench.db.transaction() as tx:
            await tx.execute(insert(policy_version).values(row))
    async with bench.db.transaction() as tx:  # the end of the old one may be set; then the new one fits
        old = update(policy_version).where(policy_version.c.code == "L01")
        await tx.execute(old.values(effective_to=row["effective_from"]))
        await tx.execute(insert(policy_version).values(row))


async def test_what_was_published_or_entered_is_never_changed(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(bench.clock.now(), "L01"), story.asked(bangkok("2026-02-03 10:00")))
    for statement in (
        update(policy_version).values(targets=[]),
        update(calendar_version).where(calendar_version.c.version == 1).values(weekly=[]),
        update(interval).values(reason="other"),
    ):
        with pytest.raises(DBAPIError, match="are not changed"):
            async with bench.db.transaction() as tx:
                await tx.execute(statement)
