"""SQL for ladder policies: versions of rules, drafted, published, in force for a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, tuple_, update

from services.escalation_service.domain.ladder import LadderRules, Place, RungRule, Selector
from services.escalation_service.domain.policy import SELECTOR, RuleBook
from services.escalation_service.store import calendars
from services.escalation_service.store.directory_tables import LADDER_POLICY, RUNG_DEFINITION
from shared.db import Tx

P, R = LADDER_POLICY.c, RUNG_DEFINITION.c
HOUR = timedelta(hours=1)
SOME_DAY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """One version of a ladder, draft or published."""

    row: Row[Any]
    rungs: tuple[RungRule, ...]

    @property
    def rules(self) -> LadderRules:
        return rules_of(self.row, self.rungs)


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
    return RuleBook(tuple(rules_of(rows[0], rungs_of(rows)) for rows in versions.values()), copies)


async def list_versions(tx: Tx, *, after: tuple[str, int], most: int) -> list[Version]:
    """A page of versions, drafts too; two statements."""
    statement = select(LADDER_POLICY).where(tuple_(P.ladder, P.version) > tuple_(*after))
    return await _with_rungs(tx, await tx.all(statement.order_by(P.ladder, P.version).limit(most)))


async def versions_of(tx: Tx, ladder: str, *, lock: bool = False) -> list[Version]:
    """Every version of a ladder, the oldest first; with `lock` they change one after the other."""
    statement = select(LADDER_POLICY).where(P.ladder == ladder).order_by(P.version)
    rows = await tx.all(statement.with_for_update() if lock else statement)
    if lock:
        await tx.read_clock()
    return await _with_rungs(tx, rows)


async def _with_rungs(tx: Tx, rows: Sequence[Row[Any]]) -> list[Version]:
    keys = [(row.ladder, row.version) for row in rows]
    rungs: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for rung in await tx.all(select(RUNG_DEFINITION).where(tuple_(R.ladder, R.version).in_(keys)).order_by(R.rung)):
        rungs[rung.ladder, rung.version].append(rung)
    return [Version(row, rungs_of(rungs[row.ladder, row.version])) for row in rows]


async def add_draft(tx: Tx, values: Mapping[str, object], rungs: Sequence[RungRule]) -> None:
    await tx.execute(insert(LADDER_POLICY).values(dict(values)))
    await _add_rungs(tx, values, rungs)


async def replace_draft(tx: Tx, values: Mapping[str, object], rungs: Sequence[RungRule]) -> None:
    """Other content for a draft; its revision goes up."""
    mine = and_(P.ladder == values["ladder"], P.version == values["version"], P.published_at.is_(None))
    await tx.execute(update(LADDER_POLICY).where(mine).values(dict(values) | {"revision": P.revision + 1}))
    its = and_(R.ladder == values["ladder"], R.version == values["version"])
    await tx.execute(delete(RUNG_DEFINITION).where(its))
    await _add_rungs(tx, values, rungs)


async def _add_rungs(tx: Tx, values: Mapping[str, object], rungs: Sequence[RungRule]) -> None:
    rows = [
        {
            "ladder": values["ladder"], "version": values["version"], "rung": rule.rung, "post": rule.post,
            "place": rule.place.value, "offset_hours": rule.offset // HOUR, "calendar": rule.calendar,
            "review": rule.review,
        }
        for rule in rungs
    ]  # fmt: skip
    await tx.execute(insert(RUNG_DEFINITION), rows)


async def end_version(tx: Tx, ladder: str, version: int, at: datetime) -> None:
    """The version is in force until its successor begins."""
    await tx.execute(update(LADDER_POLICY).where(P.ladder == ladder, P.version == version).values(valid_to=at))


async def publish(tx: Tx, ladder: str, version: int, valid_from: datetime) -> None:
    values = {"valid_from": valid_from, "published_at": tx.now, "published_by": tx.actor.id, "revision": P.revision + 1}
    await tx.execute(update(LADDER_POLICY).where(P.ladder == ladder, P.version == version).values(values))


async def twin(tx: Tx, version: Row[Any], valid_from: datetime) -> str | None:
    """Another ladder for the very same cases at some time of the range: neither would be the more particular."""
    if version.named_only:
        return None
    same = [P[name] == getattr(version, name) for name in SELECTOR]
    overlap = func.tstzrange(P.valid_from, P.valid_to).op("&&")(func.tstzrange(valid_from, version.valid_to))
    published = P.published_at.is_not(None)
    found: str | None = await tx.scalar(select(P.ladder).where(*same, published, overlap, P.ladder != version.ladder))
    return found


def rungs_of(rows: Iterable[Row[Any]]) -> tuple[RungRule, ...]:
    return tuple(
        RungRule(r.rung, r.post, Place(r.place), timedelta(hours=r.offset_hours), r.calendar, r.review) for r in rows
    )


def rules_of(policy: Row[Any], rungs: tuple[RungRule, ...]) -> LadderRules:
    """The rules in a row of ladder_policy with its rungs. A draft without a date is taken to begin some day."""
    return LadderRules(
        ladder=policy.ladder,
        version=policy.version,
        valid_from=policy.valid_from or SOME_DAY,
        valid_to=policy.valid_to,
        minimum_gap=timedelta(hours=policy.minimum_gap_hours),
        longest_deferral=timedelta(hours=policy.longest_deferral_hours),
        selector=Selector(*(getattr(policy, name) for name in SELECTOR)),
        rungs=rungs,
    )
