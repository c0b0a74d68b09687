"""Reasons why the ladder cannot do all of its work: vacant posts, missing rules, rungs that wait blind."""

from datetime import timedelta

from services.escalation_service.store import ladders, officers
from services.escalation_service.use_cases.firing import known_until
from services.escalation_service.use_cases.planning import rule_book
from services.escalation_service.use_cases.posts import LADDERS
from shared.db import Tx

BLIND_GRACE = timedelta(minutes=5)
FIRST_FEW = 5


async def problems(tx: Tx) -> list[str]:
    """Everything `services check` shall fail for; each in one sentence."""
    return [*await _vacancies(tx), *await _rules(tx), *await _blindness(tx), *await _stalled(tx)]


async def _vacancies(tx: Tx) -> list[str]:
    count, first = await officers.unfilled(tx, "branch", "branch_manager", most=FIRST_FEW)
    if not count:
        return []
    more = ", …" if count > len(first) else ""
    return [f"{count} branches have no manager: {', '.join(first)}{more}"]


async def _rules(tx: Tx) -> list[str]:
    known = {version.ladder for version in (await rule_book(tx)).versions}
    return [f"the ladder {name!r} has no rungs" for name in LADDERS if name not in known]


async def _blindness(tx: Tx) -> list[str]:
    """sla.md, semantics 13: rungs that are due but wait because a publisher has not been heard for too long."""
    oldest = await ladders.oldest_due(tx)
    known = await known_until(tx)
    if oldest is None or oldest > tx.now - BLIND_GRACE or (known is not None and known >= oldest + BLIND_GRACE):
        return []
    return ["rungs are due but wait: intake or sla has not been heard up to their time (sla_clock_blind)"]


async def _stalled(tx: Tx) -> list[str]:
    words = {"parked": "wait for events that were set aside", "failed": "cannot be judged"}
    return [f"{n} ladders {words.get(why, why)}" for why, n in sorted((await ladders.count_stalled(tx)).items())]
