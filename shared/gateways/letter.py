"""What is handed to a provider."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Text:
    """A rendered message. `html` and `subject` are used by e-mail only."""

    plain: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True)
class Letter:
    """One attempt at one delivery; the delivery's id is the same for every attempt."""

    delivery_id: UUID
    channel: str
    attempt: int
    reference: str  # what the provider repeats in its receipts
    address: str
    text: Text
