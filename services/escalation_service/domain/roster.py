"""The roster: who is at which post from when to when; one holder at a time, a successor ends the term before."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.escalation_service.domain.offices import Officer
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.ids import uuid7

_CONTACTS = ("phone", "email", "line_id", "webhook_url", "preferred")


@dataclass(frozen=True)
class Seat:
    """The place of a holder, or of whoever acts, at a post of an office."""

    office: str
    post: str
    acting: bool = False


@dataclass(frozen=True)
class Term:
    """An officer in a seat for a time; without an end until further notice."""

    term_id: UUID
    seat: Seat
    staff_code: str
    begin: datetime
    end: datetime | None = None
    reason: str | None = None  # why somebody acts: vacancy | leave

    def covers(self, at: datetime) -> bool:
        return self.begin <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class Away:
    """A leave: somebody is away from `begin` to `end`."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Wish:
    """An officer shall be in a seat; contacts that are None stay as they are, a begin that is None is now."""

    officer: Officer
    seat: Seat
    begin: datetime | None = None
    end: datetime | None = None
    digest: str | None = None
    away: Away | None = None


@dataclass
class Roster:
    """What is known of officers, terms and leave, and what was changed in it."""

    now: datetime
    officers: dict[str, Officer] = field(default_factory=dict)
    terms: dict[UUID, Term] = field(default_factory=dict)
    leaves: dict[str, list[Away]] = field(default_factory=dict)
    changed_officers: set[str] = field(default_factory=set)
    changed_terms: set[UUID] = field(default_factory=set)
    new_leaves: list[tuple[str, Away]] = field(default_factory=list)

    def take(self, wish: Wish) -> list[str]:
        """Enter a wish; the names of what it changed, none when everything is so already. Raises Refusal."""
        code = wish.officer.staff_code
        changed = self._know(wish) + self.appoint(wish.seat, code, wish.begin or self.now, wish.end)
        if wish.away is not None and not self._knows_leave(code, wish.away):
            self.go_on_leave(code, wish.away)
            changed.append("leave")
        return changed

    def appoint(self, seat: Seat, staff_code: str, begin: datetime, end: datetime | None) -> list[str]:
        """The officer is in the seat from `begin`; whoever was in it then leaves. Raises Conflict."""
        if end is not None and end <= begin:
            raise Invalid("A term ends after it began.", code="ends_before_it_begins")
        sitting = self.at(seat, begin)
        if sitting is not None and sitting.staff_code == staff_code:
            return self._prolong(sitting, end)
        self._refuse_later(seat, begin, end)
        if sitting is not None:
            self._end(sitting, begin)
        reason = self._reason(seat, begin) if seat.acting else None
        self._put(Term(uuid7(self.now), seat, staff_code, begin, end, reason))
        return ["acting" if seat.acting else "holder"]

    def vacate(self, seat: Seat, at: datetime) -> bool:
        """Whoever is in the seat at an instant leaves it then; False when nobody is."""
        sitting = self.at(seat, at)
        if sitting is None:
            return False
        self._end(sitting, at)
        return True

    def go_on_leave(self, staff_code: str, away: Away) -> None:
        """The officer is away for a time. Raises Conflict."""
        mine = self.leaves.setdefault(staff_code, [])
        if any(away.begin < other.end and other.begin < away.end for other in mine):
            raise Conflict("The officer is on leave for some of this time already.", code="on_leave_already")
        mine.append(away)
        self.new_leaves.append((staff_code, away))

    def _knows_leave(self, staff_code: str, away: Away) -> bool:
        """As it was entered, or as somebody ended it before its time: that counts above an older file."""
        return any(
            one == away or (one.begin == away.begin and one.end < away.end and one.end <= self.now)
            for one in self.leaves.get(staff_code, [])
        )

    def at(self, seat: Seat, at: datetime) -> Term | None:
        return next((term for term in self.terms.values() if term.seat == seat and term.covers(at)), None)

    def _know(self, wish: Wish) -> list[str]:
        given, known = wish.officer, self.officers.get(wish.officer.staff_code)
        if known is None:
            self.officers[given.staff_code] = replace(given, digest=wish.digest or given.digest)
            self.changed_officers.add(given.staff_code)
            return ["officer"]
        fresh = {name: getattr(given, name) for name in _CONTACTS if getattr(given, name) is not None}
        after = replace(known, name=given.name, digest=wish.digest or known.digest, **fresh)
        changed = [name for name in ("name", *_CONTACTS, "digest") if getattr(after, name) != getattr(known, name)]
        if changed:
            self.officers[given.staff_code] = after
            self.changed_officers.add(given.staff_code)
        return changed

    def _prolong(self, term: Term, end: datetime | None) -> list[str]:
        if end is None or end == term.end:
            return []
        self._refuse_later(term.seat, term.begin, end, but=term)
        self._put(replace(term, end=end))
        return ["valid_to"]

    def _refuse_later(self, seat: Seat, begin: datetime, end: datetime | None, *, but: Term | None = None) -> None:
        mine = (t for t in self.terms.values() if t.seat == seat and t != but)
        if any(t.begin >= begin and (end is None or t.begin < end) for t in mine):
            raise Conflict("Somebody else has this post for a time after that.", code="post_held")

    def _end(self, term: Term, at: datetime) -> None:
        if term.begin == at:  # a term of no length was never served
            del self.terms[term.term_id]
            self.changed_terms.add(term.term_id)
        else:
            self._put(replace(term, end=at))

    def _put(self, term: Term) -> None:
        self.terms[term.term_id] = term
        self.changed_terms.add(term.term_id)

    def _reason(self, seat: Seat, at: datetime) -> str:
        return "leave" if self.at(replace(seat, acting=False), at) else "vacancy"


def roster(
    now: datetime, officers: Iterable[Officer], terms: Iterable[Term], leaves: Iterable[tuple[str, Away]]
) -> Roster:
    """The roster as it is kept."""
    known = Roster(now, {one.staff_code: one for one in officers}, {term.term_id: term for term in terms})
    for staff_code, away in leaves:
        known.leaves.setdefault(staff_code, []).append(away)
    return known
