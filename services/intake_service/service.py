"""Intake as the runtime sees it."""

from pathlib import Path

from services.intake_service.api import ROUTERS
from services.intake_service.consumers import FOLDS
from services.intake_service.jobs import JOBS
from services.intake_service.settings import IntakeSettings
from services.intake_service.store.tables import TABLES
from services.intake_service.use_cases.contacting import cards
from services.intake_service.use_cases.keeping_keys import seed_development_key
from services.intake_service.use_cases.maintaining import check, seed
from shared.runtime.service import Context, Service
from shared.web.settings import WebSettings


async def start(context: Context) -> None:
    """Seed the subjects, and where the settings name one, the development key."""
    settings: IntakeSettings = context.settings
    async with context.db.transaction() as tx:
        await seed(tx)
        if settings.development_api_key is not None and WebSettings().env != "production":
            await seed_development_key(tx, settings.development_api_key)


SERVICE = Service(
    name="intake",
    title="Intake: cases from receipt to close (รับเรื่องร้องเรียน)",
    tables=TABLES,
    migrations=Path(__file__).parent / "migrations",
    settings=IntakeSettings,
    routers=ROUTERS,
    folds=FOLDS,
    jobs=JOBS,
    checks=check,
    cards=cards,
    on_start=start,
)
