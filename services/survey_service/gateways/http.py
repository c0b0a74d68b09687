"""SMS and LINE over HTTP: what each answer, and each missing answer, means."""

from collections.abc import Mapping

import httpx

from services.survey_service.domain.outcome import Accepted, Failed, Outcome, Refused, Unknown
from services.survey_service.gateways.letter import Letter
from services.survey_service.settings import Settings

# Nothing of the request left this machine: certainly not accepted.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# A proxy answers for somebody behind it who may have accepted.
_BEHIND_A_PROXY = frozenset({502, 504})


async def send_sms(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    """The gateway has no idempotency key; `reference` comes back in its receipts."""
    answer = await _post(
        http,
        settings,
        f"{settings.sms_url}/messages",
        {"Authorization": f"Bearer {settings.sms_key.get_secret_value()}"},
        {"from": settings.sms_sender, "to": letter.address, "text": letter.text.plain, "reference": letter.reference},
    )
    if isinstance(answer, httpx.Response):
        return _accepted_with_id(answer) if answer.is_success else _meaning(answer)
    return answer


async def push_line(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    """The retry key is the delivery's id: the same for every attempt, so LINE sends it once."""
    answer = await _post(
        http,
        settings,
        f"{settings.line_url}/v2/bot/message/push",
        {
            "Authorization": f"Bearer {settings.line_token.get_secret_value()}",
            "X-Line-Retry-Key": str(letter.delivery_id),
        },
        {"to": letter.address, "messages": [{"type": "text", "text": letter.text.plain}]},
    )
    if not isinstance(answer, httpx.Response):
        return answer
    if answer.status_code == 409 and "x-line-accepted-request-id" in answer.headers:
        return Accepted()
    return Accepted() if answer.is_success else _meaning(answer)


async def _post(
    http: httpx.AsyncClient, settings: Settings, url: str, headers: Mapping[str, str], body: object
) -> httpx.Response | Outcome:
    patience = settings.provider_timeout_seconds
    try:
        return await http.post(url, json=body, headers=dict(headers), timeout=patience, follow_redirects=False)
    except _NOT_SENT as error:
        return Failed(f"no_connection:{type(error).__name__}")
    except httpx.HTTPError as error:
        return Unknown(f"no_answer:{type(error).__name__}")


def _accepted_with_id(answer: httpx.Response) -> Outcome:
    """Success that does not name the message is not understood: nobody knows what the gateway did."""
    try:
        body = answer.json()
    except ValueError:
        return Unknown("garbage")
    return Accepted() if isinstance(body, dict) and isinstance(body.get("id"), str) else Unknown("garbage")


def _meaning(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if status in _BEHIND_A_PROXY:
        return Unknown(f"http_{status}")
    if status >= 500 or status in {408, 425, 429}:
        return Failed(f"http_{status}", _retry_after(answer))
    return Refused(f"http_{status}")


def _retry_after(answer: httpx.Response) -> int | None:
    stated = answer.headers.get("retry-after", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 6 else None
