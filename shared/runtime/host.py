"""Runs nodes in this process: loops and the HTTP server side by side, until a signal or until a part dies."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn

from shared.db.failures import is_infrastructure
from shared.kernel.back_off import back_off
from shared.runtime.loops import FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS, Loop, PartDied, supervise
from shared.runtime.node import Node
from shared.web.app import combine, create_app
from shared.web.combined import Combined
from shared.web.front import Front
from shared.web.server import server_config, shared_socket

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the host decides when everything stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Host:
    """One process: which nodes, in which roles, on which address."""

    nodes: Sequence[Node]
    roles: frozenset[str]
    address: tuple[str, int]
    keys: Mapping[str, Any] | None = None
    upkeep: Sequence[Loop] = ()
    share_port: bool = False

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None] = lambda: None) -> None:
        """Seed, subscribe, serve. Raises PartDied when something ended that should not have."""
        front, serves = Front(self._app()), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                if "http" in self.roles:
                    group.create_task(self._serve(front, stop, serves))
                else:
                    serves.set()
                if await self._begin(stop):
                    parts = group.create_task(supervise([*self.upkeep, *self._loops()], stop))
                    front.open()
                    await serves.wait()
                    on_ready()
                    await asyncio.wait([parts])
                stop.set()
        finally:
            for node in self.nodes:
                await node.close()

    def _app(self) -> Combined:
        return combine({n.service.name: create_app(n.service, n.context, keys=self.keys) for n in self.nodes})

    async def _begin(self, stop: asyncio.Event) -> bool:
        """Seed and subscribe as soon as the database answers; False when told to stop before that."""
        failures = 0
        for node in self.nodes:
            while not stop.is_set():
                try:
                    await node.begin()
                    await node.subscribe()
                    break
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    failures += 1
                    about = {"service": node.service.name, "problem": type(error).__name__}
                    log.warning("the service waits for its infrastructure", extra=about)
                    await _rest(back_off(failures, FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS), stop)
        _spare_the_collector()
        return not stop.is_set()

    def _loops(self) -> list[Loop]:
        loops = []
        for node in self.nodes:
            own = node.loops(self.roles)
            node.watch(own)
            loops += own
        return loops

    async def _serve(self, front: Front, stop: asyncio.Event, serves: asyncio.Event) -> None:
        host, port = self.address
        server = _Server(server_config(front, host, port))
        sockets = [shared_socket(host, port)] if self.share_port else None
        serving = asyncio.create_task(server.serve(sockets))
        stopping = asyncio.create_task(stop.wait())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if server.started:
            serves.set()
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        died = not stop.is_set()
        server.should_exit = True
        stopping.cancel()
        await serving
        if died:
            stop.set()
            raise PartDied("http")


async def _rest(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def _spare_the_collector() -> None:
    """What lives as long as the process is not looked at again and again, nor each request's objects at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM ask for an orderly end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def died(error: BaseException) -> str | None:
    """The names of the parts that died, from whatever group of exceptions came up."""
    if isinstance(error, PartDied):
        return str(error)
    if isinstance(error, BaseExceptionGroup):
        return next((name for each in error.exceptions if (name := died(each))), None)
    return None


__all__ = ["Host", "Loop", "died", "stop_on_signals"]
