"""Rules change by new versions; what this service could not work by is refused."""

from typing import Any

from services.survey_service.domain.questionnaire import checklist, questionnaire
from services.survey_service.domain.rules import READERS
from services.survey_service.store import rules
from shared.db import Row, Tx
from shared.kernel.errors import Conflict


async def replace(tx: Tx, name: str, body: dict[str, Any]) -> Row[Any]:
    """The new version, in force from now on."""
    match name:
        case "questionnaire":
            questionnaire("new", body)
        case "checklist":
            checklist("new", body)
        case _:
            READERS[name](body)
    version = await rules.add_version(tx, name, body, tx.now)
    if version is None:
        raise Conflict("Somebody else has just changed these rules.", code="changed_meanwhile")
    await tx.audit("rules.changed", name, version=version)
    return await rules.current(tx, name)
