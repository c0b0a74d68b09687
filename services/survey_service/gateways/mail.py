"""E-mail over SMTP: until the end of DATA nothing is accepted; without an answer to it nobody knows."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from services.survey_service.domain.outcome import Accepted, Failed, Outcome, Refused, Unknown
from services.survey_service.gateways.letter import Letter
from services.survey_service.settings import Settings


async def send_email(settings: Settings, letter: Letter) -> Outcome:
    """One message; its Message-ID is the same for every attempt, so that mail programs see one."""
    message = written(settings, letter)
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        use_tls=settings.smtp_tls,
        start_tls=None,
        timeout=settings.provider_timeout_seconds,
    )
    try:
        refused = await _envelope(client, settings, letter.address)
        if refused is not None:
            return refused
        return await _data(client, message)
    finally:
        client.close()


async def _envelope(client: aiosmtplib.SMTP, settings: Settings, address: str) -> Outcome | None:
    """Everything before the text. None when the server wants the text."""
    try:
        await client.connect()
        if settings.smtp_user and settings.smtp_password:
            await client.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        await client.mail(settings.smtp_sender)
        await client.rcpt(address)
    except aiosmtplib.SMTPResponseException as error:
        return _refusal(error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Failed(f"no_connection:{type(error).__name__}")
    return None


async def _data(client: aiosmtplib.SMTP, message: EmailMessage) -> Outcome:
    try:
        await client.data(message.as_bytes())
    except aiosmtplib.SMTPResponseException as error:
        return _refusal(error) if 400 <= error.code <= 599 else Unknown("garbage")
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Unknown(f"no_answer:{type(error).__name__}")
    return Accepted()


def _refusal(error: aiosmtplib.SMTPResponseException) -> Outcome:
    reason = f"smtp_{error.code}"
    return Refused(reason) if 500 <= error.code <= 599 else Failed(reason)


def written(settings: Settings, letter: Letter) -> EmailMessage:
    """The message with a plain and an HTML part; header texts have no line ends left."""
    _, sender = parseaddr(settings.smtp_sender)
    message = EmailMessage()
    message["From"] = Address("การประปาส่วนภูมิภาค", addr_spec=sender)
    message["To"] = letter.address
    message["Subject"] = " ".join(letter.text.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter.delivery_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text.plain)
    message.add_alternative(letter.text.html, subtype="html")
    return message
