"""How a test double shall misbehave next: refuse, hang after accepting, answer slowly, answer rubbish."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trick:
    """One scripted misbehaviour, used up by one request."""

    kind: str  # fail | hang | drop | slow | garbage | hold
    status: int = 0
    seconds: float = 0.0
    retry_after: int | None = None
    hold: "Hold | None" = None


@dataclass(frozen=True)
class Hold:
    """A request that has arrived (and was accepted) but is not answered before `release()`."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        self.released.set()


class Script:
    """The queue of misbehaviours of one server; empty means: behave."""

    def __init__(self) -> None:
        self._tricks: deque[Trick] = deque()

    def take(self) -> Trick | None:
        return self._tricks.popleft() if self._tricks else None

    def clear(self) -> None:
        self._tricks.clear()

    def fail_next(self, status: int = 503, times: int = 1, retry_after: int | None = None) -> None:
        """Refuse without accepting; for SMTP the status is a reply code such as 451 or 550."""
        self._add(Trick("fail", status=status, retry_after=retry_after), times)

    def accept_then_hang(self, times: int = 1) -> None:
        """Take the message and never answer: the caller runs into its timeout."""
        self._add(Trick("hang"), times)

    def accept_then_drop(self, times: int = 1) -> None:
        """Take the message and close the connection without an answer."""
        self._add(Trick("drop"), times)

    def slow_next(self, seconds: float, times: int = 1) -> None:
        self._add(Trick("slow", seconds=seconds), times)

    def garbage_next(self, times: int = 1) -> None:
        """Take the message and answer with something that is not the protocol's language."""
        self._add(Trick("garbage"), times)

    def hold_next(self) -> Hold:
        """Take the message, answer when the test says so."""
        hold = Hold()
        self._add(Trick("hold", hold=hold), 1)
        return hold

    def _add(self, trick: Trick, times: int) -> None:
        self._tricks.extend([trick] * times)
