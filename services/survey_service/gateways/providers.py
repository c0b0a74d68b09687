"""Hands a letter to the provider of its channel and says what became of it."""

import httpx

from services.survey_service.gateways.letter import Letter
from services.survey_service.gateways.sms import send_sms
from services.survey_service.settings import Settings
from shared.gateways.careful import outcome_of
from shared.gateways.http import Api, push_line
from shared.gateways.mail import Mailbox, send_email
from shared.kernel.outcome import Outcome


async def deliver(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    """Never raises: whatever goes wrong around a call leaves its outcome unknown."""
    patience = settings.provider_timeout_seconds * 3
    return await outcome_of(_hand_over(http, settings, letter), channel=letter.channel, seconds=patience)


async def _hand_over(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    seconds = settings.provider_timeout_seconds
    match letter.channel:
        case "sms":
            return await send_sms(http, settings, letter)
        case "line":
            return await push_line(
                http, Api(settings.line_url, settings.line_token.get_secret_value(), seconds), letter
            )
    return await send_email(_mailbox(settings), letter)


def _mailbox(settings: Settings) -> Mailbox:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return Mailbox(
        settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, password,
        settings.smtp_sender, settings.provider_timeout_seconds,
    )  # fmt: skip
