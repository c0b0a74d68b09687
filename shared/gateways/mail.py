"""E-mail over SMTP: until the end of DATA nothing is accepted; without an answer to it nobody knows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from shared.gateways.letter import Letter
from shared.kernel.outcome import Accepted, Failed, Outcome, Refused, Unknown

_LONGEST_ID = 200


@dataclass(frozen=True)
class Mailbox:
    """The mail server and the sender's address."""

    host: str
    port: int
    tls: bool  # from the first byte
    user: str | None
    password: str | None
    sender: str
    seconds: float


async def send_email(mailbox: Mailbox, letter: Letter) -> Outcome:
    """One message; its Message-ID is the same for every attempt, so that mail programs see one."""
    message = written(mailbox, letter)
    client = aiosmtplib.SMTP(
        hostname=mailbox.host, port=mailbox.port, use_tls=mailbox.tls, start_tls=None, timeout=mailbox.seconds
    )
    try:
        refused = await _envelope(client, mailbox, letter.address)
        if refused is not None:
            return refused
        return await _data(client, message)
    finally:
        client.close()


async def _envelope(client: aiosmtplib.SMTP, mailbox: Mailbox, address: str) -> Outcome | None:
    """Everything before the text. None when the server wants the text."""
    try:
        await client.connect()
        if mailbox.user and mailbox.password:
            await client.login(mailbox.user, mailbox.password)
        await client.mail(mailbox.sender)
        await client.rcpt(address)
    except aiosmtplib.SMTPResponseException as error:
        return _refusal(error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Failed(f"no_connection:{type(error).__name__}")
    return None


async def _data(client: aiosmtplib.SMTP, message: EmailMessage) -> Outcome:
    try:
        said = await client.data(message.as_bytes())
    except aiosmtplib.SMTPResponseException as error:
        return _refusal(error) if 400 <= error.code <= 599 else Unknown("garbage")
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Unknown(f"no_answer:{type(error).__name__}")
    return Accepted(" ".join(said.message.split())[:_LONGEST_ID] or None)


def _refusal(error: aiosmtplib.SMTPResponseException) -> Outcome:
    reason = f"smtp_{error.code}"
    return Refused(reason) if 500 <= error.code <= 599 else Failed(reason)


def written(mailbox: Mailbox, letter: Letter) -> EmailMessage:
    """The message with a plain and an HTML part; header texts have no line ends left."""
    _, sender = parseaddr(mailbox.sender)
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
