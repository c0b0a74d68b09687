"""Policy versions: drafted, compared, published for cases that begin from then on. Cases under way keep theirs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.sla_service.domain.policy import ANY
from services.sla_service.domain.policy_draft import difference, refuse_impossible
from services.sla_service.store import book, subjects, versions
from services.sla_service.store.versions import POLICIES
from services.sla_service.use_cases.versions import discard, draft, enter, rewrite, see
from shared.contracts.sla import LadderNamed
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Invalid, NotFound

DEFAULTS: Mapping[str, Any] = {
    "name_th": None,
    **dict.fromkeys(versions.SELECTOR, ANY),
    "effective_from": None,
    "effective_to": None,
    "targets": (),
    "warnings": ({"level": "75%", "fraction": 0.75},),
    "pause_reasons": (),
    "pause_budget_hours": None,
    "reopen_mode": "continue",
    "ladder": None,
    "very_late": (2, 3),
}
# The validity of a version is its own: a copy of it begins when it is published, unless said otherwise.
_NOT_COPIED = ("effective_from", "effective_to")


async def create(tx: Tx, code: str, based_on: int | None, given: Mapping[str, Any]) -> Row[Any]:
    """A new draft, from nothing or from another version. Raises Invalid for the impossible."""
    start = dict(DEFAULTS)
    if based_on is not None:
        start = content_of(await see(tx, POLICIES, code, based_on)) | {name: DEFAULTS[name] for name in _NOT_COPIED}
    values = await _checked(tx, {**start, **given})
    return await enter(tx, POLICIES, code, based_on, values)


async def edit(tx: Tx, code: str, version: int, revision: int, given: Mapping[str, Any]) -> Row[Any]:
    row = await draft(tx, POLICIES, code, version, revision)
    return await rewrite(tx, POLICIES, row, await _checked(tx, {**content_of(row), **given}))


async def delete(tx: Tx, code: str, version: int, revision: int) -> None:
    await discard(tx, POLICIES, await draft(tx, POLICIES, code, version, revision))


async def diff(tx: Tx, code: str, old: int, new: int) -> tuple[Row[Any], Row[Any], list[tuple[str, Any, Any]]]:
    """Both versions and (field, old, new) of all that differs."""
    before, after = await see(tx, POLICIES, code, old), await see(tx, POLICIES, code, new)
    return before, after, difference(content_of(before), content_of(after), DEFAULTS)


async def publish(tx: Tx, code: str, version: int, revision: int, *, end_predecessor: bool) -> Row[Any]:
    """Put a draft in force for cases that begin in its range. Raises Conflict when another would tie with it."""
    await versions.one_at_a_time(tx)
    row = await draft(tx, POLICIES, code, version, revision)
    await _checked(tx, content_of(row))
    since = row.effective_from or tx.now
    if since < tx.now:
        raise Invalid("A policy is for cases to come: its range cannot begin in the past.", code="backdated_policy")
    if row.effective_to is not None and row.effective_to <= since:
        raise Invalid("The range of this policy is over.", code="bad_range")
    await _settle_ties(tx, row, since, end_predecessor=end_predecessor)
    published = await versions.publish(tx, POLICIES, row.id, effective_from=since)
    await tell_ladders(tx)
    await book.turn_page(tx)
    await tx.audit("policy.published", f"{code}/{version}", effective_from=since.isoformat())
    return published


async def end(tx: Tx, code: str, version: int, at: datetime | None) -> Row[Any]:
    """End the range of a published policy, now or later. Cases that began within it keep it."""
    await versions.one_at_a_time(tx)
    row = await versions.lock(tx, POLICIES, code, version)
    if row is None:
        raise NotFound("There is no such version.")
    until = at or tx.now
    if row.published_at is None:
        raise Conflict("A draft has no range to end: delete it.", code="not_published")
    if until < tx.now or until <= row.effective_from:
        raise Invalid("A range ends in the future, and after it begins.", code="bad_range")
    if row.effective_to is not None and row.effective_to < until:
        raise Conflict("The range ends earlier already.", code="already_ended")
    ended = await _end(tx, row, until)
    await tell_ladders(tx)
    return ended


async def tell_ladders(tx: Tx) -> None:
    """Tell which ladders published policies name, and until when, where that was not told yet."""
    for row in await versions.mark_ladders_told(tx):
        await tx.publish(
            LadderNamed(
                policy=row.code, version=row.version, ladder=row.ladder, valid_from=row.effective_from,
                valid_to=row.effective_to, told_at=tx.now,
            )
        )  # fmt: skip


def content_of(row: Row[Any]) -> dict[str, Any]:
    """What a stored version says."""
    return {name: getattr(row, name) for name in DEFAULTS}


async def _checked(tx: Tx, values: dict[str, Any]) -> dict[str, Any]:
    if not values["name_th"]:
        raise Invalid("A policy needs a name.", code="incomplete_draft")
    refuse_impossible(values, await versions.published_codes(tx), await subjects.kinds(tx))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


async def _settle_ties(tx: Tx, row: Row[Any], since: datetime, *, end_predecessor: bool) -> None:
    """At any instant one policy with a selector is in force: end the one before, or refuse."""
    for other in await versions.ties(tx, row, since, row.effective_to):
        if not end_predecessor or other.effective_from >= since:
            name = f"{other.code}/{other.version}"
            detail = "Another policy with this selector is in force in this range."
            raise Conflict(detail, code="policy_tie", policy=name, effective_from=other.effective_from.isoformat())
        await _end(tx, other, since)


async def _end(tx: Tx, row: Row[Any], until: datetime) -> Row[Any]:
    ended = await versions.end_policy(tx, row.id, until)
    await book.turn_page(tx)
    await tx.audit("policy.ended", f"{row.code}/{row.version}", effective_to=until.isoformat())
    return ended
