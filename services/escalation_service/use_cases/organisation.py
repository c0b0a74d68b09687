"""Changes of the organisation: offices open and close, branches move to regions, regions to deputy governors' areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.escalation_service.domain.offices import OfficeKind
from services.escalation_service.domain.organisation import OfficeWish, Organisation, kind_of
from services.escalation_service.store import offices, organisation
from shared.db import Row, Tx
from shared.kernel.errors import Invalid, NotFound, Stale


@dataclass(frozen=True)
class Stay:
    """A branch in a region from some time on; nobody entered the first one."""

    region: int
    valid_from: datetime
    entered_at: datetime | None = None
    entered_by: str | None = None


async def list_areas(tx: Tx) -> Sequence[Row[Any]]:
    return await offices.list_areas(tx)


async def view_office(tx: Tx, code: str) -> Row[Any]:
    office = await offices.find_office(tx, code, tx.now)
    if office is None:
        raise NotFound("There is no such office.")
    return office


async def list_regions(tx: Tx, code: str) -> tuple[Row[Any], list[Stay]]:
    """To which region a branch belonged, belongs and will belong."""
    office = await view_office(tx, code)
    if office.kind != OfficeKind.BRANCH:
        raise Invalid("Only a branch belongs to a region.", code="not_a_branch")
    moves = await offices.moves_of(tx, code)
    first = Stay(await offices.first_region(tx, code), office.valid_from)
    return office, [first, *(Stay(m.region, m.valid_from, m.entered_at, m.entered_by) for m in moves)]


async def open_office(tx: Tx, wish: OfficeWish) -> Row[Any]:
    """A new branch, region or area; its posts are vacant."""
    known, versions = await organisation.load(tx)
    known.open(wish)
    await organisation.save(tx, known, versions)
    begin = known.offices[wish.code].begin
    await tx.audit("open_office", wish.code, belongs_to=wish.above, valid_from=begin.isoformat())
    return await view_office(tx, wish.code)


async def change_office(tx: Tx, wish: OfficeWish, *, version: int) -> Row[Any]:
    """Another name, closed from an instant on, or, before it has begun, another first day."""
    code = wish.code
    known, versions = await _load(tx, code, version)
    if wish.begin is not None:
        known.begin(code, wish.begin, wish.end)
    known.alter(code, wish.name_th or known.offices[code].name_th, wish.end)
    known.changed_offices.add(code)
    await organisation.save(tx, known, versions)
    begin, end = known.offices[code].begin, wish.end
    await tx.audit("change_office", code, valid_from=begin.isoformat(), valid_to=end.isoformat() if end else None)
    return await view_office(tx, code)


async def move_branch(tx: Tx, code: str, region: str, at: datetime | None, *, version: int) -> int:
    """A branch belongs to a region from an instant on; the branch's version afterwards."""
    if kind_of(code) is not OfficeKind.BRANCH:
        raise Invalid("Only a branch belongs to a region.", code="not_a_branch")
    return await _move(tx, "move_branch", (code, region), at, version=version)


async def move_region(tx: Tx, code: str, area: str | None, at: datetime | None, *, version: int) -> int:
    """A region belongs to an area, or to none, from an instant on; the region's version afterwards."""
    if kind_of(code) is not OfficeKind.REGION:
        raise Invalid("Only a region belongs to an area.", code="not_a_region")
    return await _move(tx, "move_region", (code, area), at, version=version)


async def _move(tx: Tx, action: str, where: tuple[str, str | None], at: datetime | None, *, version: int) -> int:
    code, above = where
    known, versions = await _load(tx, code, version)
    begin = at or tx.now
    known.move(code, above, begin)
    await organisation.save(tx, known, versions)
    await tx.audit(action, code, belongs_to=above, valid_from=begin.isoformat())
    return version + 1


async def _load(tx: Tx, code: str, version: int) -> tuple[Organisation, dict[str, int]]:
    """The organisation, locked, when one of its offices is still as the caller saw it."""
    known, versions = await organisation.load(tx)
    if code not in versions:
        raise NotFound("There is no such office.")
    if versions[code] != version:
        raise Stale("The office was changed in the meantime.")
    return known, versions
