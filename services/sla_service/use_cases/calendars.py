"""Calendar versions: drafted by anyone who may, published by a person once, and told to whoever counts by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.sla_service.domain.calendar_draft import (
    CalendarChange,
    CalendarContent,
    CalendarDiff,
    WrittenDay,
    changed,
    difference,
    on_working_days,
)
from services.sla_service.store import book, versions
from services.sla_service.store.versions import CALENDARS
from services.sla_service.use_cases import holiday_list
from services.sla_service.use_cases.versions import discard, draft, enter, rewrite, see
from shared.contracts.sla import CalendarPublished, ExceptionDay
from shared.db import Row, Tx
from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Conflict, Invalid

SHORT_HORIZON = timedelta(days=365)
_EMPTY = CalendarContent("", "Asia/Bangkok", ((),) * 7)


@dataclass(frozen=True)
class Drafting:
    """What a draft is to say: changes, and a year whose holidays a library foresees (only those not said yet)."""

    change: CalendarChange
    year: int | None = None


async def create(tx: Tx, code: str, based_on: int | None, wanted: Drafting) -> Row[Any]:
    """A new draft, from nothing or from another version. Raises Invalid for what makes no sense."""
    if based_on is None and (wanted.change.weekly is None or not wanted.change.name_th):
        raise Invalid("A calendar made from nothing needs a name and its week.", code="incomplete_draft")
    start = _EMPTY if based_on is None else content_of(await see(tx, CALENDARS, code, based_on))
    return await enter(tx, CALENDARS, code, based_on, _values(_drafted(start, wanted)))


async def edit(tx: Tx, code: str, version: int, revision: int, wanted: Drafting) -> Row[Any]:
    row = await draft(tx, CALENDARS, code, version, revision)
    return await rewrite(tx, CALENDARS, row, _values(_drafted(content_of(row), wanted)))


async def delete(tx: Tx, code: str, version: int, revision: int) -> None:
    await discard(tx, CALENDARS, await draft(tx, CALENDARS, code, version, revision))


async def diff(tx: Tx, code: str, old: int, new: int) -> tuple[Row[Any], Row[Any], CalendarDiff]:
    """Both versions and what changes from the old one to the new one."""
    before, after = await see(tx, CALENDARS, code, old), await see(tx, CALENDARS, code, new)
    return before, after, difference(content_of(before), content_of(after))


async def publish(tx: Tx, code: str, version: int, revision: int) -> tuple[Row[Any], list[str]]:
    """Put a draft in force for new clocks, and tell it; with warnings. Open clocks keep theirs until it is applied."""
    await versions.one_at_a_time(tx)
    row = await draft(tx, CALENDARS, code, version, revision)
    await _refuse_if_outdated(tx, row)
    content_of(row).working().refuse_if_never_open(tx.now)
    published = await versions.publish(tx, CALENDARS, row.id)
    await book.turn_page(tx)
    await tx.audit("calendar.published", f"{code}/{version}", horizon_on=str(row.horizon_on))
    await tell_calendars(tx)
    return published, _warnings(tx, row)


async def tell_calendars(tx: Tx) -> int:
    """Tell every published version that nobody was told of yet, once; how many."""
    untold = await versions.mark_told(tx)
    for row in untold:
        await tx.publish(_event(row))
    return len(untold)


def content_of(row: Row[Any]) -> CalendarContent:
    """What a stored version says."""
    days = [WrittenDay(date.fromisoformat(d["day"]), d["name"], tuple(d["windows"])) for d in row.exceptions]
    days.sort(key=lambda one: one.day)
    return CalendarContent(row.name_th, row.zone, tuple(map(tuple, row.weekly)), tuple(days), row.horizon_on)


def _drafted(content: CalendarContent, wanted: Drafting) -> CalendarContent:
    result = changed(content, wanted.change)
    if wanted.year is None:
        return result
    foreseen = on_working_days(result, holiday_list.foreseen(wanted.year))
    ends = max(date(wanted.year, 12, 31), result.horizon_on or date.min)
    return changed(result, CalendarChange(days=foreseen, horizon_on=wanted.change.horizon_on or ends))


def _values(content: CalendarContent) -> Mapping[str, Any]:
    return {
        "name_th": content.name_th,
        "zone": content.zone,
        "weekly": [list(day) for day in content.weekly],
        "exceptions": [
            {"day": one.day.isoformat(), "name": one.name, "windows": list(one.windows)} for one in content.exceptions
        ],
        "horizon_on": content.horizon_on,
    }


async def _refuse_if_outdated(tx: Tx, row: Row[Any]) -> None:
    """A draft made before the newest published version does not hold what that one changed."""
    newest = await versions.newest_published(tx, CALENDARS, row.code)
    if newest is not None and newest > min(row.version, row.based_on or row.version):
        detail = "A newer version has been published since; draft from that one."
        raise Conflict(detail, code="outdated_draft", published=f"{row.code}/{newest}")


def _warnings(tx: Tx, row: Row[Any]) -> list[str]:
    ends_early = row.horizon_on is not None and row.horizon_on < (tx.now + SHORT_HORIZON).astimezone(BANGKOK).date()
    return ["horizon_under_12_months"] if ends_early else []


def _event(row: Row[Any]) -> CalendarPublished:
    return CalendarPublished(
        code=row.code,
        version=row.version,
        name_th=row.name_th,
        zone=row.zone,
        weekly=row.weekly,
        exceptions=[ExceptionDay(**one) for one in row.exceptions],
        horizon_on=row.horizon_on.isoformat() if row.horizon_on else None,
        published_at=row.published_at,
    )
