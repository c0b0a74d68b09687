"""A token bucket per client, in this process: for the pages that anybody may open."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from fastapi import Request

from shared.observability import metrics
from shared.web.problems import Rejection


class RateLimit:
    """A dependency: `Depends(RateLimit("tracking", per_minute=30))`. 429 with Retry-After when a bucket is empty."""

    def __init__(
        self, name: str, *, per_minute: int, burst: int | None = None, clients: int = 20_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name = name
        self.rate = per_minute / 60
        self.burst = float(burst or per_minute)
        self.clients = clients
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, request: Request) -> None:
        self.take(request.client.host if request.client else "unknown")

    def take(self, client: str) -> None:
        """One token from the client's bucket. Raises Rejection 429."""
        now = self._monotonic()
        tokens, at = self._buckets.pop(client, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > self.clients:
            self._buckets.popitem(last=False)
        if not allowed:
            metrics.RATE_LIMITED.labels(self.name).inc()
            wait = str(max(1, ceil((1 - tokens) / self.rate)))
            raise Rejection(
                429, "too_many_requests", "Too many requests. Try again later.", headers={"Retry-After": wait}
            )
