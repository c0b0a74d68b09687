"""Waits until the other services have heard what intake did: facts travel, and the demo is faster than they are."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from services.demo.cases import Living, World
from services.demo.client import Refused

PATIENCE_SECONDS = 180
WATCHED = 8


async def settle(world: World, cases: list[Living]) -> None:
    """Until reporting, survey and sla show the last cases in the state that intake gave them."""
    watched = [case for case in cases if case.state == "resolved"][-WATCHED:] or cases[-WATCHED:]
    began_at = time.monotonic()
    for case in watched:
        while not await _is_known(world, case):
            if time.monotonic() - began_at > PATIENCE_SECONDS:
                world.stage.say("  the services are still busy with what happened: figures below may lag")
                return
            await asyncio.sleep(0.5)


async def until_timed(world: World, case_ids: Sequence[str], *, patience: float = PATIENCE_SECONDS) -> None:
    """Until intake shows what sla made of the last of these cases: a deadline, and the breach where it has passed."""
    began_at = time.monotonic()
    for case_id in case_ids[-WATCHED:]:
        while time.monotonic() - began_at < patience:
            facts = (await world.division().get(f"/intake/v1/cases/{case_id}"))["facts"]
            is_late = facts["due_at"] is not None and datetime.fromisoformat(facts["due_at"]) < world.now()
            if facts["due_at"] is not None and (facts["breached_at"] is not None or not is_late):
                break
            await asyncio.sleep(0.5)
    if time.monotonic() - began_at >= patience:
        world.stage.say("  the clocks of the last cases are still being set: the figures below lag")


async def _is_known(world: World, case: Living) -> bool:
    division = world.division(case)
    try:
        record = await division.get(f"/reporting/v1/cases/{case.id}")
        told = await division.get(f"/survey/v1/cases/{case.id}")
        clocks = await division.get(f"/sla/v1/cases/{case.id}/clocks")
    except Refused as refused:
        if refused.status != 404:
            raise
        return False
    if record["state"] != case.state:
        return False
    repair = [clock["state"] for clock in clocks["clocks"] if clock["metric"] == "resolve"]
    return case.state != "resolved" or (told["state"] == "resolved" and "stopped" in repair)
