"""Where 'now' comes from: the database in production, a hand-moved clock in tests."""

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BANGKOK = ZoneInfo("Asia/Bangkok")


class Clock(Protocol):
    """Gives the instant that `Tx.now` shall hold; the database's clock is used where there is none."""

    def now(self) -> datetime: ...


class ManualClock:
    """A clock that stands still until it is moved (tests)."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        self._at += by
        return self._at
