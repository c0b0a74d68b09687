"""Cases of the demo as they live: planned, then known by the id that intake gave them."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.demo.client import Answer, Product, Staff, spread
from services.demo.plan import Planned
from services.demo.progress import Bar, Stage
from shared.kernel.fiscal import bangkok_date
from shared.reference import subjects


@dataclass
class Living:
    """A case that exists."""

    planned: Planned
    id: str
    number: str
    tracking_code: str | None
    office: str
    state: str

    @property
    def path(self) -> str:
        return f"/intake/v1/cases/{self.id}"

    @property
    def is_restricted(self) -> bool:
        return subjects()[self.planned.subject].restricted

    @property
    def also(self) -> str:
        """The second role that staff need for cases which only named readers see."""
        return "restricted_reader" if self.is_restricted else ""


@dataclass
class World:
    """Everything that the steps of the day share."""

    product: Product
    stage: Stage
    rng: random.Random
    run: str  # tells one run's references from another's

    def head_office(self, case: Living | None = None) -> Staff:
        """A clerk of the head-office intake bureau."""
        return self.product.staff("intake_officer", "HQ", subject="demo-hq-clerk", also=case.also if case else "")

    def division(self, case: Living | None = None) -> Staff:
        """Somebody of กสส."""
        return self.product.staff("complaints_division", "HQ", subject="demo-division", also=case.also if case else "")

    def branch(self, case: Living, *, nr: int = 1) -> Staff:
        """Staff of the branch that is responsible for the case."""
        office = case.planned.branch
        return self.product.staff("branch_staff", office, subject=f"demo-{office}-{nr}", also=case.also)

    async def change(self, case: Living, who: Staff, action: str, body: object) -> Answer:
        """Do something with a case and keep what it is then."""
        answer = await who.change(f"{case.path}/{action}", body, thing=case.path)
        case.state, case.office = answer.body["state"], answer.body["office"]
        return answer

    def clerk(self, case: Living) -> Staff:
        """Whoever handles a case that is not yet at work: the branch that received it, else the head office."""
        return self.head_office(case) if case.office == "HQ" else self.branch(case)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def in_days(self, days: int) -> str:
        """A Bangkok day from today, as the interfaces write it."""
        return (bangkok_date(self.now()) + timedelta(days=days)).isoformat()

    async def spread(self, items: Sequence[Any], work: Callable[[Any], Awaitable[Any]], bar: Bar) -> list[Any]:
        """Do the work for each item, a few at a time; what was refused is told at the end."""
        return self.stage.check(await spread(items, work, tick=bar.tick))
