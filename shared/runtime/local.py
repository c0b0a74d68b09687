"""The product on one machine: embedded PostgreSQL, and either one process or one per service with Kafka."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import httpx

from shared.db.embedded import EmbeddedPostgres
from shared.db.maintenance import maintain
from shared.db.migrate import OWNER, upgrade
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.host import Host, stop_on_signals
from shared.runtime.loops import Loop, PartDied
from shared.runtime.node import ROLES, build
from shared.runtime.service import Service
from shared.runtime.settings import ROOT, RuntimeSettings
from shared.web.dev_issuer import DevIssuer

Configure = Callable[[Service], Any]


def postgres(settings: RuntimeSettings, *, apart: bool = False) -> EmbeddedPostgres:
    """The embedded server of this checkout; one of its own for the processes on Kafka.

    What Kafka has taken over leaves a publisher's outbox before the others have consumed it: in one process, where no
    log stands between them, it would never reach them.
    """
    return EmbeddedPostgres(settings.data / ("postgres-kafka" if apart else "postgres"))


async def migrate_all(server: EmbeddedPostgres, services: Sequence[Service]) -> None:
    """All schemas to their newest revision, as the owner."""
    for service in services:
        await upgrade(server.url(OWNER), service.name, service.migrations)


def write_endpoints(settings: RuntimeSettings, endpoints: Mapping[str, str]) -> None:
    """Leave word where each service answers."""
    settings.run.mkdir(parents=True, exist_ok=True)
    fresh = settings.endpoints_file.with_suffix(".new")
    fresh.write_text(json.dumps(dict(endpoints), indent=1), encoding="utf-8")
    fresh.replace(settings.endpoints_file)


async def run_together(
    services: Sequence[Service], settings: RuntimeSettings, configure: Configure, on_ready: Callable[[], None]
) -> None:
    """Everything in this process; the database server is already running."""
    server = postgres(settings)
    stop = asyncio.Event()
    stop_on_signals(stop)
    await asyncio.to_thread(server.start)
    try:
        await migrate_all(server, services)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            broker = InProcessBroker()
            nodes = [
                build(
                    service, server.url(f"pwa_{service.name}"), broker, http,
                    settings=configure(service), pool_size=settings.pool_size,
                )
                for service in services
            ]  # fmt: skip
            base = f"http://{settings.host}:{settings.port}"

            def ready() -> None:
                write_endpoints(settings, {service.name: base for service in services})
                on_ready()

            async def upkeep() -> int:
                for service in services:
                    await maintain(server.url(OWNER), service.name)
                return 0

            keys = DevIssuer(settings.issuer_file).jwks()

            async def watch() -> int:
                if not server.running:
                    raise PartDied("postgres")
                return 0

            loops = [Loop("upkeep", upkeep, 0.0, 86_400.0), Loop("postgres", watch, 0.0, 1.0)]
            await Host(nodes, ROLES, (settings.host, settings.port), keys, loops).run(stop, ready)
    finally:
        await asyncio.to_thread(server.stop)


class Processes:
    """Child processes that end with their parent's word, by their ids."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, name: str, module: str, environment: Mapping[str, str]) -> None:
        command = (sys.executable, "-m", module, "run")
        self._running[name] = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True
        )

    async def first_to_end(self) -> str:
        """The name of the process that ends first."""
        waits = {asyncio.create_task(process.wait()): name for name, process in self._running.items()}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return waits[done.pop()]

    async def stop(self) -> None:
        alive = [process for process in self._running.values() if process.returncode is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        for process in alive:
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()


async def _answers(url: str, http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


async def run_apart(
    services: Sequence[Service],
    settings: RuntimeSettings,
    environment: Callable[[Service], Mapping[str, str]],
    on_ready: Callable[[], None],
) -> None:
    """Kafka, PostgreSQL and a process per service, on the ports from `settings.port` on."""
    from shared.messaging.local_kafka import LocalKafka

    stop = asyncio.Event()
    stop_on_signals(stop)
    server, kafka, processes = postgres(settings, apart=True), LocalKafka(settings.data / "kafka" / "node"), Processes()
    issuer = DevIssuer(settings.issuer_file)
    with ExitStack() as ends:
        await asyncio.to_thread(server.start)
        ends.callback(server.stop)
        if kafka.pid is None:
            ends.callback(kafka.stop)
        await asyncio.to_thread(kafka.start)
        await migrate_all(server, services)
        endpoints = {service.name: f"http://{settings.host}:{settings.port + n}" for n, service in enumerate(services)}
        try:
            for number, service in enumerate(services):
                own = {
                    "DATABASE_URL": server.url(f"pwa_{service.name}"),
                    "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
                    "PWA_PORT": str(settings.port + number),
                    "PWA_AUTH_JWKS_FILE": str(issuer.jwks_file),
                }
                await processes.start(service.name, f"services.{service.name}_service", {**own, **environment(service)})

            def ready() -> None:
                write_endpoints(settings, endpoints)
                on_ready()

            await _serve_until(stop, processes, endpoints, ready)
        finally:
            await processes.stop()


async def _serve_until(
    stop: asyncio.Event, processes: Processes, endpoints: Mapping[str, str], ready: Callable[[], None]
) -> None:
    halt, ended = asyncio.create_task(stop.wait()), asyncio.create_task(processes.first_to_end())
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        waiting = set(endpoints.values())
        while waiting and not halt.done() and not ended.done():
            waiting = {url for url in waiting if not await _answers(url, http)}
            await asyncio.sleep(0.1)
    if not waiting:
        ready()
    await asyncio.wait([halt, ended], return_when=asyncio.FIRST_COMPLETED)
    died = None if halt.done() else ended.result()
    halt.cancel()
    ended.cancel()
    if died:
        raise SystemExit(f"the {died} service ended; stopping the others")


__all__ = ["migrate_all", "postgres", "run_apart", "run_together", "write_endpoints"]
