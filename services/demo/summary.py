"""The end of the demo: what happened, in figures read back from the services, and where to look."""

from collections import Counter
from typing import Any

from services.demo.cases import Living, World
from services.demo.client import Refused
from shared.reference import subjects

_STATES = (
    "received", "awaiting_information", "classified", "routed", "in_progress", "resolved", "answered", "cancelled",
)  # fmt: skip


async def print_day(world: World, cases: list[Living]) -> None:
    """Ask intake for every case of this run, the other services for their lists, and print what they say."""
    seen = await _read_back(world, cases)
    stage = world.stage
    stage.say()
    stage.say(f"What happened (read back from the services, {len(seen)} cases of this run):")
    states = Counter(case["state"] for case in seen)
    stage.say("  state      " + ", ".join(f"{name} {states[name]}" for name in _STATES if states[name]))
    stage.say("  channel    " + _counted(Counter(case["channel"] for case in seen)))
    stage.say("  dimension  " + _counted(Counter(case["dimension"] or "not classified" for case in seen)))
    _print_facts(world, seen)
    await _print_lists(world)
    await _print_example(world, cases, seen)


async def _read_back(world: World, cases: list[Living]) -> list[dict[str, Any]]:
    bar = world.stage.bar("reading back", len(cases))

    async def read(case: Living) -> dict[str, Any]:
        found: dict[str, Any] = await world.division(case).get(case.path)
        return found

    return await world.spread(cases, read, bar)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _print_facts(world: World, seen: list[dict[str, Any]]) -> None:
    """What intake knows of its neighbours' work on these cases."""
    facts = [case["facts"] for case in seen]
    late = sum(fact["breached_at"] is not None for fact in facts)
    rungs = Counter(fact["rung"] for fact in facts if fact["rung"])
    told = Counter(fact["told_by"] for fact in facts if fact["told_at"])
    said = [fact["satisfied"] for fact in facts if fact["satisfied"] is not None]
    called = Counter(fact["call_outcome"] for fact in facts if fact["call_outcome"])
    reopened = sum(case["cycle"] > 1 for case in seen)
    world.stage.say(f"  clocks     {sum(fact['due_at'] is not None for fact in facts)} with a deadline, {late} late")
    world.stage.say(
        "  ladder     " + (", ".join(f"rung {n}: {c}" for n, c in sorted(rungs.items())) or "nobody called upon")
    )
    world.stage.say("  told       " + (_counted(told) or "nobody yet"))
    world.stage.say("  called     " + (_counted(called) or "nobody yet"))
    world.stage.say(f"  satisfied  {sum(said)} of {len(said)} who answered; {reopened} cases reopened")


async def _print_lists(world: World) -> None:
    division, stage = world.division(), world.stage
    follow_ups = await division.pages("/escalation/v1/follow-ups", most=2000)
    queue = await division.pages("/intake/v1/cases", most=2000, queue="head_office")
    ois = await world.product.staff("ois", subject="demo-ois").get("/reporting/v1/ois/status")
    packs = await division.pages("/reporting/v1/packs", most=10)
    stage.say(f"  follow-ups {_up_to(follow_ups)} on the list of กสส., {_up_to(queue)} in the head-office queue")
    stage.say(f"  OIS        {ois['accepted']} accepted, {ois['rejected']} rejected, {ois['missing']} not yet seen")
    deliveries: Counter[str] = Counter()
    for pack in packs:
        found = await division.get(f"/reporting/v1/packs/{pack['id']}")
        deliveries.update(each["state"] for each in found["deliveries"])
    if packs:
        stage.say(f"  packs      {len(packs)} of {packs[0]['day']}: " + (_counted(deliveries) or "no recipients"))
    await _print_indicators(world)


def _up_to(found: list[Any], most: int = 2000) -> str:
    return f"{len(found)}{' or more' if len(found) >= most else ''}"


async def _print_indicators(world: World) -> None:
    """The quarter's indicators, as published in its newest edition."""
    published = await world.division().pages("/reporting/v1/reports/quarterly", most=200)
    if not published:
        return
    newest = max(published, key=lambda line: line["published_at"])
    content = (await world.division().get(f"/reporting/v1/reports/{newest['id']}"))["content"]
    world.stage.say(f"  quarter    {newest['label']}, edition {newest['edition']} (all cases, not only this run's):")
    for indicator in content["figures"]["indicators"]:
        world.stage.say(f"    {indicator['id']}  {_short(indicator)}")


def _short(indicator: dict[str, Any]) -> str:
    value, headline = indicator["value"], indicator.get("headline") or {}
    if value is None:
        return "no answers yet"
    counted = f", n = {headline['n']}" if "n" in headline else ""
    return f"{value:.2f}, target {indicator['target']}{counted}  {indicator['title_th']}"


async def _print_example(world: World, cases: list[Living], seen: list[dict[str, Any]]) -> None:
    """One late case from end to end, and the addresses of the rest."""
    by_id = {case.id: case for case in cases}
    late = [case for case in seen if case["facts"]["rung"] and case["id"] in by_id]
    shown = by_id[(late or seen)[0]["id"]] if seen else None
    base, stage = world.product.endpoints, world.stage
    stage.say()
    stage.say("Where to look (a token: make -s token ROLE=complaints_division):")
    for name, path in _PLACES:
        stage.say(f"  {base[path.split('/')[1]]}{path:<44} {name}")
    if shown is None:
        return
    try:
        timeline = await world.division(shown).pages(f"{shown.path}/timeline", most=200)
    except Refused:
        return
    subject = subjects()[shown.planned.subject].subject_th
    stage.say()
    stage.say(f"One case: {shown.number}  {subject}  {base['intake']}{shown.path}")
    for entry in timeline:
        stage.say(f"  {entry['at'][:16].replace('T', ' ')}  {entry['entry']}")


_PLACES = (
    ("cases, newest first", "/intake/v1/cases"),
    ("today's count board", "/intake/v1/counts"),
    ("missed deadlines", "/sla/v1/breaches"),
    ("the follow-up list of กสส.", "/escalation/v1/follow-ups"),
    ("notices to customers", "/survey/v1/notices"),
    ("calls that are still to be made", "/survey/v1/calls"),
    ("samples", "/survey/v1/samples"),
    ("packs of the regions", "/reporting/v1/packs"),
    ("quarterly reports", "/reporting/v1/reports/quarterly"),
    ("September evaluations", "/reporting/v1/evaluations"),
    ("what OIS has and has not", "/reporting/v1/ois/status"),
)
