"""How a pack leaves the house: as an e-mail with attachments, or as a signed webhook; no transaction is open."""

import re
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import httpx

from services.reporting_service.domain import delivery
from services.reporting_service.domain.canonical import canonical
from services.reporting_service.domain.delivery import REFUSED, RETRY, UNKNOWN, Outcome
from services.reporting_service.domain.pack import as_csv, letter
from shared.kernel.webhooks import sign

_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>]+")


def receipt(text: str) -> str:
    """What the other side said, short, printable and without addresses."""
    printable = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return _ADDRESS.sub("(address)", printable)[:300]


async def send(sent: Any, http: httpx.AsyncClient, settings: Any, at: datetime) -> Outcome:
    """One attempt; whatever happens comes back as an outcome: one delivery never stops the others."""
    try:
        ready = _ready(sent, http, settings, at)
    except Exception as problem:  # noqa: BLE001 - one delivery stops nobody else's; nothing was sent
        return Outcome(REFUSED, None, f"cannot be sent: {type(problem).__name__}")
    try:
        return await (_post(ready, http) if isinstance(ready, httpx.Request) else _mail(ready, settings))
    except Exception as problem:  # noqa: BLE001 - one delivery stops nobody else's; the doubt is recorded
        return Outcome(UNKNOWN, None, type(problem).__name__)


def _ready(sent: Any, http: httpx.AsyncClient, settings: Any, at: datetime) -> httpx.Request | EmailMessage:
    if sent.channel == "webhook":
        return _request(sent, http, settings, at)
    return _message(sent, settings.smtp_sender)


def _request(sent: Any, http: httpx.AsyncClient, settings: Any, at: datetime) -> httpx.Request:
    told = {"pack_id": str(sent.pack_id), "sha256": sent.sha256, "pack": sent.content}
    body = canonical({"type": "pwa.pack.ready.v1", "timestamp": at.isoformat(), "data": told}).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    headers |= sign(sent.secret or "", f"dlv_{sent.id}", at, body)
    timeout = settings.send_timeout.total_seconds()
    return http.build_request("POST", sent.address, content=body, headers=headers, timeout=timeout)


async def _post(request: httpx.Request, http: httpx.AsyncClient) -> Outcome:
    """The receiver knows a repeat by its webhook-id: an unknown outcome may be tried again."""
    try:
        answer = await http.send(request, follow_redirects=False)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Outcome(REFUSED, None, "the address is not one that can be called")
    except httpx.HTTPError as problem:
        return Outcome(RETRY, None, type(problem).__name__)
    return Outcome(delivery.of_http(answer.status_code), answer.status_code, receipt(answer.text[:1000]))


def _message(sent: Any, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, sent.address
    message["Subject"] = sent.content["th"]["title"]
    message["Message-ID"] = f"<{sent.id}@complaints.pwa>"
    message.set_content(letter(sent.content, sent.sha256))
    name = f"pack-R{sent.region:02d}-{sent.day}"
    body = canonical(sent.content).encode()
    message.add_attachment(body, maintype="application", subtype="json", filename=f"{name}.json")
    table = as_csv(sent.content).encode()
    message.add_attachment(table, maintype="text", subtype="csv", filename=f"{name}.csv")
    return message


async def _mail(message: EmailMessage, settings: Any) -> Outcome:
    timeout = settings.send_timeout.total_seconds()
    server = aiosmtplib.SMTP(
        hostname=settings.smtp_host, port=settings.smtp_port, use_tls=settings.smtp_tls, timeout=timeout
    )
    try:
        await server.connect()
        if settings.smtp_user:
            await server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except (aiosmtplib.SMTPException, OSError) as problem:
        server.close()
        return Outcome(RETRY, None, type(problem).__name__)
    except Exception as problem:  # noqa: BLE001 - no message was handed over
        server.close()
        return Outcome(REFUSED, None, type(problem).__name__)
    return await _submit(server, message)


async def _submit(server: aiosmtplib.SMTP, message: EmailMessage) -> Outcome:
    """After the message was handed over, silence or nonsense leaves the outcome unknown: never sent again unasked."""
    try:
        _, said = await server.send_message(message)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return _answered(refused.recipients[0])
    except aiosmtplib.SMTPResponseException as answer:
        return _answered(answer)
    except (aiosmtplib.SMTPException, OSError) as problem:
        return Outcome(UNKNOWN, None, type(problem).__name__)
    finally:
        server.close()
    return Outcome(delivery.DELIVERED, 250, receipt(said))


def _answered(answer: aiosmtplib.SMTPResponseException) -> Outcome:
    if not 400 <= answer.code < 600:
        return Outcome(UNKNOWN, answer.code, "not an answer of SMTP")
    return Outcome(delivery.of_smtp(answer.code), answer.code, receipt(str(answer.message)))
