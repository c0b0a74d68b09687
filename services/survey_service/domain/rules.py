"""The editable rules as frozen values; a rule book that cannot be read is refused with what is wrong."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from fractions import Fraction
from typing import Any

from services.survey_service.domain.quiet import QuietHours
from shared.kernel.errors import Invalid

CHANNELS = ("sms", "line", "email")
_DECIMAL = re.compile(r"0\.[0-9]{1,6}", re.ASCII)
URGENCIES = ("low", "normal", "high", "critical")


class BadRules(Invalid):
    """A rule book that this service could not work by."""

    code = "bad_rules"


@dataclass(frozen=True)
class NoticeRules:
    """How messages are sent, retried and given up."""

    channels: tuple[str, ...]
    max_attempts: int
    backoff_seconds: int
    backoff_cap_seconds: int
    patience_hours: int
    receipt_hours: int
    breaker_failures: int
    breaker_seconds: int
    lease_seconds: int
    unknown_alarm_hours: int

    def backoff(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the nth failed attempt; `jitter` in [0, 1) spreads them over half to one and a half."""
        base = min(self.backoff_seconds * 2.0 ** (attempt - 1), float(self.backoff_cap_seconds))
        return base * (0.5 + jitter)


@dataclass(frozen=True)
class CallRules:
    """How often and how long a customer is tried."""

    max_attempts: int
    retry_minutes: int
    claim_minutes: int


@dataclass(frozen=True)
class SamplingRules:
    """Yamane's e (process step 7)."""

    precision: Fraction


def notice_rules(body: Mapping[str, Any]) -> NoticeRules:
    names = NoticeRules.__dataclass_fields__.keys() - {"channels"}
    _only(body, names | {"channels"})
    channels = body["channels"]
    if not isinstance(channels, list) or not channels or any(each not in CHANNELS for each in channels):
        raise BadRules("channels lists sms, line and email in the order in which they are tried", field="channels")
    if len(set(channels)) != len(channels):
        raise BadRules("a channel is tried once", field="channels")
    return NoticeRules(channels=tuple(channels), **{name: _count(body, name) for name in names})


def call_rules(body: Mapping[str, Any]) -> CallRules:
    names = CallRules.__dataclass_fields__.keys()
    _only(body, names)
    return CallRules(**{name: _count(body, name) for name in names})


def sampling_rules(body: Mapping[str, Any]) -> SamplingRules:
    _only(body, {"precision"})
    return SamplingRules(precision_of(body["precision"]))


def precision_of(text: object) -> Fraction:
    """A decimal text such as 0.05, exact; between one and twenty per cent."""
    precision = Fraction(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else None
    if precision is None or not Fraction(1, 100) <= precision <= Fraction(1, 5):
        raise BadRules("precision is a decimal text from 0.01 to 0.2", field="precision")
    return precision


def quiet_hours(body: Mapping[str, Any]) -> Mapping[str, QuietHours | None]:
    """Urgency → its quiet hours; null = may be disturbed at any time."""
    _only(body, URGENCIES)
    return {urgency: _window(urgency, body[urgency]) for urgency in URGENCIES}


def _window(urgency: str, value: object) -> QuietHours | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"from", "until"}:
        raise BadRules("quiet hours are null or {from, until}", field=urgency)
    try:
        begins, ends = (time.fromisoformat(value[key]) for key in ("from", "until"))
    except (TypeError, ValueError) as error:
        raise BadRules("times are written as 21:00", field=urgency) from error
    if begins == ends or begins.tzinfo or ends.tzinfo:
        raise BadRules("quiet hours begin and end at different local times", field=urgency)
    return QuietHours(begins, ends)


def _only(body: Mapping[str, Any], names: Iterable[str]) -> None:
    wrong = sorted(set(body) ^ set(names))
    if wrong:
        raise BadRules("exactly the known fields are needed", fields=wrong[:10])


def _count(body: Mapping[str, Any], name: str) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100_000:
        raise BadRules("a whole number from 1 to 100000 is needed", field=name)
    return value


READERS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "notices": notice_rules,
    "quiet_hours": quiet_hours,
    "calls": call_rules,
    "sampling": sampling_rules,
}
