"""Event base class, registry and topics. A type name is written out, never computed (architecture.md)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, ClassVar, Protocol, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from shared.contracts.values import KindText

INTAKE = "pwa.intake.v1"
CONTACTS = "pwa.intake.contacts.v1"
SLA = "pwa.sla.v1"
ESCALATION = "pwa.escalation.v1"
SURVEY = "pwa.survey.v1"
REPORTING = "pwa.reporting.v1"
OIS = "pwa.ois.v1"
TOPICS = (INTAKE, CONTACTS, SLA, ESCALATION, SURVEY, REPORTING, OIS)
COMPACTED = frozenset({CONTACTS})
PUBLISHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "intake": (INTAKE, CONTACTS),
        "sla": (SLA,),
        "escalation": (ESCALATION,),
        "survey": (SURVEY,),
        "reporting": (REPORTING, OIS),
    }
)


def _only_text_or_datetime(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("an instant is written as RFC 3339 text")  # noqa: TRY004 - pydantic turns only this into a 422
    return value


def _rfc3339(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, BeforeValidator(_only_text_or_datetime), PlainSerializer(_rfc3339, when_used="json")]


class Event(BaseModel):
    """A fact that another service may act on. Readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]

    @property
    def key(self) -> str:
        """The aggregate that orders this event; the message key."""
        raise TypeError(f"{type(self).__name__} does not say what its key is")


class CaseEvent(Event):
    """A fact about one case. Free of personal data; carries what a consumer needs to keep its readers apart."""

    case_id: UUID
    office: str  # the office that is responsible now: BA code, R01..R10 or HQ
    region: int | None  # None while the head office is responsible
    kind: KindText
    restricted: bool
    cycle: int = 1

    @property
    def key(self) -> str:
        return str(self.case_id)


class ContactLike(Protocol):
    """A contact card as the relay sees it."""

    def model_dump_json(self) -> str: ...


REGISTRY: dict[str, type[Event]] = {}
E = TypeVar("E", bound=type[Event])


def event(type_name: str, *, topic: str) -> Callable[[E], E]:
    """Register an event class under its wire name."""

    def register(cls: E) -> E:
        if type_name in REGISTRY:
            raise ValueError(f"{type_name} is registered twice")
        cls.TYPE, cls.TOPIC = type_name, topic
        REGISTRY[type_name] = cls
        return cls

    return register
