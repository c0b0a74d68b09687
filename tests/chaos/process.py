"""A process of the product that may die at a named point and be started again on the same data."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.kernel.faults import EXIT_CODE

PATIENCE = 180.0  # for a machine with two slow cores that has other things to do


@dataclass
class Process:
    """What it is told is read by `victim`; what it says goes to the log."""

    told: dict[str, Any]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    running: asyncio.subprocess.Process | None = None
    _listening: "asyncio.Task[None] | None" = None

    async def start(self, fault: str = "") -> None:
        """Returns when it serves. Armed with `point:n` it will die at the n-th visit of that point."""
        told = {"VICTIM": json.dumps(self.told), "PWA_FAULT": fault}
        with self.log.open("ab") as log:
            self.running = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.victim", stdout=asyncio.subprocess.PIPE, stderr=log,
                env={**os.environ, **self.environment, **told},
            )  # fmt: skip
        assert self.running.stdout is not None
        line = await asyncio.wait_for(self.running.stdout.readline(), PATIENCE)
        assert line == b"serving\n", self.log.read_text()[-2000:]
        self._listening = asyncio.create_task(self._listen(self.running.stdout))

    async def _listen(self, said: asyncio.StreamReader) -> None:
        """What it prints goes to the log: a pipe that nobody reads would stop it when it is full."""
        while line := await said.readline():
            with self.log.open("ab") as log:
                log.write(line)

    @property
    def is_gone(self) -> bool:
        return self.running is not None and self.running.returncode is not None

    async def died_at_its_point(self) -> bool:
        """Waits for its end."""
        assert self.running is not None
        return await asyncio.wait_for(self.running.wait(), PATIENCE) == EXIT_CODE

    async def stop(self) -> None:
        if self.running is not None and self.running.returncode is None:
            self.running.kill()
            await self.running.wait()
        if self._listening is not None:
            await self._listening
