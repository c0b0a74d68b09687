"""Builders: the life of a case in the words of its publishers, and a desk that takes it in and does the work."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Self
from uuid import UUID

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from services.reporting_service.consumers import FOLDS
from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.jobs import JOBS
from services.reporting_service.service import SERVICE, seed
from services.reporting_service.settings import ReportingSettings
from services.reporting_service.store import cases, facts
from services.reporting_service.store.facts import Fact
from services.reporting_service.use_cases.fold import fold
from shared.contracts import escalation, intake, sla, survey
from shared.contracts.base import CaseEvent
from shared.db import Database
from shared.kernel.access import EVERYTHING
from shared.kernel.clock import BANGKOK, ManualClock
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Consumer, Meta
from shared.messaging.inbox import raise_watermark
from shared.reference import region_of, subjects
from shared.runtime.service import Context
from shared.testing.batches import fold_in
from shared.testing.postgres import TestDatabase

NINE = datetime(2026, 2, 3, 9, 0, tzinfo=BANGKOK)
HOUR = timedelta(hours=1)
_numbers = count(1)


@dataclass
class Story:
    """One case; every method adds the facts that its publishers would tell, in their order."""

    office: str = "1102"
    subject: str = "Q01"
    channel: str = "website"
    case_id: UUID = field(default_factory=uuid7)
    kind: str = ""
    cycle: int = 1
    told: list[tuple[CaseEvent, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kind = self.kind or subjects()[self.subject].kind
        self.number = f"HQ-2569-{next(_numbers):06d}"

    def say(self, event: type[CaseEvent], at: datetime, /, **facts: Any) -> Self:
        about = {
            "case_id": self.case_id, "office": self.office, "region": region_of(self.office), "kind": self.kind,
            "restricted": subjects()[self.subject].restricted, "cycle": self.cycle,
        }  # fmt: skip
        self.told.append((event(**{**about, **facts}), at))
        return self

    def received(self, at: datetime = NINE, due: datetime | None = None) -> Self:
        """Registered, classified and routed at once; the clock runs to `due` (24 hours unless given)."""
        subject = subjects()[self.subject]
        self.say(
            intake.CaseRegistered, at, number=self.number, receiving_office="HQ", channel=self.channel, received_at=at,
            registered_at=at, contact_version=1, kind="unclassified",
        )  # fmt: skip
        self.say(
            intake.CaseClassified, at, subject=self.subject, dimension=subject.dimension_th, severity=subject.severity,
            classified_at=at,
        )  # fmt: skip
        self.say(intake.CaseRouted, at, previous_office="HQ", routed_at=at)
        return self.clock(at, due or at + 24 * HOUR)

    def clock(self, at: datetime, due: datetime) -> Self:
        return self.say(sla.ClockArmed, at, metric="resolve", started_at=at, due_at=due, policy="p", calendar="always")

    def breached(self, due: datetime, breach_id: UUID | None = None) -> Self:
        breach = {"breach_id": breach_id or uuid7(), "due_at": due, "breached_at": due, "cause": "elapsed"}
        return self.say(sla.SlaBreached, due, metric="resolve", generation=1, **breach)

    def resolved(self, at: datetime, *, mister_prapa: str | None = None, repaired: bool = True) -> Self:
        return self.say(
            intake.CaseResolved, at, repaired=repaired, cause="ท่อแตก", action="ซ่อมท่อ", mister_prapa=mister_prapa,
            handler="somchai", channel=self.channel, contact_version=1, resolved_at=at, reported_at=at,
        )  # fmt: skip

    def reopened(self, at: datetime, reason: str = "not_fixed", due: datetime | None = None) -> Self:
        self.cycle += 1
        self.say(intake.CaseReopened, at, reason=reason, reopened_at=at)
        return self.clock(at, due) if due else self

    def waiting(self, since: datetime, until: datetime | None = None) -> Self:
        self.say(intake.InformationRequested, since, missing=("place",), asked="complainant", requested_at=since)
        return self.say(intake.InformationSupplied, until, supplied_at=until) if until else self

    def escalated(self, rung: int, at: datetime) -> Self:
        who = {"post": "branch_manager", "post_office": self.office, "officer": None, "breach_id": uuid7()}
        return self.say(escalation.RungFired, at, rung_id=uuid7(), rung=rung, scheduled_at=at, fired_at=at, **who)

    def informed(self, at: datetime) -> Self:
        notice = {"notice_id": uuid7(), "purpose": "resolved", "channel": "sms", "evidence": "receipt"}
        return self.say(survey.CustomerTold, at, told_at=at, **notice)

    def called(self, at: datetime, outcome: str = "answered", **answers: Any) -> Self:
        """A satisfaction call opened and ended within the hour; with answers unless the outcome says otherwise."""
        task = {"task_id": uuid7(), "purpose": "satisfaction"}
        self.say(survey.CallOpened, at, opened_at=at, **task)
        self.say(survey.CallAttempted, at, attempt=1, outcome=outcome, attempted_at=at, **task)
        if outcome == "answered":
            repair = answers.setdefault("repair", 5)
            given = {"speed": 4, "channel_convenience": 4, "channel_variety": 3, "satisfied": repair >= 4, **answers}
            given |= {"questionnaire": "1", "channel": self.channel, "answered_at": at}
            self.say(survey.SurveyAnswered, at, **task, **given)
        return self.say(survey.CallClosed, at, outcome=outcome, attempts=1, closed_at=at, **task)

    def facts(self) -> list[Fact]:
        """The story as the log keeps it, numbered per topic."""
        numbers = Counter[str]()
        kept = []
        for event, at in self.told:
            numbers[event.TOPIC] += 1
            kept.append(Fact(uuid7(), event.TOPIC, numbers[event.TOPIC], at, event))
        return kept

    def record(self) -> CaseRecord:
        return fold(self.case_id, self.facts()).case


@dataclass
class Desk:
    """Reporting on a database of its own."""

    db: Database
    clock: ManualClock
    settings: ReportingSettings
    http: httpx.AsyncClient
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    heard: dict[UUID, int] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return Context(SERVICE, self.db, self.settings, self.http, Consumer(self.db), self.clock)

    async def open(self) -> None:
        await seed(self.context)

    async def hear(self, *stories: Story, until: datetime | None = None) -> None:
        """Take in what the stories have told (until then) since they were heard last."""
        async with self.db.transaction() as tx:
            arrived = []
            for story in stories:
                known = len(story.told) if until is None else sum(at < until for _, at in story.told)
                for event, at in story.told[self.heard.get(story.case_id, 0) : known]:
                    stream = (event.TOPIC, event.key)
                    self.numbers[stream] += 1
                    arrived.append((event, Meta(uuid7(), self.numbers[stream], at, None, at)))
                self.heard[story.case_id] = max(known, self.heard.get(story.case_id, 0))
            await fold_in(tx, FOLDS, arrived)

    async def keep(self, kept: Iterable[Fact]) -> None:
        """Take in facts as they are, in this order."""
        async with self.db.transaction() as tx:
            await facts.append(tx, [(fact.event_id, fact.seq, fact.recorded_at, fact.event) for fact in kept])

    async def work(self, *, send: bool = True) -> None:
        """Every job until nothing moves."""
        moved = 1
        while moved:
            moved = 0
            for job in JOBS:
                if send or job.name != "deliver_packs":
                    moved += await job.step(self.context)

    async def tell(self, *stories: Story) -> None:
        await self.hear(*stories)
        await self.work()

    async def marks(self, until: datetime) -> None:
        """Every publisher says: all that was recorded before has been sent."""
        async with self.db.transaction() as tx:
            for topic in sorted({kind.TOPIC for kind in SERVICE.events}):
                await raise_watermark(tx, topic, 0, 1, until)

    async def case(self, story: Story) -> CaseRecord | None:
        async with self.db.transaction() as tx:
            return await cases.find(tx, story.case_id, EVERYTHING)


async def ask(database: TestDatabase, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database directly as its superuser."""
    dsn = make_url(database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
