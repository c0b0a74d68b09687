"""SQL for ladder policies: versions of rules, drafted, published, in force for a time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, select

from services.escalation_service.domain.ladder import LadderRules, Place, RungRule, Selector
from services.escalation_service.domain.policy import RuleBook
from services.escalation_service.store import calendars
from services.escalation_service.store.directory_tables import LADDER_POLICY, RUNG_DEFINITION
from shared.db import Tx

P, R = LADDER_POLICY.c, RUNG_DEFINITION.c


async def rule_book(tx: Tx) -> RuleBook:
    """Every published version with the calendars it counts on; two statements, one where all count every hour."""
    same = and_(R.ladder == P.ladder, R.version == P.version)
    rungs = [R.rung, R.post, R.place, R.offset_hours, R.calendar, R.review]
    statement = select(LADDER_POLICY, *rungs).join_from(LADDER_POLICY, RUNG_DEFINITION, same)
    rows = await tx.all(statement.where(P.published_at.is_not(None)).order_by(P.ladder, P.version, R.rung))
    versions: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        versions[row.ladder, row.version].append(row)
    copies = await calendars.newest(tx, [row.calendar for row in rows])
    return RuleBook(tuple(rules_of(rows[0], rows) for rows in versions.values()), copies)


def rules_of(policy: Row[Any], rungs: Iterable[Row[Any]]) -> LadderRules:
    """The rules in a row of ladder_policy and its rows of rung_definition."""
    return LadderRules(
        ladder=policy.ladder,
        version=policy.version,
        valid_from=policy.valid_from,
        valid_to=policy.valid_to,
        minimum_gap=timedelta(hours=policy.minimum_gap_hours),
        longest_deferral=timedelta(hours=policy.longest_deferral_hours),
        selector=Selector(policy.queue, policy.kind, policy.subject, policy.severity),
        rungs=tuple(
            RungRule(r.rung, r.post, Place(r.place), timedelta(hours=r.offset_hours), r.calendar, r.review)
            for r in rungs
        ),
    )
