"""The demo's day on paper: which cases there are, where they come from and what shall become of them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.demo import words
from shared.kernel.words import HEAD_OFFICE
from shared.reference import REGIONS, Subject, branches, subjects

HOUR = timedelta(hours=1)
BRANCHES_PER_REGION = 3
# How cases are spread over channels (weights); each channel comes at least twice.
CHANNELS: Mapping[str, int] = {
    "contact_center_1662": 30, "branch_phone": 14, "walk_in": 10, "patrol": 4, "website": 9, "line": 10, "facebook": 6,
    "mobile_app": 7, "email": 3, "letter": 2, "media": 1, "gcc_1111": 2, "damrongtham_1567": 2, "traffy_fondue": 3,
}  # fmt: skip
AT_THE_BRANCH = frozenset({"branch_phone", "walk_in", "patrol"})
FROM_OUTSIDE = frozenset({"gcc_1111", "damrongtham_1567", "traffy_fondue"})
WEIGHTS: Mapping[str, int] = {
    "Q01": 16, "Q02": 12, "L01": 14, "L02": 8, "L03": 3, "W01": 5, "W02": 6, "W03": 3, "W04": 1, "S01": 3, "S02": 2,
    "S03": 2, "S04": 4, "S05": 1, "S06": 1, "S07": 4, "P01": 1, "P02": 1, "I01": 3, "I02": 7, "I03": 4, "I04": 1,
    "I05": 3, "E01": 5, "E02": 3, "E03": 3, "N01": 2, "C01": 2,
}  # fmt: skip


class Fate(StrEnum):
    """What shall become of a case."""

    ANSWER = "answer"  # a general enquiry, answered and closed at once
    REPAIR = "repair"  # done in time
    ENTERED_LATE = "entered_late"  # done in time days ago, but only now entered: its breach is taken back
    NOT_REPAIRED = "not_repaired"  # done in time, but not repaired
    REPAIR_LATE = "repair_late"  # received days ago, done today
    OPEN = "open"  # the branch is at work, in time
    OPEN_LATE = "open_late"  # the branch is at work and too late
    QUEUE = "queue"  # waits in the head-office queue
    QUEUE_LATE = "queue_late"  # has been waiting there for days
    CANCEL = "cancel"


DONE = frozenset({Fate.REPAIR, Fate.ENTERED_LATE, Fate.NOT_REPAIRED, Fate.REPAIR_LATE})
AT_WORK = DONE | {Fate.OPEN, Fate.OPEN_LATE}
LATE = frozenset({Fate.REPAIR_LATE, Fate.OPEN_LATE, Fate.QUEUE_LATE})
FATES: Mapping[Fate, int] = {
    Fate.REPAIR: 38, Fate.ENTERED_LATE: 16, Fate.NOT_REPAIRED: 6, Fate.REPAIR_LATE: 10,
    Fate.OPEN: 12, Fate.OPEN_LATE: 10, Fate.QUEUE: 4,
    Fate.QUEUE_LATE: 2, Fate.CANCEL: 2,
}  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """One case before it exists."""

    nr: int
    channel: str
    subject: str
    branch: str
    receiving_office: str
    received_at: datetime
    text: str
    place: str
    contact: Mapping[str, str] | None
    fate: Fate
    done_at: datetime
    is_clear: bool  # whoever takes it in states subject and branch at once
    is_bounced: bool
    asks: bool  # something is missing at first
    is_chased: bool  # the complainant asks again


def plan_day(count: int, now: datetime, seed: int) -> list[Planned]:
    """`count` cases; the same seed gives the same day. Every channel and every subject comes, if there are enough."""
    rng = random.Random(seed)
    channels = _spread(rng, CHANNELS, count)
    codes = _spread(rng, WEIGHTS, count)
    homes = _branches(rng)
    return [_planned(rng, nr, (channels[nr], codes[nr], rng.choice(homes)), now) for nr in range(count)]


def _spread(rng: random.Random, weights: Mapping[str, int], count: int) -> list[str]:
    """Each name twice as far as there is room, the rest by weight, in random order."""
    names = list(weights)
    drawn = (names * 2)[:count]
    drawn += rng.choices(names, list(weights.values()), k=count - len(drawn))
    rng.shuffle(drawn)
    return drawn


def _branches(rng: random.Random) -> list[str]:
    """A few branches of every region, so that each has something to show."""
    chosen: list[str] = []
    for region in REGIONS:
        mine = [branch.ba_code for branch in branches().values() if branch.region == region]
        chosen += rng.sample(mine, BRANCHES_PER_REGION)
    return chosen


def _planned(rng: random.Random, nr: int, drawn: tuple[str, str, str], now: datetime) -> Planned:
    channel, code, branch = drawn
    subject = subjects()[code]
    fate = _fate(rng, subject)
    received_at = now - _age(rng, fate, channel)
    is_at_branch = channel in AT_THE_BRANCH and fate not in (Fate.QUEUE, Fate.QUEUE_LATE)
    place = _place(rng, branch)
    return Planned(
        nr=nr,
        channel=channel,
        subject=code,
        branch=branch,
        receiving_office=branch if is_at_branch else HEAD_OFFICE,
        received_at=received_at,
        text=_text(rng, code, place),
        place=place,
        contact=_contact(rng, nr, channel),
        fate=fate,
        done_at=_done_at(rng, fate, received_at, now),
        is_clear=is_at_branch or (channel == "contact_center_1662" and fate in AT_WORK and rng.random() < 0.6),
        is_bounced=fate in AT_WORK and not is_at_branch and rng.random() < 0.06,
        asks=fate in (Fate.REPAIR, Fate.OPEN) and rng.random() < 0.08,
        is_chased=fate in LATE and rng.random() < 0.3,
    )


def _fate(rng: random.Random, subject: Subject) -> Fate:
    if subject.closes_at_once:
        return Fate.ANSWER
    if subject.restricted:
        return rng.choice((Fate.REPAIR, Fate.OPEN))
    fate = rng.choices(list(FATES), list(FATES.values()))[0]
    if fate in (Fate.REPAIR_LATE, Fate.OPEN_LATE, Fate.ENTERED_LATE) and subject.sla_unit != "hour":
        return Fate.REPAIR  # its deadline may not have passed yet
    return fate


def _age(rng: random.Random, fate: Fate, channel: str) -> timedelta:
    """How long ago it was received: hours for what is in time, days for what is late; letters take long."""
    if fate in LATE:
        return rng.uniform(10 if channel == "letter" else 3.5, 20) * 24 * HOUR
    if fate is Fate.ENTERED_LATE:
        return rng.uniform(50, 100) * HOUR
    return rng.uniform(1.5, 20) * HOUR


def _done_at(rng: random.Random, fate: Fate, received_at: datetime, now: datetime) -> datetime:
    """When the work was done: within the deadline, or in the last hours for what is late."""
    if fate is Fate.REPAIR_LATE:
        return now - rng.uniform(0.2, 5) * HOUR
    if fate is Fate.ENTERED_LATE:
        return received_at + rng.uniform(2, 20) * HOUR
    return received_at + rng.uniform(0.2, 0.9) * (now - received_at)


def _place(rng: random.Random, branch: str) -> str:
    area = branches()[branch].name_th.removeprefix("กปภ.สาขา")
    return f"{rng.choice(words.VILLAGES)} {rng.choice(words.STREETS)} เขตจำหน่ายน้ำ{area}"


def _text(rng: random.Random, code: str, place: str) -> str:
    sentence = rng.choice(words.TEXTS[code]).format(where=place, when=rng.choice(words.WHEN))
    return f"{sentence} {rng.choice(words.ASKS)}".strip()


def _contact(rng: random.Random, nr: int, channel: str) -> Mapping[str, str] | None:
    """Who reports; some are anonymous, some leave no phone. Numbers of a range that nobody has."""
    if channel == "patrol" or rng.random() < 0.08:
        return None
    name = f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
    contact = {"name": name, "consent": "privacy-notice-1"}
    if channel == "line":
        contact["line_id"] = f"demo-line-{nr:05d}"
    if channel in ("email", "website") and rng.random() < 0.7:
        contact["email"] = f"demo{nr:05d}@example.com"
    if channel not in ("facebook", "email") or rng.random() < 0.4:
        contact["phone"] = f"08000{nr % 100_000:05d}"
    return contact
