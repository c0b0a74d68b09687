"""Hands a letter to the provider of its channel and says what became of it."""

import asyncio

import httpx
import structlog

from services.survey_service.domain.outcome import Outcome, Unknown
from services.survey_service.gateways.http import push_line, send_sms
from services.survey_service.gateways.letter import Letter
from services.survey_service.gateways.mail import send_email
from services.survey_service.settings import Settings

log = structlog.get_logger(__name__)


async def deliver(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    """Never raises: whatever goes wrong around a call leaves its outcome unknown."""
    try:
        async with asyncio.timeout(settings.provider_timeout_seconds * 3):
            return await _hand_over(http, settings, letter)
    except Exception as error:  # noqa: BLE001 - one letter stops nobody else's; the doubt is recorded
        log.warning("provider call failed", channel=letter.channel, problem=type(error).__name__)
        return Unknown(f"error:{type(error).__name__}")


async def _hand_over(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    match letter.channel:
        case "sms":
            return await send_sms(http, settings, letter)
        case "line":
            return await push_line(http, settings, letter)
    return await send_email(settings, letter)
