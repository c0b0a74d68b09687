"""Composition root of reporting: everything the runtime needs to know of it."""

from pathlib import Path

from services.reporting_service.api import ROUTERS
from services.reporting_service.consumers import FOLDS, TOPICS
from services.reporting_service.jobs import JOBS
from services.reporting_service.settings import ReportingSettings
from services.reporting_service.store.tables import TABLES
from services.reporting_service.use_cases import packs, publishing
from services.reporting_service.use_cases.health import problems
from shared.runtime.service import Context, Service


async def seed(context: Context) -> None:
    """Add starting targets and recipients where there are none."""
    async with context.db.transaction() as tx:
        await publishing.seed_targets(tx)
        await packs.seed_recipients(tx, context.settings.starting_mailbox)


SERVICE = Service(
    name="reporting",
    title="Reporting: OIS record, daily packs, quarterly report, September evaluation",
    tables=TABLES,
    migrations=Path(__file__).parent / "migrations",
    settings=ReportingSettings,
    routers=ROUTERS,
    folds=FOLDS,
    jobs=JOBS,
    checks=problems,
    watermarks=TOPICS,
    on_start=seed,
)
