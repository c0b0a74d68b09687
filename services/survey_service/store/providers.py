"""Statements about the breaker of each provider; in the database, so that replicas and restarts share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.store.tables import provider
from shared.db import Tx


async def breakers(tx: Tx) -> Mapping[str, Row[Any]]:
    return {row.channel: row for row in await tx.all(select(provider))}


async def hold(tx: Tx, channel: str, until: datetime) -> None:
    """Half open: what is claimed now is the probe, nothing more before `until`."""
    await tx.execute(update(provider).where(provider.c.channel == channel).values(open_until=until))


async def count_failure(tx: Tx, channel: str, threshold: int, until: datetime) -> None:
    """One more failure in a row; from the threshold on the breaker is open."""
    failures = provider.c.failures + 1
    first = insert(provider).values(channel=channel, failures=1, open_until=until if threshold <= 1 else None)
    more = {"failures": failures, "open_until": case((failures >= threshold, until), else_=None)}
    await tx.execute(first.on_conflict_do_update(index_elements=["channel"], set_=more))


async def close(tx: Tx, channel: str) -> None:
    """The provider answers: as if nothing had been."""
    failing = (provider.c.channel == channel) & (provider.c.failures > 0)
    await tx.execute(update(provider).where(failing).values(failures=0, open_until=None))
