"""Reasons why officers may not be told: no means, broken texts, means that fail, messages that wait for a person."""

from datetime import timedelta

from services.escalation_service import texts
from services.escalation_service.gateways.providers import configured
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store import mailings, messages
from shared.db import Tx
from shared.observability.metrics import OFFICER_MESSAGES_LYING

JUDGED = timedelta(minutes=15)
ENOUGH = 5


async def problems(tx: Tx, settings: EscalationSettings) -> list[str]:
    """Each in one sentence."""
    found = texts.problems()
    if not configured(settings):
        found.append("no gateway is configured: officers are told of nothing")
    for means, (ended, accepted) in sorted((await mailings.success_since(tx, tx.now - JUDGED)).items()):
        if ended >= ENOUGH and not accepted:
            found.append(f"messages to officers by {means} fail: {ended} attempts, none accepted")
    if held := await messages.held_before(tx, tx.now - timedelta(hours=settings.held_alarm_hours)):
        found.append(f"{held} messages to officers are held for review; see /escalation/v1/messages?state=held")
    lying = await messages.count_by_state(tx)
    if unknown := lying.get("unknown"):
        found.append(
            f"{unknown} messages to officers have an unknown outcome; see /escalation/v1/messages?state=unknown"
        )
    if untold := lying.get("not_told"):
        found.append(f"{untold} officers could not be told; see /escalation/v1/messages?state=not_told")
    return found


async def measure(tx: Tx) -> None:
    """Set the gauges of messages that wait for a person."""
    lying = await messages.count_by_state(tx)
    for state in ("held", "unknown", "not_told"):
        OFFICER_MESSAGES_LYING.labels(state).set(lying.get(state, 0))
