"""What the demo prints while it runs: a line per step, filling up."""

import sys
import time
from dataclasses import dataclass, field

from services.demo.client import Refused

_WIDTH = 30


@dataclass
class Stage:
    """The running account on the terminal, and everything that was refused against expectation."""

    began_at: float = field(default_factory=time.monotonic)
    problems: list[str] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def bar(self, label: str, total: int) -> "Bar":
        return Bar(label, total)

    def check(self, results: list[object]) -> list[object]:
        """The results without refusals; those are kept for the end."""
        self.problems += [str(result) for result in results if isinstance(result, Refused)]
        return [result for result in results if not isinstance(result, Refused)]

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began_at


@dataclass
class Bar:
    """One step: drawn in place on a terminal, once at its end elsewhere."""

    label: str
    total: int
    done: int = 0
    is_over: bool = False

    def tick(self) -> None:
        self.add(1)
        if self.done == self.total:
            self.finish()

    def add(self, count: int) -> None:
        self.done += count
        if sys.stdout.isatty():
            self._draw("\r")

    def finish(self) -> None:
        """The step is over, with as much as was done."""
        if self.is_over:
            return
        self.is_over = True
        self._draw("\r" if sys.stdout.isatty() else "")
        sys.stdout.write("\n")
        sys.stdout.flush()

    def _draw(self, start: str) -> None:
        filled = _WIDTH * self.done // max(self.total, 1)
        bar = "#" * filled + "." * (_WIDTH - filled)
        sys.stdout.write(f"{start}  {self.label:<52} [{bar}] {self.done}/{self.total}")
        sys.stdout.flush()
