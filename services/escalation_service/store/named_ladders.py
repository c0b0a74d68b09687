"""SQL for escalation's copies of which ladders the policies of sla name, from when to when."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Row, Table, Text, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.tables import TABLES
from shared.contracts.sla import LadderNamed
from shared.db import Tx
from shared.db.tables import Instant

NAMED_LADDER = Table(
    "named_ladder",
    TABLES,
    Column("policy", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    Column("told_at", Instant, nullable=False),
    PrimaryKeyConstraint("policy", "version", name="named_ladder_pkey"),
)
N = NAMED_LADDER.c
_TOLD = ("ladder", "valid_from", "valid_to", "told_at")


async def keep(tx: Tx, event: LadderNamed) -> None:
    """Keep what sla told of a policy's version; what it told later stays."""
    told = insert(NAMED_LADDER).values({name: getattr(event, name) for name in ("policy", "version", *_TOLD)})
    fresh = {name: told.excluded[name] for name in _TOLD}
    later = N.told_at <= told.excluded.told_at
    await tx.execute(told.on_conflict_do_update(index_elements=["policy", "version"], set_=fresh, where=later))


async def in_use(tx: Tx) -> Sequence[Row[Any]]:
    """What policies name that are in force now or will be."""
    to_come = or_(N.valid_to.is_(None), N.valid_to > tx.now)
    return await tx.all(select(NAMED_LADDER).where(to_come).order_by(N.policy, N.version))
