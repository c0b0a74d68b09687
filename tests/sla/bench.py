"""A running SLA service fed by hand: messages of intake go in, rows and events are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.sla_service.service import SERVICE
from services.sla_service.use_cases.firing import fire_due_clocks
from services.sla_service.use_cases.news import NEEDED
from services.sla_service.use_cases.seeding import seed
from services.sla_service.use_cases.watching import problems
from shared.contracts.base import INTAKE, Event
from shared.contracts.envelope import Envelope
from shared.contracts.intake import (
    CaseAccepted,
    CaseAnswered,
    CaseBounced,
    CaseCancelled,
    CaseClassified,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseRouted,
    FollowUpAttached,
    InformationRequested,
    InformationSupplied,
)
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.messaging.consumer import Consumer
from shared.messaging.port import Message
from shared.reference import region_of, subjects

STREAMS_BEGAN = datetime(2030, 1, 1, tzinfo=UTC)  # after every subscription: a missing number is a gap


@dataclass
class Story:
    """The events of one case in the order in which intake would number them."""

    case_id: UUID = field(default_factory=uuid4)
    office: str = "1102"
    kind: str = "unclassified"
    subject: str | None = None
    restricted: bool = False
    cycle: int = 1
    messages: list[Message] = field(default_factory=list)

    def _tell(self, kind: type[Event], **fields: Any) -> Message:
        event = kind.model_validate(
            {
                "case_id": self.case_id, "office": self.office, "region": region_of(self.office), "kind": self.kind,
                "restricted": self.restricted, "cycle": self.cycle,
            } | fields
        )  # fmt: skip
        envelope = Envelope(
            event_id=uuid4(), type=event.TYPE, topic=event.TOPIC, key=event.key, seq=len(self.messages) + 1,
            recorded_at=STREAMS_BEGAN, stream_began_at=STREAMS_BEGAN, source="/pwa/intake", traceparent=None,
            data=event.model_dump(mode="json"),
        )  # fmt: skip
        self.messages.append(Message(envelope.topic, envelope.key, envelope.body(), envelope.headers()))
        return self.messages[-1]

    def registered(self, at: datetime, subject: str | None = None, channel: str = "website") -> Message:
        if subject:
            self.subject, self.kind = subject, subjects()[subject].kind
        return self._tell(
            CaseRegistered, number="1102-2569-000001", receiving_office=self.office, channel=channel, subject=subject,
            received_at=at, registered_at=at, contact_version=0,
        )  # fmt: skip

    def classified(self, at: datetime, subject: str) -> Message:
        self.subject, self.kind = subject, subjects()[subject].kind
        return self._tell(CaseClassified, subject=subject, dimension="d", severity="normal", classified_at=at)

    def routed(self, at: datetime, office: str) -> Message:
        before, self.office = self.office, office
        return self._tell(CaseRouted, previous_office=before, routed_at=at)

    def accepted(self, at: datetime) -> Message:
        return self._tell(CaseAccepted, accepted_at=at)

    def bounced(self, at: datetime) -> Message:
        by, self.office = self.office, "HQ"
        return self._tell(CaseBounced, bounced_by=by, reason="not ours", bounced_at=at)

    def followed_up(self, at: datetime) -> Message:
        return self._tell(FollowUpAttached, severity="high", follow_ups=1, attached_at=at)

    def asked(self, at: datetime) -> Message:
        return self._tell(InformationRequested, missing=("place",), asked="complainant", requested_at=at)

    def supplied(self, at: datetime) -> Message:
        return self._tell(InformationSupplied, supplied_at=at)

    def answered(self, at: datetime) -> Message:
        return self._tell(CaseAnswered, answered_at=at)

    def cancelled(self, at: datetime) -> Message:
        return self._tell(CaseCancelled, reason="duplicate", cancelled_at=at)

    def resolved(self, at: datetime) -> Message:
        return self._tell(
            CaseResolved, repaired=True, cause="c", action="a", handler="h", channel="website", contact_version=0,
            resolved_at=at, reported_at=at,
        )  # fmt: skip

    def reopened(self, at: datetime, mode: str = "continue") -> Message:
        self.cycle += 1
        return self._tell(CaseReopened, reason="not_fixed", mode=mode, reopened_at=at)


@dataclass
class Bench:
    """The service's database under its own role, its consumer and a clock that is moved by hand."""

    db: Database
    clock: ManualClock
    consumer: Consumer

    @classmethod
    async def start(cls, url: str, clock: ManualClock, pool_size: int = 4) -> "Bench":
        db = Database(url, schema="sla", clock=clock, pool_size=pool_size)
        bench = cls(db, clock, Consumer(db, SERVICE.folds, SERVICE.watermarks))
        async with db.transaction() as tx:
            await seed(tx)
        return bench

    async def hear(self, *messages: Message) -> None:
        await self.consumer.receive(messages)

    async def mark(self, until: datetime, *topics: str) -> None:
        """Watermarks: everything that the publishers (of all topics, unless named) recorded before `until` is here."""
        await self.consumer.receive([mark(until, topic) for topic in topics or NEEDED])

    async def fire(self, *, most: int = 500) -> int:
        """Let the timer run until nothing is due; how many case files it looked at."""
        looked_at = 0
        while True:
            async with self.db.transaction(edge="timer") as tx:
                found = await fire_due_clocks(tx, most=most)
            if not found:
                return looked_at
            looked_at += found

    async def pass_to(self, at: datetime) -> None:
        """Move the clock; intake's news is up to date; fire."""
        self.clock.set(at)
        await self.mark(at)
        await self.fire()

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return [dict(row._mapping) for row in await tx.all(text(sql), params)]

    async def clocks(self, story: Story, metric: str = "resolve") -> list[dict[str, Any]]:
        """The clocks of one metric by cycle."""
        sql = "SELECT * FROM clock WHERE case_id = :id AND metric = :metric ORDER BY cycle"
        return await self.rows(sql, id=story.case_id, metric=metric)

    async def problems(self) -> list[str]:
        async with self.db.transaction() as tx:
            return await problems(tx)

    async def standing(self, metric: str = "resolve", level: int = 1) -> list[dict[str, Any]]:
        """The breaches of one metric that stand: missed deadlines, or multiples of the budget (their level)."""
        sql = """SELECT breach.* FROM breach JOIN clock ON clock.id = clock_id
            WHERE voided_at IS NULL AND metric = :metric AND level = :level ORDER BY breach.due_at, breach.case_id"""
        return await self.rows(sql, metric=metric, level=level)

    async def told(self, kind: str | None = None, metric: str = "resolve") -> list[tuple[str, Mapping[str, Any]]]:
        """What was told about one metric so far, oldest first: the last word of the type, and the payload."""
        rows = await self.rows("SELECT type, payload FROM outbox WHERE payload ->> 'metric' = :m ORDER BY id", m=metric)
        named = [(row["type"].removeprefix("pwa.sla.").removesuffix(".v1"), row["payload"]) for row in rows]
        return [one for one in named if kind in (None, one[0])]


def mark(until: datetime, topic: str = INTAKE) -> Message:
    """A publisher's word that everything recorded before `until` has been sent."""
    headers = {"ce_type": "pwa.watermark.v1", "until": until.isoformat(), "partitions": "1"}
    return Message(topic, "", None, headers)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
