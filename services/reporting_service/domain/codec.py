"""Values as JSON has them in documents."""

from datetime import UTC, datetime
from typing import Any


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def plain(value: Any) -> Any:
    """The value as JSON has it: instants as text, tuples and sets as lists."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
