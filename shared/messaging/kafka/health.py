"""What one process knows about its broker: when it answered last, which topics are missing."""

import logging
import time
from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)


class Health:
    """Shared by the producers and consumers of one process; turns what they meet into reasons to be degraded."""

    def __init__(self, away_after: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._away_after = away_after
        self._monotonic = monotonic
        self._away_since: float | None = None
        self._cause = ""
        self._missing: frozenset[str] = frozenset()
        self._quiet_until = 0.0

    def answered(self) -> None:
        if self._away_since is not None:
            logger.info("kafka answers again")
        self._away_since = None

    def failed(self, error: BaseException) -> None:
        """Note a failure; log it at most once in 30 seconds."""
        self._cause = type(error).__name__
        now = self._monotonic()
        if self._away_since is None:
            self._away_since = now
        if now >= self._quiet_until:
            self._quiet_until = now + 30
            logger.warning("kafka does not answer (%s)", self._cause)

    def topics_missing(self, names: Iterable[str]) -> None:
        missing = frozenset(names)
        for name in missing - self._missing:
            logger.error("topic %s is missing on the broker", name)
        self._missing = missing

    def problems(self) -> list[str]:
        reasons = [f"topic {name} is missing on the broker" for name in sorted(self._missing)]
        if self._away_since is not None:
            away = self._monotonic() - self._away_since
            if away >= self._away_after:
                reasons.append(f"kafka has been away for {away:.0f} s ({self._cause})")
        return reasons
