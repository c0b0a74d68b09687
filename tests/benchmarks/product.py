"""Services in a process of their own, as `run` starts them, on a given database and (if named) Kafka."""

import asyncio
import json
import sys
from typing import Any

import httpx
import uvloop

from services.catalogue import SERVICES
from services.local import overrides
from shared.messaging.inprocess import InProcessBroker
from shared.messaging.port import Broker
from shared.observability.logs import configure_logs
from shared.runtime.host import Host, stop_on_signals
from shared.runtime.node import build


def _broker(told: dict[str, Any]) -> Broker:
    if not told["kafka"]:
        return InProcessBroker()
    from shared.messaging.kafka import KafkaBroker
    from shared.messaging.settings import KafkaSettings

    return KafkaBroker(KafkaSettings(bootstrap_servers=told["kafka"], topic_prefix=told["prefix"]))


async def main(told: dict[str, Any]) -> None:
    """Run until told to stop; writes one line when it serves."""
    configure_logs("WARNING")
    stop = asyncio.Event()
    stop_on_signals(stop)
    broker = _broker(told)
    await broker.start()
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        nodes = [
            build(
                service, told["urls"][service.name], broker, http,
                settings=service.settings(**overrides(service, told["gateways"], told["key"])),
            )
            for service in SERVICES
            if service.name in told["services"]
        ]  # fmt: skip
        address = ("127.0.0.1", told["port"])
        host = Host(nodes, frozenset(told["roles"]), address, told["keys"])
        await host.run(stop, lambda: print("serving", flush=True))  # noqa: T201 - its parent waits for it
    await broker.stop()


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.stdin.readline())))
