"""Calls to customers and runs of reports, for the journeys that need answers and figures."""

from typing import Any

import httpx

from shared.testing.system import System

PLEASED = {"channel_convenience": 5, "channel_variety": 4, "speed": 5, "repair": 5, "fixed": True}


async def answer_call(system: System, case_id: str, **answers: Any) -> None:
    """Somebody calls the customer of this case and notes the answers."""
    caller = system.api("survey_caller", subject="nid")
    call = await claim(caller, case_id)
    noted = await caller.post(f"/survey/v1/calls/{call}/answers", json={**PLEASED, **answers})
    assert noted.status_code == 201, noted.text
    await system.drain()


async def try_in_vain(system: System, case_id: str, outcome: str) -> None:
    caller = system.api("survey_caller", subject="nid")
    call = await claim(caller, case_id)
    noted = await caller.post(f"/survey/v1/calls/{call}/attempts", json={"outcome": outcome})
    assert noted.status_code == 201, noted.text
    await system.drain()


async def claim(caller: httpx.AsyncClient, case_id: str) -> str:
    """Calls are given out oldest first: take them until it is this case's."""
    while True:
        given = await caller.post("/survey/v1/calls/claim", json={})
        assert given.status_code == 200, given.text
        call: dict[str, str] = given.json()
        if call["case_id"] == case_id:
            return call["id"]


async def run(system: System, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask reporting for long work, let it be done, and give its result."""
    asked = await client.post(f"/reporting/v1/{path}", json=body)
    assert asked.status_code == 202, asked.text
    await system.drain()
    ended = (await client.get(asked.headers["Location"])).json()
    assert ended["state"] == "done", ended
    result: dict[str, Any] = ended["result"]
    return result
