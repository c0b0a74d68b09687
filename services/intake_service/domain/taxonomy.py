"""The words of intake: channels, kinds, severities, subjects (process.md, "Words")."""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """How a case came in."""

    CONTACT_CENTER_1662 = "contact_center_1662"
    BRANCH_PHONE = "branch_phone"
    WALK_IN = "walk_in"
    PATROL = "patrol"
    WEBSITE = "website"
    LINE = "line"
    FACEBOOK = "facebook"
    MOBILE_APP = "mobile_app"
    EMAIL = "email"
    LETTER = "letter"
    MEDIA = "media"
    GCC_1111 = "gcc_1111"
    DAMRONGTHAM_1567 = "damrongtham_1567"
    TRAFFY_FONDUE = "traffy_fondue"


class Kind(StrEnum):
    """ประเภท: what sort of matter it is."""

    UNCLASSIFIED = "unclassified"
    COMPLAINT = "complaint"
    INCIDENT_REPORT = "incident_report"
    INFORMATION = "information"
    SUGGESTION = "suggestion"
    COMPLIMENT = "compliment"


class Severity(StrEnum):
    """How much it hurts; a follow-up raises it by one."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

    def raised(self) -> "Severity":
        order = list(Severity)
        return order[min(order.index(self) + 1, len(order) - 1)]


FIELD_WORK = frozenset({Kind.COMPLAINT, Kind.INCIDENT_REPORT})


@dataclass(frozen=True)
class Subject:
    """A subject (หัวข้อ) as it is in force at some instant."""

    code: str
    kind: Kind
    dimension: str
    title: str
    severity: Severity
    restricted: bool
    closes_at_once: bool
