"""Why survey is not fully able to do its work: missing texts, missing rules, people who let things lie."""

from datetime import timedelta

from services.survey_service import texts
from services.survey_service.domain.rules import READERS
from services.survey_service.store import cases, notices, providers, rules
from shared.db import Tx
from shared.kernel.errors import Refusal

RULE_BOOKS = (*READERS, "questionnaire", "checklist")


async def problems(tx: Tx) -> list[str]:
    found = texts.problems()
    found += await _missing_rules(tx)
    if not found:
        found += await _left_lying(tx)
    return found


async def _missing_rules(tx: Tx) -> list[str]:
    found = []
    for name in RULE_BOOKS:
        try:
            row = await rules.current(tx, name)
            if name in READERS:
                READERS[name](row.body)
        except Refusal as problem:
            found.append(f"rules {name}: {problem.reason_code}")
    return found


async def _left_lying(tx: Tx) -> list[str]:
    by = await rules.for_notices(tx)
    since = tx.now - timedelta(hours=by.unknown_alarm_hours)
    found = [
        f"provider {channel} does not answer"
        for channel, row in (await providers.breakers(tx)).items()
        if row.open_until
    ]
    if unknown := await notices.unknown_before(tx, since):
        found.append(f"{unknown} notices of unknown outcome wait for a decision; see /survey/v1/notices?state=unknown")
    if waiting := await cases.waiting_reviews_before(tx, tx.now - timedelta(days=1)):
        found.append(f"{waiting} resolutions without repair wait for review; see /survey/v1/reviews")
    return found
