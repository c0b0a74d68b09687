"""Quiet hours: when a message may not be sent, by urgency."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from shared.kernel.clock import BANGKOK


@dataclass(frozen=True)
class QuietHours:
    """From `begins` until `ends` (Bangkok) nobody is disturbed; the window may cross midnight."""

    begins: time
    ends: time

    def allowed_from(self, at: datetime) -> datetime:
        """The first instant at or after `at` at which a message may go."""
        local = at.astimezone(BANGKOK)
        clock = local.time()
        if self.begins <= self.ends:
            inside, rolls_over = self.begins <= clock < self.ends, False
        else:
            inside, rolls_over = clock >= self.begins or clock < self.ends, clock >= self.begins
        if not inside:
            return at
        day = local.date() + timedelta(days=1 if rolls_over else 0)
        return datetime.combine(day, self.ends, BANGKOK).astimezone(UTC)
