"""Officers as data: their contacts, terms at posts, leave, and who acts for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.roster import Away, Seat, Term
from services.escalation_service.store import officers, offices, roster
from services.escalation_service.use_cases.posts import check_post, lock_office
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Invalid, NotFound, Stale


@dataclass(frozen=True)
class OfficerView:
    """An officer with everything that is entered about the posts and absences."""

    row: Row[Any]
    terms: Sequence[Term]
    leaves: Sequence[Row[Any]]


@dataclass(frozen=True)
class Appointment:
    """Who shall be in a seat, from when, until when."""

    staff_code: str
    begin: datetime
    end: datetime | None = None


async def list_officers(tx: Tx, *, after: str, most: int) -> Sequence[Row[Any]]:
    return await roster.list_officers(tx, after=after, most=most)


async def view_officer(tx: Tx, staff_code: str) -> OfficerView:
    row = await _officer(tx, staff_code)
    return OfficerView(row, await roster.terms_of_officer(tx, staff_code), await roster.leaves_of(tx, staff_code))


async def _officer(tx: Tx, staff_code: str, *, lock: bool = False) -> Row[Any]:
    row = await roster.find_officer(tx, staff_code, lock=lock)
    if row is None:
        raise NotFound("There is no such officer.")
    return row


async def create_officer(tx: Tx, officer: Officer) -> None:
    """Enter somebody of the staff with work contacts."""
    if not await roster.add_officer(tx, officer):
        raise Conflict("There is an officer with this staff code already.", code="officer_exists")
    await tx.audit("create_officer", officer.staff_code, contacts=_given(officer))


async def change_officer(tx: Tx, officer: Officer, *, version: int) -> OfficerView:
    """Replace name, contacts and preferences; rungs and messages keep what they froze."""
    row = await _officer(tx, officer.staff_code, lock=True)
    if row.version != version:
        raise Stale("The officer was changed in the meantime.")
    await roster.change_officer(tx, officer)
    await tx.audit("change_officer", officer.staff_code, contacts=_given(officer))
    return await view_officer(tx, officer.staff_code)


def _given(officer: Officer) -> list[str]:
    """Which means there are; never the contacts themselves."""
    return [name for name in ("phone", "email", "line_id", "webhook_url") if getattr(officer, name) is not None]


async def appoint(tx: Tx, seat: Seat, appointed: Appointment, *, version: int) -> int:
    """An officer holds a post, or acts for it, from an instant on; the office's version afterwards."""
    office = await lock_office(tx, seat.office, version)
    check_post(office, seat.post)
    if await roster.find_officer(tx, appointed.staff_code) is None:
        raise Invalid("There is no officer with this staff code.", code="unknown_officer")
    known = await roster.load(tx, [(seat.office, seat.post)], [])
    known.appoint(seat, appointed.staff_code, appointed.begin, appointed.end)
    await roster.save(tx, known)
    await tx.audit(
        "appoint_acting" if seat.acting else "appoint", seat.office, post=seat.post, staff_code=appointed.staff_code,
        valid_from=appointed.begin.isoformat(), valid_to=appointed.end.isoformat() if appointed.end else None,
    )  # fmt: skip
    return await offices.raise_version(tx, seat.office)


async def vacate(tx: Tx, seat: Seat, at: datetime, *, version: int) -> int:
    """Whoever is in the seat at an instant leaves it then; the office's version afterwards."""
    office = await lock_office(tx, seat.office, version)
    check_post(office, seat.post)
    known = await roster.load(tx, [(seat.office, seat.post)], [])
    if not known.vacate(seat, at):
        raise Conflict("Nobody is in this post at that time.", code="post_vacant")
    await roster.save(tx, known)
    await tx.audit("vacate", seat.office, post=seat.post, acting=seat.acting, at=at.isoformat())
    return await offices.raise_version(tx, seat.office)


async def view_terms(tx: Tx, code: str, post: str) -> Sequence[Term]:
    """Everybody who was, is and will be at a post."""
    office = await offices.find_office(tx, code, tx.now)
    if office is None or post not in {row.post for row in await officers.posts_of(tx, code)}:
        raise NotFound("There is no such post.")
    return await roster.terms_of_post(tx, code, post)


async def go_on_leave(tx: Tx, staff_code: str, begin: datetime, end: datetime) -> UUID:
    """The officer is away from `begin` to `end`: whoever acts for the post is called upon meanwhile."""
    if end <= begin:
        raise Invalid("A leave ends after it began.", code="ends_before_it_begins")
    await _officer(tx, staff_code, lock=True)
    away = Away(begin, end)
    (await roster.load(tx, [], [staff_code])).go_on_leave(staff_code, away)
    leave_id = await roster.add_leave(tx, staff_code, away)
    await tx.audit("leave", staff_code, valid_from=begin.isoformat(), valid_to=end.isoformat())
    return leave_id


async def come_back(tx: Tx, staff_code: str, leave_id: UUID) -> None:
    """A leave ends now, or never begins."""
    await _officer(tx, staff_code, lock=True)
    if not await roster.end_leave(tx, staff_code, leave_id):
        raise NotFound("There is no such leave that could still end.")
    await tx.audit("leave_ended", staff_code, leave_id=str(leave_id))
