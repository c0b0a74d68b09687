"""Upkeep: the archive's partitions come weeks ahead and go after 35 days; inbox rows outlive what can be replayed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared.contracts.base import INTAKE
from shared.db import maintenance
from shared.db.maintenance import maintain
from shared.messaging.operations import History, replay_sent
from tests.contracts.conftest import World, accepted, toy_database, world  # noqa: F401 - fixtures

MONDAY = datetime(2026, 2, 2, tzinfo=UTC).date()


async def test_partitions_are_made_ahead_and_dropped_when_history_ends(world: World) -> None:
    url = world.database.owner_url
    assert (await maintain(url, "intake", today=MONDAY))["partitions_made"] == maintenance.WEEKS_AHEAD
    assert (await maintain(url, "intake", today=MONDAY))["partitions_made"] == 0
    later = MONDAY + timedelta(weeks=2)
    assert (await maintain(url, "intake", today=later))["partitions_made"] == 2
    gone = await maintain(url, "intake", today=MONDAY + timedelta(weeks=7))
    assert gone["partitions_dropped"] == 1, "the week of 9 February ended more than 35 days before 23 March"


async def test_rows_sent_in_a_week_lie_in_its_partition_and_can_be_replayed_by_the_service(world: World) -> None:
    today = datetime.now(UTC).date()
    await maintain(world.database.owner_url, "intake", today=today - timedelta(weeks=1))
    await world.tell(accepted(uuid4(), world.clock))
    await world.settle()
    [[part]] = await world.admin("SELECT tableoid::regclass::text FROM intake.outbox_sent")
    assert part == f"intake.{maintenance.partition_name(today - timedelta(days=today.weekday()))}"
    async with world.nodes["intake"].context.db.transaction() as tx:
        assert await replay_sent(tx, History(INTAKE)) == 1


async def test_inbox_rows_are_kept_longer_than_the_archive(world: World) -> None:
    await world.tell(accepted(uuid4(), world.clock))
    await world.settle()
    day = world.clock.now().date()
    await maintain(world.database.owner_url, "sla", today=day + timedelta(days=maintenance.ARCHIVE_DAYS + 7))
    assert len(await world.admin("SELECT 1 FROM sla.inbox")) == 1
    await maintain(world.database.owner_url, "sla", today=day + timedelta(days=maintenance.INBOX_DAYS + 2))
    assert await world.admin("SELECT 1 FROM sla.inbox") == []
