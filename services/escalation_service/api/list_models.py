"""A line of the follow-up list, its counts, and who is asking, as REST shows them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.escalation_service.domain.urgency import BY_RANK, Urgency
from services.escalation_service.use_cases.follow_up_list import Counts
from shared.db import Row
from shared.web.types import Day, Instant


class FollowUp(BaseModel):
    """One line of the follow-up list of กสส."""

    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    cycle: int
    office: str
    office_name: str | None = Field(examples=["กปภ.สาขาชลบุรี (ชั้นพิเศษ)"])
    region: int | None
    kind: str
    subject: str | None
    subject_name: str | None = Field(description="what it is called today", examples=["น้ำไม่ไหล"])
    severity: str | None
    channel: str | None
    received_at: Instant | None
    due_at: Instant
    breached_at: Instant | None
    hours_overdue: int = Field(
        description="whole hours since the missed deadline, up to the closing; 0: none was missed"
    )
    urgency: Urgency = Field(description="why the line stands where it stands when sorted by urgency")
    ladder: str = Field(description="quiet | climbing | held | complete | ended")
    rung: int = Field(description="the rung fired last, 0 for none")
    rung_fired_at: Instant | None
    acknowledged_at: Instant | None = Field(description="of the rung fired last")
    told: str | None = Field(description="how the message about it stands; not_told: nobody could be told")
    next_rung: int | None
    next_rung_at: Instant | None
    promised_at: Instant | None
    promise_broken: bool
    repaired: bool | None = Field(description="false: reported done without repair")
    last_chased_at: Instant | None
    next_chase_on: Day | None


def follow_up(row: Row[Any], now: datetime, office_name: str | None) -> FollowUp:
    late = (row.closed_at or now) - row.due_at if row.breached_at else timedelta()
    return FollowUp(
        case_id=row.case_id, number=row.number, cycle=row.cycle, office=row.office, office_name=office_name,
        region=row.region, kind=row.kind, subject=row.subject, subject_name=row.subject_name,
        severity=row.severity, channel=row.channel, received_at=row.received_at, due_at=row.due_at,
        breached_at=row.breached_at, hours_overdue=max(late, timedelta()) // timedelta(hours=1),
        urgency=BY_RANK[row.rank], ladder=row.state, rung=row.last_rung, rung_fired_at=row.last_fired_at,
        acknowledged_at=row.last_acknowledged_at, told=row.told, next_rung=row.next_rung, next_rung_at=row.next_due_at,
        promised_at=row.promised_at,
        promise_broken=row.promised_at is not None and row.promised_at < now and row.closed_at is None,
        repaired=row.repaired, last_chased_at=row.last_chased_at, next_chase_on=row.next_chase_on,
    )  # fmt: skip


class TabCounts(BaseModel):
    """How many lines each view of the list has; a line may be in several."""

    total: int
    late: int = Field(description="open, and a breach stands")
    warned: int = Field(description="open and not late yet")
    unacknowledged: int
    promise_broken: int
    chase_today: int
    chase_overdue: int = Field(description="the next chase was for an earlier day")
    not_repaired: int


class OfficeCounts(TabCounts):
    """The same for one office."""

    office: str
    office_name: str | None
    region: int | None


class ListCounts(BaseModel):
    """Counts of the follow-up list, altogether and for each office that has something on it."""

    as_of: Instant
    today: date = Field(description="the day in Bangkok that `chase_today` means")
    total: TabCounts
    offices: list[OfficeCounts]


def list_counts(found: Counts) -> ListCounts:
    def tabs(row: Row[Any]) -> dict[str, int]:
        return {name: getattr(row, name) for name in TabCounts.model_fields}

    offices = [
        OfficeCounts(**tabs(row), office=row.office, office_name=found.names.get(row.office), region=row.region)
        for row in found.offices
    ]
    return ListCounts(as_of=found.at.at, today=found.at.today, total=TabCounts(**tabs(found.total)), offices=offices)


class Me(BaseModel):
    """Who is signed in, for a page that shows only what may be done."""

    id: str
    roles: list[str]
    rights: list[str]
    offices: list[str]
    regions: list[int]
    everything: bool = Field(description="sees all offices")
    restricted: bool = Field(description="sees restricted subjects too")
