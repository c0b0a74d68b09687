"""Puts waiting messages into mailings: who stands in for a vacant post, what goes alone and what in a digest."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import Place
from services.escalation_service.domain.mailing import Mailing, Rules
from services.escalation_service.domain.messages import DigestRules, State, Waiting, bundles, by_recipient, ways
from services.escalation_service.domain.offices import Chart, Officer, post_office
from services.escalation_service.gateways.providers import configured
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store import answers, cases, mailings, messages, officers, offices
from services.escalation_service.use_cases.officer_messages import FOR_REVIEW
from shared.db import Row, Tx
from shared.kernel.delivery import planned
from shared.kernel.ids import uuid7
from shared.kernel.words import HEAD_OFFICE

AT_ONCE = 2000
# กสส. itself is told of what no officer up the ladder can be told.
LAST_RESORT = (HEAD_OFFICE, "head_office", False)
_OFFICER = ("staff_code", "name", "phone", "email", "line_id", "webhook_url", "preferred", "digest")


def rules_of(settings: EscalationSettings) -> Rules:
    return Rules(settings.max_attempts, settings.backoff_seconds, settings.backoff_cap_seconds, settings.patience_hours)


async def bundle(tx: Tx, settings: EscalationSettings) -> int:
    """Give every message that has waited long enough to a mailing; how many messages were looked at."""
    if not await messages.claim_bundling(tx):
        return 0
    vacant = await messages.claim_vacant(tx, AT_ONCE)
    await _stand_in(tx, vacant)
    ready = await messages.claim_ready(
        tx,
        before=tx.now - timedelta(seconds=settings.digest_window_seconds),
        no_digest_since=tx.now - timedelta(minutes=settings.digest_pause_minutes),
        most=AT_ONCE,
    )
    await _mail(tx, ready, settings)
    return len(vacant) + len(ready)


async def _stand_in(tx: Tx, vacant: Sequence[Row[Any]]) -> None:
    """A vacant post's message goes to the next officer up the ladder, in the end to กสส."""
    if not vacant:
        return
    above = await messages.rungs_above(tx, {(row.ladder, row.ladder_version) for row in vacant})
    files = await cases.files_of(tx, {row.case_id for row in vacant})
    chart = await offices.chart(tx, tx.now)
    asked = {row.message_id: _posts(row, above, files[row.case_id], chart) for row in vacant}
    wanted = {(office, post) for posts in asked.values() for office, post, _ in posts}
    holders = await officers.holders(tx, sorted(wanted), tx.now)
    rows = []
    for row in vacant:
        found = ((holders[office, post].officer, review) for office, post, review in asked[row.message_id])
        rows.append(_addressed(tx, row, next(((officer, held) for officer, held in found if officer), (None, False))))
    await messages.change_each(tx, rows)


def _posts(row: Row[Any], above: Iterable[Row[Any]], file: CaseFile, chart: Chart) -> list[tuple[str, str, bool]]:
    """(office, post, review) of everybody who might stand in, the nearest first."""
    ladder = [rule for rule in above if (rule.ladder, rule.version) == (row.ladder, row.ladder_version)]
    higher = [rule for rule in ladder if rule.rung > row.rung]
    return [*((post_office(Place(r.place), file, chart), r.post, r.review) for r in higher), LAST_RESORT]


def _addressed(tx: Tx, row: Row[Any], found: tuple[Officer | None, bool]) -> dict[str, object]:
    officer, held = found
    state = (State.HELD if held else State.WAITING) if officer else State.NOT_TOLD
    return {
        "id": row.message_id, "stands_in": officer is not None, "state": state,
        "recipient": officer.staff_code if officer else None, "recipient_name": officer.name if officer else None,
        "reason": None if officer else "post_vacant", "held_at": tx.now if held else None,
        "held_by": "system" if held else None, "held_reason": FOR_REVIEW if held else None,
    }  # fmt: skip


async def _mail(tx: Tx, ready: Sequence[Waiting], settings: EscalationSettings) -> None:
    known = await answers.officers(tx, [each.recipient for each in ready])
    digest = DigestRules(settings.digest_threshold, settings.digest_longest)
    made: list[Mailing] = []
    addresses: dict[UUID, str] = {}
    carried: list[dict[str, object]] = []
    means = configured(settings)
    for (code, kind), waiting in by_recipient(ready).items():
        officer = Officer(**{name: getattr(known[code], name) for name in _OFFICER}) if code in known else None
        found = ways(officer, means) if officer else []
        if officer is None or not found:
            unreachable = {"state": State.NOT_TOLD, "reason": "no_address"}
            await messages.change(tx, [each.message_id for each in waiting], unreachable)
            continue
        for ids in bundles(waiting, officer.digest, digest):
            mailing, by_delivery = _mailing(tx, officer, kind, (len(ids), found))
            made.append(mailing.settled(tx.now, rules_of(settings)))
            addresses |= by_delivery
            carried += [{"id": each, "mailing_id": mailing.mailing_id, "state": State.SENDING} for each in ids]
    await mailings.add(tx, made, addresses)
    await messages.change_each(tx, carried)


def _mailing(
    tx: Tx, officer: Officer, kind: str, contents: tuple[int, list[tuple[str, str]]]
) -> tuple[Mailing, dict[UUID, str]]:
    """A mailing of so many messages, and the address of each of its deliveries."""
    size, found = contents
    parts = planned([uuid7(tx.now) for _ in found], [means for means, _ in found])
    mailing = Mailing(uuid7(tx.now), officer.staff_code, officer.name, kind, size, tx.now, parts)
    return mailing, {part.id: address for part, (_, address) in zip(parts, found, strict=True)}
