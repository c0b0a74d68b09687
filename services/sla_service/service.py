"""Composition root of the SLA service: everything the runtime needs to know of it."""

from pathlib import Path

from services.sla_service.api import ROUTERS
from services.sla_service.consumers import FOLDS
from services.sla_service.jobs import JOBS
from services.sla_service.settings import SlaSettings
from services.sla_service.store.version_tables import ALL_TABLES
from services.sla_service.use_cases import news, seeding
from services.sla_service.use_cases.calendars import tell_calendars
from services.sla_service.use_cases.policies import tell_ladders
from services.sla_service.use_cases.watching import problems
from shared.runtime.service import Context, Service


async def seed(context: Context) -> None:
    """Enter the starting calendars and policies where they are missing; tell what nobody was told of yet."""
    async with context.db.transaction() as tx:
        await seeding.seed(tx)
        await tell_calendars(tx)
        await tell_ladders(tx)


SERVICE = Service(
    name="sla",
    title="SLA: policies, calendars, clocks and breaches",
    tables=ALL_TABLES,
    migrations=Path(__file__).parent / "migrations",
    settings=SlaSettings,
    routers=ROUTERS,
    folds=FOLDS,
    jobs=JOBS,
    checks=problems,
    watermarks=frozenset(news.NEEDED),
    on_start=seed,
)
