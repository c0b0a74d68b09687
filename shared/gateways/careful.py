"""A provider call that always ends in an outcome."""

import asyncio
from collections.abc import Awaitable

import structlog

from shared.kernel.outcome import Outcome, Unknown

log = structlog.get_logger(__name__)


async def outcome_of(call: Awaitable[Outcome], *, channel: str, seconds: float) -> Outcome:
    """Never raises: whatever goes wrong around a call leaves its outcome unknown."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except Exception as error:  # noqa: BLE001 - one letter stops nobody else's; the doubt is recorded
        log.warning("provider call failed", channel=channel, problem=type(error).__name__)
        return Unknown(f"error:{type(error).__name__}")
