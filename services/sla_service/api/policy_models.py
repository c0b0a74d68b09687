"""What the REST interface takes and gives of policy versions."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.sla_service.api.calendar_models import FieldDiff, VersionMade, version_made
from services.sla_service.api.models import Code, Metric
from services.sla_service.domain.policy_draft import MOST_HOURS
from shared.db import Row
from shared.web.types import Instant, Line, OfficeCode, StrictModel

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Unit = Literal["wall", "office", "working_day", "calendar_day"]
Kind = Literal["complaint", "incident_report", "information", "suggestion", "compliment", "unclassified", "*"]
Severity = Literal["low", "normal", "high", "critical", "*"]
ReopenMode = Literal["continue", "new_cycle", "count_all"]
Channel = Annotated[str, Field(pattern=r"^([a-z0-9_]{1,40}|\*)$", examples=["*", "website"])]
Reason = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", examples=["information_from_complainant"])]
Tier = Annotated[int, Field(ge=2, le=20)]

_LADDER = (
    "code of the ladder (of escalation) that a case climbs which misses its repair's deadline under this policy, in "
    "the version in force at the breach and for the queue that it is written for (branch or head_office). While no "
    "such ladder is in force the case waits, nobody is called upon, and `services check` names the policy."
)


class PromiseBody(StrictModel):
    """What is promised for one metric; an amount of 0: no clock. Wall hours count on the calendar `always`."""

    metric: Metric
    amount: int = Field(ge=0, le=MOST_HOURS, examples=[3])
    unit: Unit
    calendar: Code = Field(examples=["office"])


class FractionBody(StrictModel):
    """A warning at a fraction of the budget."""

    level: Line = Field(examples=["75%"])
    fraction: float = Field(gt=0, lt=1, examples=[0.75])


class OffsetBody(StrictModel):
    """A warning some working time before the deadline."""

    level: Line = Field(examples=["2h"])
    before_seconds: int = Field(ge=60, le=MOST_HOURS * 3600, examples=[7200])


class PolicyBody(StrictModel):
    """Changes to a draft; what is left out stays. `*` matches every case."""

    name_th: Line | None = Field(None, examples=["น้ำไม่ไหล"])
    kind: Kind = "*"
    subject: Annotated[str, Field(max_length=60)] = Field("*", examples=["L01"])
    severity: Severity = "*"
    channel: Channel = "*"
    office: OfficeCode | Literal["*"] = Field("*", description="the office that received the case")
    effective_from: Instant | None = Field(None, description="for cases that begin from then on; null: when published")
    effective_to: Instant | None = Field(None, description="null: until it is ended")
    targets: list[PromiseBody] = Field([], max_length=6)
    warnings: list[FractionBody | OffsetBody] = Field([], max_length=6)
    pause_reasons: list[Reason] = Field([], max_length=20, description="holds for other reasons do not stop its clocks")
    pause_budget_hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] | None = Field(
        None, description="pauses stop counting as such after so many hours; null: no limit"
    )
    reopen_mode: ReopenMode = Field("continue", description="the budget of a reopened case, unless its reopening says")
    ladder: Name | None = Field(
        None, examples=["urgent"], description=_LADDER + " Null: the ladders' own selectors choose."
    )
    very_late: list[Tier] = Field([2, 3], max_length=5, description="multiples of the budget that are told")

    def given(self) -> dict[str, Any]:
        """What was said, and nothing that was left out."""
        return self.model_dump(include=self.model_fields_set - {"code", "based_on"})


class NewPolicyBody(PolicyBody):
    """A new draft: from nothing (name and targets are needed), or based on another version of the policy."""

    code: Name = Field(examples=["L01"])
    based_on: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, examples=[1])


class PublishPolicyBody(StrictModel):
    """How to publish."""

    end_predecessor: bool = Field(
        False, description="end the range of the policy with the same selector where this one begins"
    )


class EndPolicyBody(StrictModel):
    """When the range ends."""

    at: Instant | None = Field(None, description="null: now")


class PolicyShown(BaseModel):
    """A version of a policy: for which cases, and what it promises them. `*` matches all; an amount of 0: no clock."""

    code: str
    version: int
    name_th: str
    kind: str
    subject: str
    severity: str
    channel: str
    office: str
    effective_from: Instant | None = Field(description="null only in drafts: when it is published")
    effective_to: Instant | None
    targets: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    pause_reasons: list[str]
    pause_budget_hours: int | None
    reopen_mode: str
    ladder: str | None = Field(description=_LADDER)
    very_late: list[int]
    based_on: int | None = Field(description="the version that it was drafted from")
    revision: int = Field(description="of the draft: its ETag")
    created_at: Instant
    created_by: str
    published_at: Instant | None
    published_by: str | None


class PolicyDiffShown(BaseModel):
    """What changes from one version of a policy to another."""

    code: str
    old: VersionMade
    new: VersionMade
    fields: list[FieldDiff]


def policy_shown(row: Row[Any]) -> PolicyShown:
    return PolicyShown(**{name: getattr(row, name) for name in PolicyShown.model_fields})


def policy_diff(old: Row[Any], new: Row[Any], found: list[tuple[str, Any, Any]]) -> PolicyDiffShown:
    fields = [FieldDiff(field=name, old=was, new=now) for name, was, now in found]
    return PolicyDiffShown(code=new.code, old=version_made(old), new=version_made(new), fields=fields)
