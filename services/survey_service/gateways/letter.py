"""What is handed to a provider: one attempt at one channel of a notice."""

from dataclasses import dataclass
from uuid import UUID

from shared.gateways import letter
from shared.gateways.letter import Text

__all__ = ["Letter", "Text"]


@dataclass(frozen=True)
class Letter(letter.Letter):
    """A letter to a customer."""

    notice_id: UUID
    case_id: UUID
