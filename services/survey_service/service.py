"""Survey as the runtime sees it."""

from pathlib import Path

from services.survey_service.api import ROUTERS
from services.survey_service.checks import problems
from services.survey_service.consumers import FOLDS
from services.survey_service.jobs import JOBS
from services.survey_service.settings import Settings
from services.survey_service.store.tables import TABLES
from shared.runtime.service import Service

SERVICE = Service(
    name="survey",
    title="Survey: telling and calling customers, sample calls (แจ้งผลและสอบถามความพึงพอใจ)",
    tables=TABLES,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    routers=ROUTERS,
    folds=FOLDS,
    jobs=JOBS,
    checks=problems,
)
