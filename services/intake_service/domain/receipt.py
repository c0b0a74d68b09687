"""What a channel states when it hands a case over, and what is believed of it (process step 1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.kernel.errors import Invalid
from shared.kernel.words import Channel, Kind

OLDEST = timedelta(days=30)  # a letter may lie for some time before it is registered
AHEAD = timedelta(minutes=5)  # the channel's clock may be a little fast


@dataclass(frozen=True)
class Origin:
    """The other system's own name for the case; unique, so that posting twice makes one case."""

    agency: str
    reference: str
    due_at: datetime | None = None


@dataclass(frozen=True)
class Person:
    """Who reported, and where: the personal data of a case (kept in one table only)."""

    name: str | None = None
    phone: str | None = None
    line_id: str | None = None
    email: str | None = None
    language: str = "th"
    consent: str | None = None
    place: str | None = None
    meter: str | None = None
    account: str | None = None

    @property
    def is_anonymous(self) -> bool:
        return not (self.name or self.phone or self.line_id or self.email)

    @property
    def reachable(self) -> tuple[str, ...]:
        """By what machines can write to the complainant."""
        means = (("sms", self.phone), ("line", self.line_id), ("email", self.email))
        return tuple(name for name, value in means if value)


@dataclass(frozen=True)
class Receipt:
    """One reported matter before it is a case."""

    id: UUID
    tracking_code: str
    channel: Channel
    received_at: datetime
    receiving_office: str
    receiving_region: int | None
    text: str
    person: Person
    origin: Origin | None = None
    branch_hint: str | None = None
    subject_hint: str | None = None
    kind: Kind = Kind.UNCLASSIFIED

    def check(self, *, now: datetime) -> None:
        """Refuse an instant of receipt that cannot be right (Buddhist-era years are among them)."""
        if not now - OLDEST <= self.received_at <= now + AHEAD:
            raise Invalid(
                "The time of receipt must lie within the last 30 days and not more than 5 minutes ahead.",
                code="received_at_out_of_window",
            )
