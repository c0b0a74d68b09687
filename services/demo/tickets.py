"""Public tickets (JSON lines) as receipts of the channel traffy_fondue: times, subjects and refusals, all pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(days=28)
MARGIN = timedelta(minutes=2)
CHANNEL = "traffy_fondue"
# Only what can be meant in one way. The categories of a city hall are mostly not PWA's subjects at all.
_BY_CATEGORY: Mapping[str, str] = {"เสนอแนะ": "N01"}
_WATER = "ประปา"
_BY_WORDS: Mapping[str, tuple[str, ...]] = {
    "Q01": ("น้ำไม่ไหล", "น้ำประปาไม่ไหล"),
    "Q02": ("น้ำไหลอ่อน", "น้ำไหลเบา"),
    "W02": ("น้ำขุ่น", "สีขุ่น", "ตะกอน"),
    "W03": ("กลิ่นเหม็น",),
    "S07": ("ค่าน้ำสูง", "ค่าน้ำแพง"),
}


@dataclass(frozen=True)
class Ticket:
    """One line of the file. `reported_at` may be missing."""

    line: int
    reference: str
    reported_at: datetime | None
    area: str | None
    category: str | None
    text: str


@dataclass(frozen=True)
class Unreadable:
    """A line that cannot become a receipt, and why."""

    line: int
    reason: str


def read_lines(lines: Iterable[str]) -> tuple[list[Ticket], list[Unreadable]]:
    """The tickets of a file and the lines that are none; blank lines are passed over."""
    tickets: list[Ticket] = []
    refused: list[Unreadable] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            tickets.append(_ticket(number, json.loads(line)))
        except (ValueError, RecursionError) as problem:
            is_ours = type(problem) is _Missing
            refused.append(Unreadable(number, str(problem) if is_ours else "not a line of JSON"))
    return tickets, refused


class _Missing(ValueError):
    """Something that a receipt needs is not in the line."""


def _ticket(number: int, found: object) -> Ticket:
    if not isinstance(found, dict):
        raise _Missing("not a JSON object")
    reference, text = found.get("ticket"), found.get("text")
    if not isinstance(reference, str) or not reference.strip():
        raise _Missing("no ticket number")
    if not isinstance(text, str) or not text.strip():
        raise _Missing("no text")
    return Ticket(
        line=number,
        reference=reference.strip(),
        reported_at=_instant(found.get("reported_at")),
        area=_optional(found.get("area")),
        category=_optional(found.get("category")),
        text=text,
    )


def _optional(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _instant(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _Missing("reported_at is not a time with an offset")
    return at


def map_times(tickets: Sequence[Ticket], now: datetime) -> list[datetime]:
    """Receipt times within the last 28 days: order and spacing as reported, file order where a time is missing."""
    known = [ticket.reported_at for ticket in tickets if ticket.reported_at is not None]
    begin, span = now - WINDOW, WINDOW - MARGIN
    if not known:
        return [begin + span * (nr / max(len(tickets) - 1, 1)) for nr in range(len(tickets))]
    first = min(known)
    length = max(known) - first

    def place(at: datetime) -> datetime:
        return begin + span * ((at - first) / length if length else 1.0)

    return _filled([place(ticket.reported_at) if ticket.reported_at else None for ticket in tickets])


def _filled(times: Sequence[datetime | None]) -> list[datetime]:
    """Missing times are spread evenly between their neighbours in the file; at its ends they take the nearest one."""
    known = [nr for nr, at in enumerate(times) if at is not None]
    filled: list[datetime] = []
    for nr, at in enumerate(times):
        if at is not None:
            filled.append(at)
            continue
        before = max((k for k in known if k < nr), default=None)
        after = min((k for k in known if k > nr), default=None)
        low = times[before] if before is not None else times[known[0]]
        high = times[after] if after is not None else times[known[-1]]
        share = 0.0 if before is None or after is None else (nr - before) / (after - before)
        if low is None or high is None:
            raise AssertionError("a known time is not None")
        filled.append(low + (high - low) * share)
    return filled


def subject_of(ticket: Ticket) -> str | None:
    """PWA's subject where category and words leave no doubt; else a person decides in the head-office queue."""
    if ticket.category != _WATER:
        return _BY_CATEGORY.get(ticket.category or "")
    meant = {code for code, signs in _BY_WORDS.items() if any(sign in ticket.text for sign in signs)}
    return meant.pop() if len(meant) == 1 else None


def receipt(ticket: Ticket, received_at: datetime) -> dict[str, object]:
    """The body of POST /intake/v1/cases. Anonymous: the file holds no reporter. No branch: PWA serves no such area."""
    body: dict[str, object] = {
        "channel": CHANNEL,
        "received_at": received_at.isoformat(),
        "text": ticket.text,
        "receiving_office": "HQ",
        "origin": CHANNEL,
        "origin_reference": ticket.reference,
    }
    if ticket.area:
        body["place"] = ticket.area
    if (subject := subject_of(ticket)) is not None:
        body["subject"] = subject
    return body
