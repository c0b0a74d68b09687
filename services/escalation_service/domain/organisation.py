"""The organisation over time: offices that open and close, branches in regions, regions in deputy governors' areas."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.escalation_service.domain.offices import OfficeKind
from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Conflict, Invalid, Refusal

_CODES = (("[0-9]{4}", OfficeKind.BRANCH), ("R(0[1-9]|[1-9][0-9])", OfficeKind.REGION), ("D[1-9]", OfficeKind.AREA))
_ABOVE = {OfficeKind.BRANCH: OfficeKind.REGION, OfficeKind.REGION: OfficeKind.AREA}


def kind_of(code: str) -> OfficeKind:
    """What an office is, by its code: a BA code, R01 to R99, D1 to D9; everything else is the head office."""
    return next((kind for form, kind in _CODES if re.fullmatch(form, code)), OfficeKind.HEAD_OFFICE)


@dataclass(frozen=True)
class Office:
    """An office, open from `begin` to `end`; `above` is where a branch belongs until its first move."""

    code: str
    name_th: str
    begin: datetime
    end: datetime | None = None
    above: str | None = None


@dataclass(frozen=True)
class OfficeWish:
    """What an office shall be; None leaves what is known, a `begin` that is None is now."""

    code: str
    name_th: str | None = None
    above: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass
class Organisation:
    """Every office and every move, the newest entry of an instant counting until the next, and what was changed."""

    now: datetime
    offices: dict[str, Office] = field(default_factory=dict)
    moves: dict[str, dict[datetime, str | None]] = field(default_factory=dict)
    changed_offices: set[str] = field(default_factory=set)
    changed_moves: set[tuple[str, datetime]] = field(default_factory=set)

    def take(self, wish: OfficeWish) -> list[str]:
        """Enter a wish; the names of what it changed, none when everything is so already. Raises Refusal."""
        office, moves = self.offices.get(wish.code), dict(self.moves.get(wish.code, {}))
        try:
            return self._take(wish)
        except Refusal:  # what the rows after it are compared with holds nothing of it
            self.moves[wish.code] = moves
            self.offices.pop(wish.code, None)
            if office is not None:
                self.offices[wish.code] = office
            raise

    def _take(self, wish: OfficeWish) -> list[str]:
        known = self.offices.get(wish.code)
        if known is None:
            self.open(wish)
            return ["office"]
        changed = self.alter(wish.code, wish.name_th or known.name_th, wish.end or known.end)
        begin = wish.begin or self.now
        if wish.above is not None and self.above(wish.code, begin) != wish.above:
            self.move(wish.code, wish.above, begin)
            changed.append("belongs_to")
        return changed

    def open(self, wish: OfficeWish) -> None:
        """A new office. Raises Conflict for one that is there, Invalid for one that cannot be."""
        kind = kind_of(wish.code)
        if wish.code in self.offices:
            raise Conflict("There is an office with this code already.", code="office_exists")
        if kind is OfficeKind.HEAD_OFFICE:
            raise Invalid("There is one head office.", code="unknown_office")
        if wish.name_th is None:
            raise Invalid("A new office needs a name.", code="needs_a_name")
        if kind is OfficeKind.BRANCH and wish.above is None:
            raise Invalid("A branch belongs to a region.", code="needs_a_region")
        if wish.above is not None and kind not in _ABOVE:
            raise Invalid("An area belongs to no other office.", code="belongs_elsewhere")
        begin = wish.begin or self.now
        first = wish.above if kind is OfficeKind.BRANCH else None
        self._put(Office(wish.code, wish.name_th, begin, wish.end, first))
        if kind is not OfficeKind.BRANCH and wish.above is not None:
            self._enter(wish.code, begin, wish.above)
        self._check(wish.code)

    def alter(self, code: str, name_th: str, end: datetime | None) -> list[str]:
        """Another name, or closed from an instant on. Raises Conflict while others belong to it after that."""
        if end is not None and kind_of(code) is OfficeKind.HEAD_OFFICE:
            raise Invalid("The head office stands in for all others and stays.", code="head_office_stays")
        known = self.offices[code]
        changed = [n for n, old, new in (("name", known.name_th, name_th), ("valid_to", known.end, end)) if old != new]
        if changed:
            self._put(replace(known, name_th=name_th, end=end))
        if "valid_to" in changed:
            self._check_with_those_below(code)
        return changed

    def begin(self, code: str, begin: datetime, end: datetime | None) -> None:
        """Another first day (and last) of an office that has not begun. Raises Conflict if it has, or moves before."""
        known, moves = self.offices[code], self.moves.get(code, {})
        if begin == known.begin:
            return
        if known.begin <= self.now:
            raise Conflict("The office has begun.", code="has_begun")
        if begin < self._today:
            raise Invalid("An office opens today at the earliest.", code="valid_from_in_the_past")
        first = self.above(code, known.begin)
        if any(known.begin < at < begin and above != first for at, above in moves.items()):
            raise Conflict("The office belongs to another before that day.", code="moves_before_it_begins")
        if known.begin in moves:
            self._enter(code, begin, first)
        self._put(replace(known, begin=begin, end=end))
        self._check_with_those_below(code)

    def move(self, code: str, above: str | None, begin: datetime) -> None:
        """A branch belongs to another region, or a region to another area, from an instant of today or later on."""
        if begin < self._today:
            raise Invalid("Where an office belonged is not changed afterwards.", code="valid_from_in_the_past")
        office = self.offices[code]
        if begin < office.begin or (office.end is not None and begin >= office.end):
            raise Conflict("The office is not open at that time.", code="office_not_open")
        self._enter(code, begin, above)
        self._check(code)

    def above(self, code: str, at: datetime) -> str | None:
        """Where an office belongs at an instant."""
        found = [to for begin, to in sorted(self.moves.get(code, {}).items()) if begin <= at]
        return found[-1] if found else self.offices[code].above

    @property
    def _today(self) -> datetime:
        return self.now.astimezone(BANGKOK).replace(hour=0, minute=0, second=0, microsecond=0)

    def _put(self, office: Office) -> None:
        if office.end is not None and office.end <= office.begin:
            raise Invalid("An office closes after it opened.", code="ends_before_it_begins")
        self.offices[office.code] = office
        self.changed_offices.add(office.code)

    def _enter(self, code: str, begin: datetime, above: str | None) -> None:
        self.moves.setdefault(code, {})[begin] = above
        self.changed_moves.add((code, begin))

    def _below(self, code: str) -> list[str]:
        """Offices that belong to this one at some time."""
        return [each for each in self.offices if any(above == code for above, _, _ in self._stays(each))]

    def _stays(self, code: str) -> Iterator[tuple[str | None, datetime, datetime | None]]:
        """Where an office belongs, from when to when, as long as it is open."""
        office = self.offices[code]
        moves = sorted(self.moves.get(code, {}).items())
        begins = [(office.begin, office.above), *moves] if office.above else moves
        for (begin, above), after in zip(begins, [*[b for b, _ in begins[1:]], office.end], strict=False):
            end = min((each for each in (after, office.end) if each), default=None)
            start = max(begin, office.begin)
            if end is None or start < end:
                yield above, start, end

    def _check_with_those_below(self, code: str) -> None:
        for each in (code, *self._below(code)):
            self._check(each)

    def _check(self, code: str) -> None:
        """An office belongs to one of the right kind, and only while both are open; when it did is left alone."""
        wanted = _ABOVE.get(kind_of(code))
        for above, begin, end in self._stays(code):
            if above is None:
                continue
            if kind_of(above) is not wanted:
                raise Invalid("A branch belongs to a region, a region to an area.", code="belongs_elsewhere")
            if (host := self.offices.get(above)) is None:
                raise Invalid("There is no office with this code.", code="unknown_office")
            is_over = end is not None and end <= self.now
            if not is_over and (begin < host.begin or (host.end is not None and (end is None or end > host.end))):
                raise Conflict("One belongs to the other for a time when it is closed.", code="office_not_open")


def organisation(
    now: datetime, offices: Iterable[Office], moves: Iterable[tuple[str, datetime, str | None]]
) -> Organisation:
    """The organisation as it is kept."""
    found = Organisation(now, {office.code: office for office in offices})
    for code, begin, above in moves:
        found.moves.setdefault(code, {})[begin] = above
    return found
