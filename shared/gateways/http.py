"""Providers over HTTP: what each answer, and each missing answer, means; LINE's push and signed webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from shared.gateways.letter import Letter
from shared.kernel.outcome import Accepted, Failed, Outcome, Refused, Unknown
from shared.kernel.webhooks import sign

# Nothing of the request left this machine: certainly not accepted.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NO_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol)
# A proxy answers for somebody behind it who may have accepted.
_BEHIND_A_PROXY = frozenset({502, 504})


@dataclass(frozen=True)
class Api:
    """An HTTP API of messages, as this service is known there."""

    url: str
    token: str
    seconds: float


async def push_line(http: httpx.AsyncClient, line: Api, letter: Letter) -> Outcome:
    """The retry key is the delivery's id: the same for every attempt, so LINE sends it once."""
    answer = await post(
        http,
        f"{line.url}/v2/bot/message/push",
        {"Authorization": f"Bearer {line.token}", "X-Line-Retry-Key": str(letter.delivery_id)},
        {"to": letter.address, "messages": [{"type": "text", "text": letter.text.plain}]},
        seconds=line.seconds,
    )
    if not isinstance(answer, httpx.Response):
        return answer
    before = answer.headers.get("x-line-accepted-request-id")
    if answer.status_code == 409 and before is not None:
        return Accepted(before)
    return Accepted(answer.headers.get("x-line-request-id")) if answer.is_success else meaning(answer)


async def call_webhook(
    http: httpx.AsyncClient, secret: str, letter: Letter, at: datetime, *, seconds: float
) -> Outcome:
    """Standard Webhooks; the id is the delivery's, by which the receiver knows a repeat. The plain text is the body."""
    content = letter.text.plain.encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    headers |= sign(secret, f"msg_{letter.delivery_id.hex}", at, content)
    answer = await post(http, letter.address, headers, content, seconds=seconds)
    if isinstance(answer, httpx.Response):
        return Accepted() if answer.is_success else meaning(answer)
    return answer


async def post(
    http: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: object, *, seconds: float
) -> httpx.Response | Outcome:
    """The answer, or what its absence means. `body` is sent as it is when it is bytes, otherwise as JSON."""
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    try:
        request = http.build_request("POST", url, headers=dict(headers), timeout=seconds, **content)
        return await http.send(request, follow_redirects=False)
    except _NO_ADDRESS as error:
        return Refused(f"no_address:{type(error).__name__}")
    except _NOT_SENT as error:
        return Failed(f"no_connection:{type(error).__name__}")
    except httpx.HTTPError as error:
        return Unknown(f"no_answer:{type(error).__name__}")


def meaning(answer: httpx.Response) -> Outcome:
    """What an answer that is no success says."""
    status = answer.status_code
    if status in _BEHIND_A_PROXY:
        return Unknown(f"http_{status}")
    if status >= 500 or status in {408, 425, 429}:
        return Failed(f"http_{status}", _retry_after(answer))
    return Refused(f"http_{status}")


def _retry_after(answer: httpx.Response) -> int | None:
    stated = answer.headers.get("retry-after", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 6 else None
