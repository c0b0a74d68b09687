"""What became of one call to a provider; the difference between 'no' and 'nobody knows' is everything here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The provider took the message over, under this number of its own. Not yet delivered."""

    provider_id: str | None = None


@dataclass(frozen=True)
class Refused:
    """A definite no that will not change: wrong number, blocked, too long."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """Definitely not accepted, but it may work later: 5xx, 429, no connection."""

    reason: str
    retry_after: int | None = None  # seconds, as the provider asks


@dataclass(frozen=True)
class Unknown:
    """The message may or may not have been accepted: the answer did not come or made no sense."""

    reason: str


Outcome = Accepted | Refused | Failed | Unknown
