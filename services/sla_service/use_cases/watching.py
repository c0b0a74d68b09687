"""What is missing or late: deadlines held back for want of news, subjects without policy, calendars that end."""

import logging
from datetime import datetime, timedelta

from services.sla_service.domain.metrics import LANES
from services.sla_service.domain.policy import ANY, Traits
from services.sla_service.domain.subjects import KnownSubject
from services.sla_service.store import cases, decisions, subjects
from services.sla_service.store.book import read_book
from services.sla_service.use_cases import news
from shared.db import Tx
from shared.kernel.clock import BANGKOK
from shared.kernel.words import HEAD_OFFICE
from shared.observability.metrics import SLA_CLOCK_BLIND, TIMERS_LATE

GRACE = timedelta(seconds=60)
log = logging.getLogger(__name__)


async def problems(tx: Tx) -> list[str]:
    """Reasons to be degraded, one sentence each."""
    return [*await lateness(tx), *await coverage(tx)]


async def lateness(tx: Tx, grace: timedelta = GRACE) -> list[str]:
    """Case files past their instant for longer than the grace, by what holds them; sets `sla_clock_blind`."""
    waiting = await cases.count_waiting(tx, tx.now - grace, await news.coverage(tx))
    seconds = int(grace.total_seconds())
    blind = {lane: getattr(waiting, lane) for lane in LANES}
    SLA_CLOCK_BLIND.set(sum(blind.values()))
    TIMERS_LATE.labels("sla").set(waiting.late)
    if waiting.late:
        log.warning("case files are late", extra={"count": waiting.late})
    sentences = {
        f"sla_clock_blind: {count} deadlines lack news from {lane} for over {seconds} s": count
        for lane, count in blind.items()
    } | {
        f"{waiting.late} case files are more than {seconds} s late": waiting.late,
        f"{waiting.troubled} case files cannot be evaluated": waiting.troubled,
    }
    return [sentence for sentence, count in sentences.items() if count]


async def record_blind(tx: Tx, grace: timedelta = GRACE) -> None:
    """Keep for whoever asks later that a deadline has not fired, and whose news it lacked."""
    for lane, covered_until in (await news.coverage(tx)).items():
        await decisions.hold_back_blind(tx, lane, covered_until, tx.now - grace)


async def coverage(tx: Tx) -> list[str]:
    """Subjects without a policy, and calendars whose published days end within 60 days."""
    book = await read_book(tx)
    found = []
    for subject in await subjects.known(tx):
        traits = Traits(subject.kind, subject.code, subject.severity, ANY, HEAD_OFFICE)
        policy = book.policy(traits, max(tx.now, subject.valid_from or tx.now))
        is_covered = policy and (policy.selector.subject, policy.selector.kind) != (ANY, ANY)
        if not is_covered:
            found.append(f"subject {_named(subject, tx.now)} has no SLA policy")
    if book.policy(Traits("unclassified", None, "normal", ANY, HEAD_OFFICE), tx.now) is None:
        found.append("cases not yet classified have no SLA policy")
    for code in sorted({calendar.code for calendar in book.calendars.values()}):
        calendar = book.calendar(code)
        if calendar.ends_soon(tx.now):
            found.append(f"calendar {code} version {calendar.version} ends on {calendar.horizon_on}")
    return found


def _named(subject: KnownSubject, at: datetime) -> str:
    """Its code; of a planned one also from when its cases will lack a policy."""
    if subject.valid_from is None or subject.has_begun(at):
        return subject.code
    return f"{subject.code}, in force from {subject.valid_from.astimezone(BANGKOK):%Y-%m-%d %H:%M},"
