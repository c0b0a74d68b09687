"""Loops: a step called for ever, with rests that follow the work; and the supervision that ends all when one dies."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.db.failures import is_infrastructure
from shared.kernel.back_off import back_off

STALLED_SECONDS = 60.0
DEGRADED_AFTER_SECONDS = 30.0
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 0.2, 10.0
log = logging.getLogger(__name__)


@dataclass
class Loop:
    """One part of the process. Rests `pause` seconds after work, doubling up to `longest` while there is none.

    With a pause of 0 it goes on at once after work and rests for `longest` after a step that did nothing, or for as
    long as `until` says: a timer knows when it will be needed. Setting `wake` ends any rest.
    """

    name: str
    step: Callable[[], Awaitable[int]]
    pause: float
    longest: float
    until: Callable[[], Awaitable[float]] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    steps: int = 0
    stepped_at: float = field(default_factory=time.monotonic)
    failing_since: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Step until told to stop. The infrastructure's failures are waited out; any other ends the process."""
        rest, failures = self.pause, 0
        while not stop.is_set():
            try:
                worked = await self.step()
                rest = await self._next_rest(rest, worked)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.failing_since = self.failing_since or time.monotonic()
                failures += 1
                rest = back_off(failures, FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS)
                rest *= random.uniform(0.5, 1.0)  # noqa: S311
                log.warning(
                    "loop waits for its infrastructure", extra={"loop": self.name, "problem": type(error).__name__}
                )
            else:
                failures, self.failing_since = 0, None
            self.steps += 1
            self.stepped_at = time.monotonic()
            await self._rest(rest, stop)

    async def _next_rest(self, rest: float, worked: int) -> float:
        if worked:
            return self.pause
        if self.until is not None:
            self.wake.clear()  # what happened before this question is in its answer; what happens after wakes
            return min(await self.until(), self.longest)
        return self.longest if self.pause == 0 else min(rest * 2, self.longest)

    async def _rest(self, seconds: float, stop: asyncio.Event) -> None:
        if seconds == 0:
            await asyncio.sleep(0)
            return
        waits = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.wake.clear()

    def problems(self) -> list[str]:
        """Why this loop does not do its work, for people."""
        now = time.monotonic()
        if self.failing_since is not None and now - self.failing_since > DEGRADED_AFTER_SECONDS:
            return [f"{self.name} cannot reach what it needs"]
        if self.failing_since is None and now - self.stepped_at > self.longest + STALLED_SECONDS:
            return [f"{self.name} has not moved for {STALLED_SECONDS:.0f} s"]
        return []


class PartDied(Exception):
    """A part of the process ended; the process must end too, so that whoever supervises it starts it afresh."""


async def supervise(loops: Sequence[Loop], stop: asyncio.Event, *, patience: float = 10.0) -> None:
    """Run all loops until `stop`; raises PartDied as soon as one of them ends before that."""
    tasks = {asyncio.create_task(loop.run(stop), name=loop.name): loop for loop in loops}
    halt = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, halt], return_when=asyncio.FIRST_COMPLETED)
        dead = [] if stop.is_set() else [task for task in tasks if task.done()]
        for task in dead:
            log.critical("a part of the process died", extra={"loop": task.get_name()}, exc_info=task.exception())
        stop.set()
        unfinished = (await asyncio.wait(tasks, timeout=patience))[1] if tasks else ()  # HTTP alone has no loops
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if dead:
            raise PartDied(", ".join(task.get_name() for task in dead)) from dead[0].exception()
    finally:
        halt.cancel()
