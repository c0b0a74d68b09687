"""Composition root of escalation: everything the runtime needs to know of it."""

from pathlib import Path

from services.escalation_service.api import ROUTERS
from services.escalation_service.api.desk import DESK
from services.escalation_service.consumers import FOLDS
from services.escalation_service.jobs import JOBS
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store.tables import TABLES
from services.escalation_service.use_cases import coverage, message_health, posts
from services.escalation_service.use_cases.firing import PUBLISHERS
from shared.db import Tx
from shared.runtime.service import Context, Service


async def seed(context: Context) -> None:
    """Add offices and ladders of the starting data where they are missing."""
    async with context.db.transaction() as tx:
        await posts.seed(tx)


async def problems(tx: Tx) -> list[str]:
    """Why the ladder, or telling the officers, cannot do all of its work."""
    return [*await coverage.problems(tx), *await message_health.problems(tx, EscalationSettings())]


SERVICE = Service(
    name="escalation",
    title="Escalation: the ladder of command and the follow-up list",
    tables=TABLES,
    migrations=Path(__file__).parent / "migrations",
    settings=EscalationSettings,
    routers=ROUTERS,
    folds=FOLDS,
    jobs=JOBS,
    checks=problems,
    watermarks=frozenset(PUBLISHERS),
    on_start=seed,
    pages={DESK: "โต๊ะติดตามเรื่องร้องเรียน กสส. · Follow-up desk"},
)
