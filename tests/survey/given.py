"""Builders: facts as intake would tell them, and a desk that takes them in, runs the jobs and is asked over REST."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Row, text

from services.survey_service.consumers import FOLDS
from services.survey_service.jobs import JOBS
from shared.contracts import intake
from shared.contracts.base import Event
from shared.kernel.clock import ManualClock
from shared.kernel.ids import uuid7
from shared.messaging.fold import Meta
from shared.reference import region_of
from shared.runtime.service import Context
from shared.testing.batches import fold_in
from shared.testing.gateways import Gateways
from shared.web.dev_issuer import DevIssuer

PHONE = "+66812345678"
LINE = "U0123456789abcdef"
EMAIL = "somying@example.com"


@dataclass
class Case:
    """One case of a test; makes its facts as intake would word them."""

    office: str = "1102"
    kind: str = "complaint"
    restricted: bool = False
    channel: str = "website"
    severity: str = "normal"
    handler: str = "somchai"
    contact_version: int = 1
    cycle: int = 1
    case_id: UUID = field(default_factory=uuid7)

    def _common(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id, "office": self.office, "region": region_of(self.office), "kind": self.kind,
            "restricted": self.restricted, "cycle": self.cycle,
        }  # fmt: skip

    def registered(self, at: datetime) -> intake.CaseRegistered:
        return intake.CaseRegistered(
            **self._common(), number="1102-2569-000001", receiving_office=self.office, channel=self.channel,
            severity=self.severity, received_at=at, registered_at=at, contact_version=self.contact_version,
        )  # fmt: skip

    def card(self, **address: str | None) -> intake.ContactCard:
        given = address or {"phone": PHONE}
        return intake.ContactCard(
            case_id=self.case_id, version=self.contact_version, name="สมหญิง <b>ตัวอย่าง</b>", **given
        )

    def erased(self, version: int) -> intake.ContactErased:
        return intake.ContactErased(case_id=self.case_id, version=version)

    def changed(self, at: datetime, version: int, *, erased: bool = False) -> intake.ContactChanged:
        self.contact_version = version
        return intake.ContactChanged(**self._common(), contact_version=version, erased=erased, changed_at=at)

    def resolved(self, at: datetime, *, repaired: bool = True, action: str = "ซ่อมท่อ") -> intake.CaseResolved:
        return intake.CaseResolved(
            **self._common(), repaired=repaired, cause="ท่อแตก", action=action, handler=self.handler,
            not_repaired_reason=None if repaired else "รออะไหล่", mister_prapa="MP-1102-1", subject="Q01",
            channel=self.channel, contact_version=self.contact_version, resolved_at=at, reported_at=at,
        )  # fmt: skip

    def reopened(self, at: datetime) -> intake.CaseReopened:
        self.cycle += 1
        return intake.CaseReopened(**self._common(), reason="not_fixed", reopened_at=at)

    def cancelled(self, at: datetime) -> intake.CaseCancelled:
        return intake.CaseCancelled(**self._common(), reason="withdrawn", cancelled_at=at)


@dataclass
class Desk:
    """Survey without its neighbours."""

    context: Context
    clock: ManualClock
    gateway: Gateways
    app: Any
    issuer: DevIssuer
    _seq: Counter[tuple[str, str]] = field(default_factory=Counter)
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def numbered(self, *events: Event) -> list[tuple[Event, Meta]]:
        """The events as their publisher would number them."""
        sent = []
        for event in events:
            self._seq[event.TOPIC, event.key] += 1
            sent.append((event, Meta(uuid7(), self._seq[event.TOPIC, event.key], self.now, None, self.now)))
        return sent

    async def take(self, *events: Event) -> None:
        """Each event in a transaction of its own."""
        await self.take_numbered(self.numbered(*events))

    async def take_numbered(self, events: Sequence[tuple[Event, Meta]]) -> None:
        for event, meta in events:
            async with self.context.db.transaction() as tx:
                await fold_in(tx, FOLDS, [(event, meta)])

    async def run_jobs(self) -> None:
        """Until nothing moves any more."""
        for _ in range(50):
            if not sum([await job.step(self.context) for job in JOBS]):
                return
        raise AssertionError("the jobs do not come to rest")

    async def rows(self, query: str, **values: object) -> Sequence[Row[Any]]:
        async with self.context.db.transaction() as tx:
            return await tx.all(text(query), values)

    async def one(self, query: str, **values: object) -> Any:
        (row,) = await self.rows(query, **values)
        return row

    async def told(self, kind: str, case: Case | None = None) -> list[dict[str, Any]]:
        """What was published under this type name (customer-told), in order."""
        query = "SELECT payload FROM survey.outbox WHERE type = :type ORDER BY id"
        payloads = [row.payload for row in await self.rows(query, type=f"pwa.survey.{kind}.v1")]
        return [each for each in payloads if case is None or each.get("case_id") == str(case.case_id)]

    def api(
        self, role: str, *roles: str, office: str | None = None, region: int | None = None, subject: str | None = None
    ) -> httpx.AsyncClient:
        token = self.issuer.mint(
            [role, *roles],
            offices=[office] if office else [],
            regions=[region] if region else [],
            subject=subject or role,
            now=None,
        )
        return self.anonymous({"Authorization": f"Bearer {token}"})

    def anonymous(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://pwa.test/survey/v1", headers=headers)
        self._clients.append(client)
        return client

    def root(self) -> httpx.AsyncClient:
        """A stranger's client for whole paths, as a provider calls back."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://pwa.test")
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def resolved(desk: Desk, case: Case | None = None, /, **address: str | None) -> Case:
    """A case whose branch has just reported completion and whose card has arrived."""
    case = case or Case()
    await desk.take(case.registered(desk.now), case.card(**address), case.resolved(desk.now))
    return case
