"""Hands a letter to the provider of its means and says what became of it."""

from collections.abc import Sequence
from datetime import datetime

import httpx

from services.escalation_service.settings import EscalationSettings
from shared.gateways.careful import outcome_of
from shared.gateways.http import Api, call_webhook, push_line
from shared.gateways.letter import Letter
from shared.gateways.mail import Mailbox, send_email
from shared.kernel.outcome import Outcome


def configured(settings: EscalationSettings) -> Sequence[str]:
    """The means that this installation has."""
    has = {
        "email": bool(settings.smtp_host),
        "line": bool(settings.line_url),
        "webhook": bool(settings.webhook_secret.get_secret_value()),
    }
    return [means for means, here in has.items() if here]


async def deliver(http: httpx.AsyncClient, settings: EscalationSettings, letter: Letter, at: datetime) -> Outcome:
    """Never raises: whatever goes wrong around a call leaves its outcome unknown."""
    patience = settings.provider_timeout_seconds * 3
    return await outcome_of(_hand_over(http, settings, letter, at), channel=letter.channel, seconds=patience)


async def _hand_over(http: httpx.AsyncClient, settings: EscalationSettings, letter: Letter, at: datetime) -> Outcome:
    seconds = settings.provider_timeout_seconds
    match letter.channel:
        case "line":
            line = Api(settings.line_url, settings.line_token.get_secret_value(), seconds)
            return await push_line(http, line, letter)
        case "webhook":
            secret = settings.webhook_secret.get_secret_value()
            return await call_webhook(http, secret, letter, at, seconds=seconds)
    return await send_email(_mailbox(settings), letter)


def _mailbox(settings: EscalationSettings) -> Mailbox:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return Mailbox(
        settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, password,
        settings.smtp_sender, settings.provider_timeout_seconds,
    )  # fmt: skip
