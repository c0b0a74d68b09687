"""Versions of ladders: drafted, compared, published from some time on; a published one never changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.escalation_service.domain.ladder import LadderRules
from services.escalation_service.domain.policy import HOUR, SELECTOR, Change, check, differences
from services.escalation_service.store import calendars, policies, subjects
from services.escalation_service.store.policies import Version
from shared.db import Tx
from shared.kernel.errors import Conflict, Invalid, NotFound, Stale


@dataclass(frozen=True)
class Draft:
    """What a version shall say; `rules.version` is not known yet."""

    rules: LadderRules
    name_th: str
    note: str | None = None
    valid_from: datetime | None = None


@dataclass(frozen=True)
class Diff:
    """A version beside the one that it is compared with."""

    against: Version | None
    changes: Sequence[Change]


async def list_versions(tx: Tx, *, after: tuple[str, int], most: int) -> Sequence[Version]:
    return await policies.list_versions(tx, after=after, most=most)


async def view_version(tx: Tx, ladder: str, number: int) -> Version:
    return _one(await policies.versions_of(tx, ladder), number)


def _one(versions: Sequence[Version], number: int) -> Version:
    found = next((each for each in versions if each.row.version == number), None)
    if found is None:
        raise NotFound("There is no such version of this ladder.")
    return found


async def draft(tx: Tx, wanted: Draft) -> Version:
    """A new version that counts for nothing until it is published."""
    await _check(tx, wanted.rules)
    ladder = wanted.rules.ladder
    known = await policies.versions_of(tx, ladder, lock=True)
    number = max((each.row.version for each in known), default=0) + 1
    values = _values(wanted, number) | {"created_at": tx.now, "created_by": tx.actor.id}
    await policies.add_draft(tx, values, wanted.rules.rungs)
    await tx.audit("draft_ladder", ladder, version=number)
    return await view_version(tx, ladder, number)


async def redraft(tx: Tx, wanted: Draft, number: int, *, revision: int) -> Version:
    """Other content for a draft."""
    await _check(tx, wanted.rules)
    ladder = wanted.rules.ladder
    await _lock_draft(tx, ladder, number, revision)
    await policies.replace_draft(tx, _values(wanted, number), wanted.rules.rungs)
    await tx.audit("redraft_ladder", ladder, version=number)
    return await view_version(tx, ladder, number)


async def _check(tx: Tx, rules: LadderRules) -> None:
    check(rules)
    if rules.selector.subject not in {"*", *await subjects.codes(tx)}:
        raise Invalid("There is no subject with this code.", code="unknown_subject")


def _values(wanted: Draft, number: int) -> dict[str, object]:
    rules = wanted.rules
    selector = {name: getattr(rules.selector, name) for name in SELECTOR}
    return {
        "ladder": rules.ladder, "version": number, "name_th": wanted.name_th, "note": wanted.note,
        "valid_from": wanted.valid_from, "valid_to": rules.valid_to,
        "minimum_gap_hours": rules.minimum_gap // HOUR, "longest_deferral_hours": rules.longest_deferral // HOUR,
        **selector,
    }  # fmt: skip


async def _lock_draft(tx: Tx, ladder: str, number: int, revision: int) -> list[Version]:
    versions = await policies.versions_of(tx, ladder, lock=True)
    row = _one(versions, number).row
    if row.published_at is not None:
        raise Conflict("A published version never changes: draft the next one.", code="published_already")
    if row.revision != revision:
        raise Stale("The draft was changed in the meantime.")
    return versions


async def diff(tx: Tx, ladder: str, number: int, against: int | None) -> Diff:
    """What a version changes of another one; without a number: of the one in force."""
    versions = await policies.versions_of(tx, ladder)
    mine = _one(versions, number)
    if against is not None:
        other: Version | None = _one(versions, against)
    else:
        published = [each for each in versions if each.row.published_at and each is not mine]
        other = next((each for each in published if each.rules.is_valid_at(tx.now)), None)
    return Diff(other, differences(other.rules if other else None, mine.rules))


async def publish(tx: Tx, ladder: str, number: int, valid_from: datetime | None, *, revision: int) -> Version:
    """In force from now or a later instant on, for what is late from then on; the version before it ends there."""
    versions = await _lock_draft(tx, ladder, number, revision)
    mine = _one(versions, number)
    begin = valid_from or max(mine.row.valid_from or tx.now, tx.now)
    if begin < tx.now:
        raise Invalid("A version is in force from now on at the earliest.", code="valid_from_in_the_past")
    if mine.row.valid_to is not None and mine.row.valid_to <= begin:
        raise Invalid("The version would end before it begins.", code="ends_before_it_begins")
    await _make_room(tx, versions, mine, begin)
    if other := await policies.twin(tx, mine.row, begin):
        raise Conflict("Another ladder is for the very same cases.", code="ladders_tie", ladder=other)
    await policies.publish(tx, ladder, number, begin)
    await tx.audit("publish_ladder", ladder, version=number, valid_from=begin.isoformat())
    return await view_version(tx, ladder, number)


async def _make_room(tx: Tx, versions: Sequence[Version], mine: Version, begin: datetime) -> None:
    """Ranges of one ladder never overlap: what is in force then ends, what begins later is in the way."""
    rules = replace(mine.rules, valid_from=begin)
    for other in (each for each in versions if each.row.published_at is not None):
        if other.rules.is_valid_at(begin) and other.row.valid_from < begin:
            await policies.end_version(tx, other.row.ladder, other.row.version, begin)
        elif rules.is_valid_at(other.row.valid_from):
            raise Conflict("A version that begins later is published.", code="later_version", version=other.row.version)


async def missing_calendars(tx: Tx, version: Version) -> list[str]:
    """Calendars of a version of which no copy has arrived: its rungs on them wait."""
    codes = {rule.calendar for rule in version.rungs}
    return sorted(codes - (await calendars.newest(tx, sorted(codes))).keys())
