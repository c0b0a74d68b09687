"""Builders: facts as intake and sla would tell them, and a desk that takes them in and fires what is due."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Row, text

from services.escalation_service.consumers import FOLDS
from services.escalation_service.domain.offices import Officer, Sitting
from services.escalation_service.use_cases import posts
from services.escalation_service.use_cases.firing import PUBLISHERS, fire_due_rungs
from shared.contracts import intake, sla
from shared.contracts.base import Event
from shared.db import Database
from shared.kernel.access import rows_of
from shared.kernel.clock import ManualClock
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Meta
from shared.messaging.inbox import raise_watermark
from shared.reference import DEPUTY_AREAS, region_of
from shared.testing.batches import fold_in
from shared.web.dev_issuer import DevIssuer


@dataclass
class Case:
    """One case of a test; makes its facts as the publishers would word them."""

    office: str = "1102"
    kind: str = "complaint"
    restricted: bool = False
    cycle: int = 1
    case_id: UUID = field(default_factory=uuid7)

    def _common(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id, "office": self.office, "region": region_of(self.office), "kind": self.kind,
            "restricted": self.restricted, "cycle": self.cycle,
        }  # fmt: skip

    def registered(self, at: datetime, *, receiving_office: str = "HQ") -> intake.CaseRegistered:
        return intake.CaseRegistered(
            **self._common(), number=f"{receiving_office}-2569-000001", receiving_office=receiving_office,
            channel="website", received_at=at, registered_at=at, contact_version=0,
        )  # fmt: skip

    def classified(self, at: datetime, subject: str = "Q01") -> intake.CaseClassified:
        return intake.CaseClassified(
            **self._common(), subject=subject, dimension="ด้านปริมาณน้ำ", severity="high", classified_at=at
        )

    def routed(self, at: datetime, office: str) -> intake.CaseRouted:
        previous, self.office = self.office, office
        return intake.CaseRouted(**self._common(), previous_office=previous, routed_at=at)

    def bounced(self, at: datetime) -> intake.CaseBounced:
        previous, self.office = self.office, "HQ"
        return intake.CaseBounced(**self._common(), bounced_by=previous, reason="นอกพื้นที่", bounced_at=at)

    def resolved(self, at: datetime, *, repaired: bool = True) -> intake.CaseResolved:
        return intake.CaseResolved(
            **self._common(), repaired=repaired, cause="ท่อแตก", action="ซ่อมท่อ", handler="somchai", channel="website",
            contact_version=0, resolved_at=at, reported_at=at,
        )  # fmt: skip

    def reopened(self, at: datetime) -> intake.CaseReopened:
        self.cycle += 1
        return intake.CaseReopened(**self._common(), reason="not_fixed", reopened_at=at)

    def cancelled(self, at: datetime) -> intake.CaseCancelled:
        return intake.CaseCancelled(**self._common(), reason="withdrawn", cancelled_at=at)

    def armed(self, at: datetime, due_at: datetime) -> sla.ClockArmed:
        return sla.ClockArmed(
            **self._common(), metric="resolve", started_at=at, due_at=due_at, policy="q01@1", calendar="always@1"
        )

    def warned(self, at: datetime, due_at: datetime) -> sla.SlaWarned:
        return sla.SlaWarned(**self._common(), metric="resolve", level="75%", due_at=due_at, warned_at=at)

    def held(self, at: datetime) -> sla.ClockHeld:
        return sla.ClockHeld(**self._common(), metric="resolve", reason="information", held_at=at, remaining_seconds=0)

    def resumed(self, at: datetime, due_at: datetime) -> sla.ClockRescheduled:
        return sla.ClockRescheduled(
            **self._common(), metric="resolve", due_at=due_at, cause="resume", rescheduled_at=at
        )

    def put_off(self, at: datetime, due_at: datetime) -> sla.ClockRescheduled:
        """Another deadline, so late that nobody has been warned of it yet."""
        return sla.ClockRescheduled(
            **self._common(), metric="resolve", due_at=due_at, cause="extension", rescheduled_at=at, warned=()
        )

    def breached(
        self, due_at: datetime, *, at: datetime | None = None, generation: int = 1, metric: str = "resolve", **more: Any
    ) -> sla.SlaBreached:
        return sla.SlaBreached(
            **self._common(), breach_id=uuid7(), metric=metric, due_at=due_at, breached_at=at or due_at,
            cause="elapsed", generation=generation, **more,
        )  # fmt: skip

    def voided(self, breach: sla.SlaBreached, at: datetime) -> sla.BreachVoided:
        return sla.BreachVoided(
            **self._common(), breach_id=breach.breach_id, metric="resolve", reason="late fact", voided_at=at
        )


@dataclass
class Desk:
    """Escalation without its neighbours: facts go to its folds, its timer runs when told to."""

    db: Database
    clock: ManualClock
    _seq: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def numbered(self, *events: Event) -> list[tuple[Event, Meta]]:
        """The events as their publishers would send them."""
        sent = []
        for event in events:
            self._seq[event.TOPIC, event.key] += 1
            sent.append((event, Meta(uuid7(), self._seq[event.TOPIC, event.key], self.now, None, self.now)))
        return sent

    async def take(self, sent: Sequence[tuple[Event, Meta]]) -> None:
        for event, meta in sent:
            async with self.db.transaction() as tx:
                await fold_in(tx, FOLDS, [(event, meta)])

    async def hear(self, *events: Event) -> None:
        await self.take(self.numbered(*events))

    async def listen_until(self, until: datetime, topics: Sequence[str] = PUBLISHERS) -> None:
        """Everything the publishers recorded before `until` has arrived."""
        async with self.db.transaction() as tx:
            for topic in topics:
                await raise_watermark(tx, topic, 0, 1, until)

    async def fire(self, *, most: int = 200) -> int:
        """Run the timer until nothing more is due; how many ladders it looked at."""
        looked = 0
        while True:
            async with self.db.transaction(edge="timer") as tx:
                done = await fire_due_rungs(tx, most=most)
            looked += done
            if not done:
                return looked

    async def advance(self, **by: float) -> None:
        """Move the clock, hear of it from both publishers, fire."""
        self.clock.advance(timedelta(**by))
        await self.listen_until(self.now)
        await self.fire()

    async def rows(self, query: str, **params: object) -> Sequence[Row[Any]]:
        async with self.db.transaction() as tx:
            return await tx.all(text(query), params)

    async def rungs(self, case: Case, *, cycle: int = 1, state: str = "fired") -> Sequence[Row[Any]]:
        return await self.rows(
            "SELECT * FROM escalation.rung WHERE case_id = :case AND cycle = :cycle AND state = :state ORDER BY rung",
            case=case.case_id, cycle=cycle, state=state,
        )  # fmt: skip

    async def told(self, kind: type[Event], case: Case | None = None) -> list[dict[str, Any]]:
        """The events of a type that were published, in order."""
        rows = await self.rows(
            "SELECT payload FROM escalation.outbox WHERE type = :type AND (:key = '' OR key = :key) ORDER BY id",
            type=kind.TYPE, key=str(case.case_id) if case else "",
        )  # fmt: skip
        return [row.payload for row in rows]

    async def staff(self, office: str, holders: Mapping[str, Officer | None], *, acting: bool = False) -> None:
        """These officers hold the posts of an office from now on, or act for them."""
        sittings = {post: Sitting(officer, acting) if officer else None for post, officer in holders.items()}
        async with self.db.transaction() as tx:
            view = await posts.view_posts(tx, office)
            await posts.set_posts(tx, office, sittings, version=view.office.version)


@dataclass
class Front:
    """Escalation's REST interface without a network."""

    app: Any
    issuer: DevIssuer
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    def sign_in(self, role: str, office: str | None = None, *also: str) -> httpx.AsyncClient:
        """A client for somebody with this role at an office."""
        _, regions = rows_of(office, DEPUTY_AREAS)
        token = self.issuer.mint([role, *also], offices=[office] if office else [], regions=list(regions))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://pwa.test/escalation/v1",
            headers={"Authorization": f"Bearer {token}"},
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
