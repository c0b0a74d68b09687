"""A sender in a process of its own, to be killed at a fault point: arguments are URL, settings (JSON) and the time."""

import asyncio
import json
import sys
from datetime import datetime

import httpx

from services.escalation_service.jobs import bundle_messages, send_mailings
from services.escalation_service.service import SERVICE
from services.escalation_service.settings import EscalationSettings
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.node import build


async def send(url: str, settings: str, now: str) -> None:
    clock = ManualClock(datetime.fromisoformat(now))
    async with httpx.AsyncClient(trust_env=False) as http:
        configured = EscalationSettings(**json.loads(settings))
        node = build(SERVICE, url, InProcessBroker(), http, clock=clock, settings=configured)
        await bundle_messages(node.context)
        await send_mailings(node.context)
        await node.close()


if __name__ == "__main__":
    asyncio.run(send(*sys.argv[1:]))
