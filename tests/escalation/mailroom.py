"""A desk that tells officers: real small gateways, the jobs that send, and shorthands for what arrived."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from services.escalation_service.domain.offices import Officer
from services.escalation_service.jobs import bundle_messages, send_mailings, settle_stale_mailings
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store import roster
from services.escalation_service.use_cases import message_health
from shared.db import Row
from shared.runtime.service import Context
from shared.testing.gateways import Gateways
from tests.escalation.given import Case, Desk, Front

HOUR = timedelta(hours=1)
MANAGER = Officer("PWA-1", "สมชาย <b>ตัวอย่าง</b>", email="manager@pwa.example")
DIRECTOR = Officer("PWA-2", "สมหญิง ตัวอย่าง", email="director@pwa.example", line_id="U2")
GOVERNOR = Officer("PWA-3", "สมศักดิ์ ตัวอย่าง", email="governor@pwa.example")
DIVISION = Officer("PWA-9", "กสส. เวรวันนี้", email="division@pwa.example")


@dataclass
class Mailroom:
    """Escalation with its senders."""

    desk: Desk
    front: Front
    context: Context
    gateway: Gateways
    settings: Mapping[str, object]

    async def staff(self, manager: Officer | None = MANAGER) -> None:
        """Branch 1102, its region R01 and its deputy governor's area D3 have officers."""
        await self.desk.staff("1102", {"branch_manager": manager})
        await self.desk.staff("R01", {"region_director": DIRECTOR})
        await self.desk.staff("D3", {"deputy_governor": GOVERNOR})

    async def enter(self, officer: Officer) -> None:
        """Enter an officer, or other contacts of one."""
        async with self.desk.db.transaction() as tx:
            if not await roster.add_officer(tx, officer):
                await roster.change_officer(tx, officer)

    async def send(self) -> None:
        """Run the sending jobs until nothing moves."""
        for _ in range(50):
            moved = [await step(self.context) for step in (bundle_messages, send_mailings, settle_stale_mailings)]
            if not any(moved):
                return
        raise AssertionError("the senders do not come to rest")

    async def race(self) -> None:
        """Two processes run the sending jobs at the same time."""
        for step in (bundle_messages, send_mailings):
            await asyncio.gather(step(self.context), step(self.context))

    async def together(self, *requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
        return list(await asyncio.gather(*requests))

    async def problems(self, **other: object) -> list[str]:
        """Why officers may not be told, under these settings."""
        settings = EscalationSettings(**{**self.settings, **other})  # type: ignore[arg-type]
        async with self.desk.db.transaction() as tx:
            return await message_health.problems(tx, settings)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """What happens inside happens while a mail is at the server and has no answer yet."""
        hold = self.gateway.email.hold_next()
        sender = asyncio.create_task(send_mailings(self.context))
        await hold.arrived.wait()
        yield
        hold.release()
        await sender

    async def later(self, **by: float) -> None:
        """Time passes, rungs fire, messages go."""
        await self.desk.advance(**by)
        await self.send()

    async def late(self, office: str = "1102", **more: Any) -> Case:
        """A case of the office whose deadline has just passed and whose first rung has fired; nothing is sent yet."""
        case = Case(office, **more)
        await self.desk.hear(case.registered(self.desk.now - 24 * HOUR), case.classified(self.desk.now - 24 * HOUR))
        await self.desk.hear(case.breached(self.desk.now))
        await self.desk.advance(seconds=1)
        return case

    async def messages(self, case: Case | None = None) -> Sequence[Row[Any]]:
        query = "SELECT * FROM escalation.message WHERE :all OR case_id = :case ORDER BY message_id"
        return await self.desk.rows(query, all=case is None, case=case.case_id if case else None)

    async def states(self, case: Case) -> list[tuple[str, str | None, str]]:
        """(kind, recipient, state) of every message of a case."""
        return [(row.kind, row.recipient, row.state) for row in await self.messages(case)]

    def mails(self) -> list[tuple[str, str]]:
        """(address, subject) of every e-mail that arrived."""
        return [(mail.recipients[0], mail.subject) for mail in self.gateway.email.sent]
