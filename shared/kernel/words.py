"""The words that all services share, as they stand in events, tables and requests (docs/process.md, "Words").

Events carry them as text, and readers live with values that are newer than they are: who acts on a word asks for the
values that it knows.
"""

from enum import StrEnum

HEAD_OFFICE = "HQ"


def region_office(region: int) -> str:
    """The office code of a region: R01..R10."""
    return f"R{region:02d}"


class Channel(StrEnum):
    """How a case came in (process step 1)."""

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
    """ประเภท: what sort of matter it is (process step 2)."""

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


class Metric(StrEnum):
    """What a clock of a case measures. The ladder and the published figures judge RESOLVE."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_CONTACT = "first_contact"
    RESOLVE = "resolve"
    NOTIFY_CUSTOMER = "notify_customer"
    SURVEY_CALL = "survey_call"
    OIS_RECORD = "ois_record"


class Tells(StrEnum):
    """What a customer knows after a notice."""

    OUTCOME = "outcome"  # how the cycle ended
    NEW_DATE = "new_date"  # how long it will take


class NoticePurpose(StrEnum):
    """Why a notice is sent (process step 4)."""

    RESOLVED = "resolved"
    NOT_REPAIRED = "not_repaired"
    EXTENDED = "extended"


_TELLS = {
    NoticePurpose.RESOLVED: Tells.OUTCOME,
    NoticePurpose.NOT_REPAIRED: Tells.OUTCOME,
    NoticePurpose.EXTENDED: Tells.NEW_DATE,
}


def tells(purpose: str) -> Tells | None:
    """What a notice of this purpose tells; None for a purpose that is not known here, which proves nothing."""
    return _TELLS[NoticePurpose(purpose)] if purpose in _TELLS else None


class CallPurpose(StrEnum):
    """Why somebody is called: about his own case (process step 5), or as part of a sample (step 7)."""

    SATISFACTION = "satisfaction"
    SAMPLE = "sample"


class CallOutcome(StrEnum):
    """What became of dialling a number."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    NO_PHONE = "no_phone"
