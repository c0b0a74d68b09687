"""Grouped commits: requests that wait at the same moment share one transaction (reliability.md)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class GroupCommit(Generic[Request, Answer]):
    """Collects requests while a group is being written, then writes the next group in one go.

    `write` gets the waiting requests and returns one answer or exception for each, in order, after its commit;
    what it raises is raised to every request of the group. At most `writers` groups are written at a time.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Request]], Awaitable[Sequence[Answer | Exception]]],
        *,
        largest: int = 64,
        writers: int = 1,
    ) -> None:
        self._write = write
        self._largest = largest
        self._writers = writers
        self._busy: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[Request, asyncio.Future[Answer]]] = []

    async def submit(self, request: Request) -> Answer:
        """Wait for the group that carries this request; raises what `write` gave for it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if len(self._busy) < self._writers:
            task = asyncio.create_task(self._drain())
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        # A caller that goes away must not take the others' group with it.
        return await asyncio.shield(future)

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            await self._settle(group)

    async def _settle(self, group: list[tuple[Request, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._write([request for request, _ in group])
        except Exception as error:  # noqa: BLE001 - handed on to every waiting request
            for _, future in group:
                if not future.cancelled():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if future.cancelled():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
