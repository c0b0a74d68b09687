"""The contact card and how little of it is shown."""

import re
from dataclasses import dataclass
from uuid import UUID

# A landline takes no SMS: Thai mobile numbers are +66 and nine digits that begin with 6, 8 or 9.
_MOBILE = re.compile(r"\+66[689]\d{8}")


@dataclass(frozen=True)
class Card:
    """The latest card of a case; an erased one is empty."""

    case_id: UUID
    version: int
    erased: bool = False
    name: str | None = None
    phone: str | None = None
    line_id: str | None = None
    email: str | None = None
    language: str = "th"
    place: str | None = None

    def address(self, channel: str) -> str | None:
        """Where a message of this channel goes, or None when the customer gave nothing for it."""
        match channel:
            case "sms":
                return self.phone if self.phone and _MOBILE.fullmatch(self.phone) else None
            case "line":
                return self.line_id or None
            case "email":
                return self.email or None
        return None

    def channels(self, order: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(channel for channel in order if self.address(channel))

    @property
    def is_reachable(self) -> bool:
        return bool(self.phone or self.line_id or self.email)


def mask_phone(phone: str | None) -> str | None:
    """+66812345678 is shown as 08x-xxx-5678."""
    if not phone:
        return None
    local = "0" + phone.removeprefix("+66") if phone.startswith("+66") else phone
    return f"{local[:2]}x-xxx-{local[-4:]}" if len(local) >= 9 else "xxx"


def mask_email(email: str | None) -> str | None:
    if not email:
        return None
    user, _, domain = email.partition("@")
    return f"{user[:1]}***@{domain[:1]}***"


def mask(channel: str, address: str | None) -> str | None:
    """What lists and records keep of an address."""
    match channel:
        case "email":
            return mask_email(address)
        case "line":
            return f"{address[:2]}***" if address else None
    return mask_phone(address)
