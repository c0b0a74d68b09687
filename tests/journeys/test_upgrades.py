"""A service that learns to handle an event it took in before: the runbook's steps bring it what it missed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.catalogue import SERVICES
from shared.contracts.intake import SubjectPublished
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.service import Service
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from shared.testing.system import System, start_system
from tests.wiring import settings_for

DEAF = tuple(
    replace(one, folds=[fold for fold in one.folds if SubjectPublished not in fold.steps or one.name != "sla"])
    for one in SERVICES
)


async def known(system: System) -> list[str]:
    return [row["code"] for row in await system.sql("SELECT code FROM sla.subject")]


async def test_a_service_that_did_not_keep_subjects_learns_them_by_a_replay_after_it_forgot_hearing_of_them(
    database: TestDatabase, clock: ManualClock, gateway: Gateways, tmp_path: Path
) -> None:
    async def start(services: Sequence[Service]) -> System:
        settings = settings_for(services, gateway)
        broker = InProcessBroker()
        return await start_system(services, database, broker, tmp_path, clock=clock, settings=settings, gateway=gateway)

    before = await start(DEAF)
    body = {
        "kind": "complaint", "dimension": "ด้านคุณภาพน้ำ", "title": "น้ำมีฟอง", "severity": "high",
        "valid_from": (clock.now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    made = await before.api("policy_editor").post("/intake/v1/subjects/W09/versions", json=body)
    assert made.status_code == 201, made.text
    await before.drain()
    await before.close()
    after = await start(SERVICES)

    async def replay() -> list[str]:
        wanted = {"topic": "pwa.intake.v1", "key": "subject/W09"}
        answer = await after.api("operator").post("/intake/v1/outbox/replay", json=wanted)
        assert answer.json() == {"count": 1}
        await after.drain()
        return await known(after)

    assert await replay() == []  # it has seen the event, and skips it
    await after.sql("DELETE FROM sla.inbox WHERE key LIKE 'subject/%'")
    await after.sql("DELETE FROM sla.inbox_stream WHERE key LIKE 'subject/%'")
    assert await replay() == ["W09"]
    await after.close()
