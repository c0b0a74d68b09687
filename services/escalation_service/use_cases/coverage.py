"""Reasons why the ladder cannot do all of its work: vacant posts, missing rules, rungs that wait blind."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.escalation_service.domain.calendars import HORIZON_WARNING
from services.escalation_service.domain.ladder import LadderRules, Selector, Wait
from services.escalation_service.domain.policy import BRANCH_QUEUE, RuleBook
from services.escalation_service.store import follow_up_list, ladders, named_ladders, officers, offices
from services.escalation_service.use_cases.firing import known_until
from services.escalation_service.use_cases.planning import rule_book
from services.escalation_service.use_cases.watching import lateness
from shared.db import Tx
from shared.kernel.clock import BANGKOK

BLIND_GRACE = timedelta(minutes=5)
FIRST_FEW = 5
_NEEDED = (
    ("branch", "branch_manager", "branches have no manager"),
    ("region", "region_director", "regions have no director"),
    ("area", "deputy_governor", "areas have no deputy governor"),
)
_FOREIGN = "is not for branches"
_QUEUES = {"branch": "cases of branches", "head_office": "the head-office queue"}


async def problems(tx: Tx) -> list[str]:
    """Everything `services check` shall fail for; each in one sentence."""
    book = await rule_book(tx)
    return [
        *await _vacancies(tx), *await _regions(tx), *await _closed(tx),
        *_queues(book, tx.now), *_calendars(book, tx.now),
        *await _blindness(tx), *await lateness(tx), *await _stalled(tx), *await _named(tx, book),
    ]  # fmt: skip


async def _vacancies(tx: Tx) -> list[str]:
    found = [(words, *await officers.unfilled(tx, kind, post, most=FIRST_FEW)) for kind, post, words in _NEEDED]
    return [f"{count} {words}: {_few(count, first)}" for words, count, first in found if count]


def _few(count: int, first: Sequence[str]) -> str:
    return ", ".join(first) + (", …" if count > len(first) else "")


async def _regions(tx: Tx) -> list[str]:
    alone = await offices.regions_alone(tx, tx.now)
    return [f"{len(alone)} regions belong to no deputy governor's area: {_few(len(alone), alone)}"] if alone else []


async def _closed(tx: Tx) -> list[str]:
    """Intake routes by its own list of branches, and moves no case when one closes."""
    left = await follow_up_list.of_closed_branches(tx)
    if not left:
        return []
    which = _few(len(left), list(left)[:FIRST_FEW])
    return [f"{sum(left.values())} cases to be followed up belong to branches that are closed: {which}"]


def _queues(book: RuleBook, now: datetime) -> list[str]:
    """Each queue needs a ladder for whatever case is in it, now and without a gap for a while."""
    reasons = []
    for queue, words in _QUEUES.items():
        for_all = [v for v in book.versions if v.selector == Selector(queue)]
        current = next((v for v in for_all if v.is_valid_at(now)), None)
        ends = current.valid_to if current else None
        if current is None:
            reasons.append(f"policies have no ladder: none is in force for {words}")
        elif ends and ends < now + HORIZON_WARNING and not any(v.is_valid_at(ends) for v in for_all):
            reasons.append(f"the ladder for {words} ends on {ends.astimezone(BANGKOK).date()} and none follows it")
    return reasons


def _calendars(book: RuleBook, now: datetime) -> list[str]:
    """Calendars that rungs are counted on, of versions that are in force or will be."""
    wanted = {rule.calendar for v in book.versions if v.valid_to is None or v.valid_to > now for rule in v.rungs}
    missing = [
        f"no copy of the calendar {code!r} has arrived: rungs on it wait"
        for code in sorted(wanted - book.calendars.keys())
    ]
    ending = [book.calendars[code] for code in sorted(wanted & book.calendars.keys())]
    return missing + [
        f"the copy of the calendar {one.code!r} ends on {one.horizon_on}: rungs after that are guesses"
        for one in ending
        if one.ends_soon(now)
    ]


async def _blindness(tx: Tx) -> list[str]:
    """sla.md, semantics 13: rungs that are due but wait because a publisher has not been heard for too long."""
    oldest = await ladders.oldest_due(tx)
    known = await known_until(tx)
    if oldest is None or oldest > tx.now - BLIND_GRACE or (known is not None and known >= oldest + BLIND_GRACE):
        return []
    return ["rungs are due but wait: intake or sla has not been heard up to their time (sla_clock_blind)"]


async def _stalled(tx: Tx) -> list[str]:
    words = {
        "parked": "wait for events that were set aside", "failed": "cannot be judged",
        "ladder_missing": "are late without rules to climb by",
        "calendar_missing": "wait for a calendar that they can be counted on",
    }  # fmt: skip
    counts = {why: n for why, n in (await ladders.count_stalled(tx)).items() if why != Wait.NAMED}
    return [f"{n} ladders {words.get(why, why)}" for why, n in sorted(counts.items())]


async def _named(tx: Tx, book: RuleBook) -> list[str]:
    """What is wrong with the ladders that policies name, also of late cases whose policy has ended meanwhile."""
    waiting = {(row.policy or "unknown", row.ladder): row.n for row in await ladders.waiting_for_named(tx)}
    named = {(f"{row.policy}/{row.version}", row.ladder): row for row in await named_ladders.in_use(tx)}
    reasons = []
    for key in sorted(waiting.keys() | named.keys()):
        row = named.get(key)
        found = book.in_force(key[1], max(row.valid_from, tx.now) if row else tx.now)
        wrong = _wrong(book, found, row.valid_to if row else None, tx.now)
        late = f": {waiting.get(key, 0)} late cases wait" if found is None or wrong == _FOREIGN else ""
        if wrong:
            reasons.append(f"policy {key[0]} names ladder {key[1]} that {wrong}{late}")
    return reasons


def _wrong(book: RuleBook, found: LadderRules | None, named_until: datetime | None, now: datetime) -> str | None:
    """Of a ladder while it is named: not there, not for branches, or soon over without a version that follows."""
    if found is None:
        return "is not in force"
    if found.selector.queue != BRANCH_QUEUE:
        return _FOREIGN
    ends = found.valid_to
    if ends is None or ends >= now + HORIZON_WARNING or (named_until is not None and named_until <= ends):
        return None
    follows = book.in_force(found.ladder, ends) is not None
    return None if follows else f"ends on {ends.astimezone(BANGKOK).date()} and none follows it"
