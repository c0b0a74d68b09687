"""Lets a ladder follow its facts: what is next, what lapsed, whether it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.escalation_service.domain.case_file import HEAD_OFFICE, CaseFile
from services.escalation_service.domain.ladder import Facts, LadderRules, Plan, RungRule, evaluate
from services.escalation_service.domain.offices import post_office
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import ladders, offices
from shared.contracts.escalation import LadderEnded
from shared.db import Tx
from shared.kernel.errors import NotFound
from shared.kernel.ids import uuid7


@dataclass(frozen=True)
class RuleBook:
    """Every version of every ladder."""

    versions: Sequence[LadderRules]

    def rules_for(self, file: CaseFile, at: datetime) -> LadderRules:
        """The ladder of a case: the head-office queue has its own; the version is the one valid at the breach."""
        name = "head_office" if file.office == HEAD_OFFICE else "branch"
        valid = [v for v in self.versions if v.ladder == name]
        if not valid:
            raise NotFound("There are no rules for this ladder.", code="ladder_missing", ladder=name)
        begun = [v for v in valid if v.valid_from <= at]
        return max(begun, key=lambda v: v.valid_from) if begun else min(valid, key=lambda v: v.valid_from)


async def rule_book(tx: Tx) -> RuleBook:
    return RuleBook(await offices.rules(tx))


def rules_of(book: RuleBook, file: CaseFile, facts: Facts, now: datetime) -> LadderRules:
    return book.rules_for(file, facts.newest.breached_at if facts.newest else now)


async def settle(tx: Tx, before: Ladder, after: Ladder, file: CaseFile, *, plan_again: bool = False) -> None:
    """Save a ladder after a fact; plan again where there was a breach, and tell when that ended it."""
    if after.has_breached or plan_again:
        facts = (await ladders.facts_of(tx, [after]))[after.key]
        rules = rules_of(await rule_book(tx), file, facts, tx.now)
        plan = evaluate(facts, rules)
        after = after.follow(plan, facts)
        await _set_lapsed(tx, before, file, (rules, plan))
        await tell_end(tx, before, after, file, (len(facts.fired), len(plan.lapsed)))
    if after != before:
        await ladders.save(tx, [after])


async def tell_end(tx: Tx, before: Ladder, after: Ladder, file: CaseFile, counts: tuple[int, int]) -> None:
    """Publish that nothing more will fire, once for each way in which that became true. counts = (fired, lapsed)."""
    if after.ended_at is None or after.ended_reason is None:
        return
    if (after.ended_reason, after.ended_at) == (before.ended_reason, before.ended_at):
        return
    await tx.publish(
        LadderEnded(
            case_id=after.case_id, office=file.office, region=file.region, kind=file.kind, restricted=file.restricted,
            cycle=after.cycle, fired=counts[0], lapsed=counts[1], reason=after.ended_reason,
            ended_at=after.ended_at,
        )
    )  # fmt: skip


async def _set_lapsed(tx: Tx, before: Ladder, file: CaseFile, decided: tuple[LadderRules, Plan]) -> None:
    rules, plan = decided
    if not plan.lapsed and before.ended_at is None:
        return
    areas = await offices.areas(tx, tx.now)
    rows = [
        rung_row(before, file, lapse.rule, rules)
        | {
            "state": "lapsed",
            "breach_id": plan.breach.breach_id if plan.breach else None,
            "post_office": post_office(lapse.rule.place, file, areas),
            "scheduled_at": lapse.scheduled_at,
            "lapsed_at": plan.ended_at,
            "lapsed_reason": plan.ended_reason,
        }
        for lapse in plan.lapsed
    ]
    await ladders.set_lapsed(tx, before.key, rows)


def rung_row(ladder: Ladder, file: CaseFile, rule: RungRule, rules: LadderRules) -> dict[str, object]:
    """What every recorded rung has, fired or lapsed."""
    return {
        "rung_id": uuid7(),
        "case_id": ladder.case_id,
        "cycle": ladder.cycle,
        "rung": rule.rung,
        "post": rule.post,
        "office": file.office,
        "ladder": rules.ladder,
        "ladder_version": rules.version,
    }
