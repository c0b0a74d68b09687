"""The services that have an address, as a process of their own, on a database and (if named) a Kafka of the test."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx
import uvloop

from services.catalogue import SERVICES
from services.local import overrides
from shared.messaging.inprocess import InProcessBroker
from shared.messaging.port import Broker
from shared.runtime.host import Host, stop_on_signals
from shared.runtime.node import ROLES, build


def _broker(told: dict[str, Any]) -> Broker:
    if not told["kafka"]:
        return InProcessBroker()
    from shared.messaging.kafka import KafkaBroker
    from shared.messaging.settings import KafkaSettings

    return KafkaBroker(KafkaSettings.for_tests(told["kafka"], told["prefix"]))


def announce() -> None:
    """Tell the test that the product answers."""
    sys.stdout.write("serving\n")
    sys.stdout.flush()


async def main() -> None:
    """Run until killed, or until a fault point does it; writes one line when it serves."""
    told = json.loads(os.environ["VICTIM"])
    stop = asyncio.Event()
    stop_on_signals(stop)
    broker = _broker(told)
    await broker.start()
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        nodes = [
            build(
                service, told["urls"][service.name], broker, http, pool_size=4,
                settings=service.settings(**overrides(service, told["gateways"], told["key"])),
            )
            for service in SERVICES
            if service.name in told["urls"]
        ]  # fmt: skip
        host = Host(nodes, frozenset(told.get("roles", ROLES)), ("127.0.0.1", told["port"]), told["keys"])
        await host.run(stop, announce)
    await broker.stop()


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
