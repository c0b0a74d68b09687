"""SMS over HTTP: success that does not name the message is not understood."""

import httpx

from services.survey_service.gateways.letter import Letter
from services.survey_service.settings import Settings
from shared.gateways.http import meaning, post
from shared.kernel.outcome import Accepted, Outcome, Unknown


async def send_sms(http: httpx.AsyncClient, settings: Settings, letter: Letter) -> Outcome:
    """The gateway has no idempotency key; `reference` comes back in its receipts."""
    answer = await post(
        http,
        f"{settings.sms_url}/messages",
        {"Authorization": f"Bearer {settings.sms_key.get_secret_value()}"},
        {"from": settings.sms_sender, "to": letter.address, "text": letter.text.plain, "reference": letter.reference},
        seconds=settings.provider_timeout_seconds,
    )
    if isinstance(answer, httpx.Response):
        return _accepted_with_id(answer) if answer.is_success else meaning(answer)
    return answer


def _accepted_with_id(answer: httpx.Response) -> Outcome:
    """Nobody knows what a gateway did that answers rubbish."""
    try:
        body = answer.json()
    except ValueError:
        return Unknown("garbage")
    named = isinstance(body, dict) and isinstance(body.get("id"), str)
    return Accepted(body["id"]) if named else Unknown("garbage")
