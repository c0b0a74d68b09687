"""How long a timer may sleep: until its next instant, or until the news that must be here before it have come."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text

from shared.contracts.base import PUBLISHERS
from shared.db.tx import Tx

# A timer gathers what falls due within this time: many deadlines close together are fired in one transaction.
GATHER = timedelta(milliseconds=40)
SOONEST, LATEST = 0.03, 1.0  # seconds between two looks at something due that cannot be fired yet
_PUBLISHER_OF = {topic: name for name, topics in PUBLISHERS.items() for topic in topics}
_ASK = text("SELECT pg_notify(:channel, :topic)")


def channel_of(publisher: str) -> str:
    """The channel on which a publisher's relay hears that somebody waits for its word."""
    return f"pwa_mark_{publisher}"


async def ask_for_mark(tx: Tx, topic: str) -> None:
    """Let the publisher say now up to where it has sent, instead of at its next turn."""
    await tx.execute(_ASK, {"channel": channel_of(_PUBLISHER_OF[topic]), "topic": topic})


async def rest_until(tx: Tx, next_at: datetime | None, marks: Mapping[str, datetime | None]) -> float:
    """Seconds until a timer should look again; asks for news where something is due and they do not reach up to it.

    What stays due for long, because a publisher is away, is looked at less and less often, at least once a second.
    """
    if next_at is None:
        return float("inf")
    wait = (next_at + GATHER - tx.now).total_seconds()
    if wait > 0:
        return wait
    for topic, known_until in marks.items():
        if known_until is None or known_until <= next_at:
            await ask_for_mark(tx, topic)
    return min(max(-wait / 4, SOONEST), LATEST)
