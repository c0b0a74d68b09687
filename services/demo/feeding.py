"""`--tickets FILE`: every line of a file of public tickets goes through intake, or is refused with its reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.demo.cases import World
from services.demo.client import Answer, Refused, Staff, spread
from services.demo.settling import PATIENCE_SECONDS, until_timed
from services.demo.tickets import Ticket, Unreadable, map_times, read_lines, receipt, subject_of


@dataclass(frozen=True)
class Fed:
    """What became of one ticket."""

    ticket: Ticket
    result: Answer | Refused


async def feed(world: World, file: Path, *, patience: float = PATIENCE_SECONDS) -> list[Fed]:
    """Post all tickets of the file in the order of their receipt; prints what was accepted and what was not."""
    with file.open(encoding="utf-8-sig") as lines:
        tickets, refused = read_lines(lines)
    timed = sorted(zip(tickets, map_times(tickets, world.now()), strict=True), key=lambda pair: pair[1])
    bar = world.stage.bar(f"tickets of {file.name} through intake", len(timed))
    who = world.product.staff("intake_officer", "HQ", subject="demo-traffy-adapter")

    async def post(pair: tuple[Ticket, datetime]) -> Answer:
        return await who.post("/intake/v1/cases", receipt(*pair))

    results = await spread(timed, post, tick=bar.tick)
    bar.finish()
    fed = [Fed(ticket, result) for (ticket, _), result in zip(timed, results, strict=True)]
    _print(world, fed, refused)
    ids = [each.result.body["id"] for each in fed if isinstance(each.result, Answer)]
    await until_timed(world, ids, patience=patience)
    await _read_back(world, ids, who)
    return fed


def _print(world: World, fed: Sequence[Fed], unreadable: Sequence[Unreadable]) -> None:
    say = world.stage.say
    statuses = Counter(each.result.status for each in fed if isinstance(each.result, Answer))
    refusals = [(f"line {each.line}", each.reason) for each in unreadable]
    refusals += [
        (f"ticket {each.ticket.reference}", str(each.result)) for each in fed if isinstance(each.result, Refused)
    ]
    lines = len(fed) + len(unreadable)
    say()
    say(f"Of {lines} lines: {statuses[201]} accepted, {statuses[200]} known already, {len(refusals)} refused")
    for reason, count in Counter(reason for _, reason in refusals).most_common():
        say(f"  {count} refused: {reason}")
    for place, reason in refusals[:20]:
        say(f"    {place}: {reason}")
    sure = sum(subject_of(each.ticket) is not None for each in fed)
    say(f"  {sure} with a subject that is sure; the rest waits for a person")


async def _read_back(world: World, ids: Sequence[str], who: Staff) -> None:
    """Where the cases are now, asked of intake one by one."""
    bar = world.stage.bar("reading back", len(ids))

    async def read(case_id: str) -> tuple[str, str, bool]:
        case = await who.get(f"/intake/v1/cases/{case_id}")
        return case["office"], case["state"], case["facts"]["breached_at"] is not None

    found = await world.spread(ids, read, bar)
    for (office, state, is_late), count in sorted(Counter(found).items()):
        queue = "in the head-office queue" if office == "HQ" else f"at {office}"
        world.stage.say(f"  {count} {state}, {queue}{', past the deadline' if is_late else ''}")
    endpoint = world.product.endpoints["intake"]
    world.stage.say(f"  see {endpoint}/intake/v1/cases?queue=head_office&channel=traffy_fondue")
