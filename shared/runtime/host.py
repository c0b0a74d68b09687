"""Runs nodes in this process: loops and the HTTP server side by side, until a signal or until a part dies."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import uvicorn

from shared.runtime.loops import Loop, PartDied, supervise
from shared.runtime.node import Node
from shared.web.app import combine, create_app
from shared.web.server import server_config, shared_socket


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
        for node in self.nodes:
            await node.begin()
            await node.subscribe()
        _spare_the_collector()
        loops = {node.service.name: node.loops(self.roles) for node in self.nodes}
        for node in self.nodes:
            node.watch(loops[node.service.name])
        try:
            async with asyncio.TaskGroup() as group:
                parts = group.create_task(supervise([*self.upkeep, *chain.from_iterable(loops.values())], stop))
                if "http" in self.roles:
                    group.create_task(self._serve(stop, on_ready))
                else:
                    on_ready()
                await asyncio.wait([parts])
                stop.set()
        finally:
            for node in self.nodes:
                await node.close()

    async def _serve(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        app = combine({n.service.name: create_app(n.service, n.context, keys=self.keys) for n in self.nodes})
        host, port = self.address
        server = _Server(server_config(app, host, port))
        sockets = [shared_socket(host, port)] if self.share_port else None
        serving = asyncio.create_task(server.serve(sockets))
        stopping = asyncio.create_task(stop.wait())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if server.started:
            on_ready()
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        died = not stop.is_set()
        server.should_exit = True
        stopping.cancel()
        await serving
        if died:
            stop.set()
            raise PartDied("http")


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
