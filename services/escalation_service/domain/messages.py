"""What officers are told: the states of a message, and which messages go out in one piece."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.escalation_service.domain.offices import Officer


class Kind(StrEnum):
    """Why an officer is written to."""

    CALL = "call"  # a rung calls upon the officer
    CORRECTION = "correction"  # the breach that a rung was fired for had not happened
    HAND_OVER = "hand_over"  # somebody put the officer in charge


class State(StrEnum):
    """Where one message stands. Accepted by a provider is not delivered."""

    WAITING = "waiting"
    HELD = "held"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    NOT_TOLD = "not_told"


UNSENT = frozenset({State.WAITING, State.HELD})
# What may have reached the officer; a correction follows it when the breach is voided.
MAY_BE_KNOWN = frozenset({State.ACCEPTED, State.DELIVERED, State.UNKNOWN})
MEANS = ("email", "line", "webhook")


@dataclass(frozen=True)
class Waiting:
    """A message that nobody holds and that no mailing carries yet."""

    message_id: UUID
    recipient: str
    kind: str


@dataclass(frozen=True)
class DigestRules:
    """From how many messages on an officer gets one list instead, and how long such a list may become."""

    threshold: int
    longest: int


def bundles(waiting: Sequence[Waiting], habit: str, rules: DigestRules) -> list[tuple[UUID, ...]]:
    """Messages of one recipient and kind as mailings, each message in exactly one. `habit`: an officer's `digest`."""
    ids = [each.message_id for each in waiting]
    together = habit == "always" or (habit == "when_many" and len(ids) >= rules.threshold)
    size = rules.longest if together else 1
    return [tuple(ids[at : at + size]) for at in range(0, len(ids), size)]


def by_recipient(waiting: Sequence[Waiting]) -> dict[tuple[str, str], list[Waiting]]:
    """Messages that may go together: those of one kind to one officer, in the order given."""
    found: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for each in waiting:
        found[each.recipient, each.kind].append(each)
    return found


def ways(officer: Officer, configured: Sequence[str]) -> list[tuple[str, str]]:
    """(means, address) in the order in which they are tried: the preferred one first."""
    known = {"email": officer.email, "line": officer.line_id, "webhook": officer.webhook_url}
    order = sorted(MEANS, key=lambda means: means != officer.preferred)
    return [(means, address) for means in order if means in configured and (address := known[means])]
