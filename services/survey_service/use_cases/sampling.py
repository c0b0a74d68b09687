"""Sample calls: drawn once per region and month, called until the quota is complete (process step 7)."""

import calendar
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from services.survey_service.domain.calls import CallState
from services.survey_service.domain.case import CaseFile
from services.survey_service.domain.rules import precision_of
from services.survey_service.domain.sampling import frame_hash, permutation, yamane
from services.survey_service.store import calls, cases, rules, samples
from services.survey_service.store.samples import Sample
from services.survey_service.use_cases.calling import open_call
from services.survey_service.use_cases.common import found
from shared.contracts.survey import SampleDrawn
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Forbidden, Invalid
from shared.kernel.fiscal import midnight
from shared.kernel.ids import uuid7

# Whoever could not or would not be reached by the satisfaction call is not called again for the sample.
_NOT_AGAIN = frozenset({"refused", "wrong_number", "no_phone"})


class EmptyFrame(Conflict):
    """No closed complaint to draw from."""

    code = "empty_frame"


class AlreadyDrawn(Conflict):
    """This region and month have their sample."""

    code = "already_drawn"


@dataclass(frozen=True)
class Order:
    """What shall be drawn; the quota follows from the precision unless a person sets it."""

    region: int
    month: str
    precision: str | None = None
    quota: int | None = None
    seed: str | None = None


async def draw(tx: Tx, order: Order) -> Sample:
    """Draw once. The seed is stored: anybody can repeat the draw from it and the frame."""
    scope = tx.actor.scope
    if not scope.everything and order.region not in scope.regions:
        raise Forbidden("This region is not yours.")
    by = await rules.for_sampling(tx)
    precision = precision_of(order.precision) if order.precision else by.precision
    since, until = month_bounds(order.month)
    if since > tx.now:
        raise Invalid("This month has not begun.", code="month_not_begun")
    cycles = await samples.frame(tx, order.region, since, until)
    if not cycles:
        raise EmptyFrame("There is no closed complaint of this region in this month.")
    drawn = await _decided(tx, order, precision, list(cycles))
    if not await samples.add_sample(tx, drawn):
        raise AlreadyDrawn("This region and month have their sample.", sample_id=str(await _existing(tx, order)))
    await samples.add_members(tx, drawn.id, permutation(cycles, drawn.seed), cycles, drawn.quota)
    await tx.publish(
        SampleDrawn(
            sample_id=drawn.id, region=drawn.region, month=drawn.month, frame=drawn.frame, quota=drawn.quota,
            seed=drawn.seed, drawn_at=tx.now,
        )
    )  # fmt: skip
    await tx.audit("sample.drawn", str(drawn.id), region=drawn.region, month=drawn.month, quota=drawn.quota)
    return drawn


async def _decided(tx: Tx, order: Order, precision: Fraction, frame: list[UUID]) -> Sample:
    quota = min(order.quota or yamane(len(frame), precision), len(frame))
    return Sample(
        id=uuid7(tx.now),
        region=order.region,
        month=order.month,
        frame=len(frame),
        frame_hash=frame_hash(frame),
        quota=quota,
        precision=order.precision or f"{float(precision):g}",
        seed=order.seed or secrets.token_hex(16),
        checklist=(await rules.standards(tx)).version,
        drawn_by=tx.actor.id,
        drawn_at=tx.now,
    )


async def _existing(tx: Tx, order: Order) -> UUID | None:
    there = await samples.sample_for(tx, order.region, order.month)
    return there.id if there else None


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of a Bangkok month (2026-02) and first instant after it. Raises Invalid."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid("A month is written as 2026-02.", code="bad_month") from None
    return midnight(first), midnight(first + timedelta(days=calendar.monthrange(first.year, first.month)[1]))


async def arrange_calls(tx: Tx, limit: int) -> int:
    """Give each chosen member its call: the open one of step 5 with the checklist added, or one of its own."""
    members = await samples.claim_chosen(tx, limit)
    for member in members:
        await _arrange(tx, member)
    return len(members)


async def _arrange(tx: Tx, member: Row[Any]) -> None:
    case = await cases.lock_case(tx, member.case_id)
    obstacle = await _obstacle(tx, case, member)
    if obstacle:
        await samples.move_member(tx, member, "unreached", reason=obstacle)
        await samples.choose_replacement(tx, member.sample_id, member.position)
        return
    there = await calls.calls_of_cycle(tx, case.id, case.cycle)
    call = there.get("satisfaction")
    if call is None or call.state is CallState.CLOSED:
        done = await cases.get_resolution(tx, case.id, case.cycle)
        call = await open_call(tx, case, done, await cases.find_card(tx, case.id), "sample")
    drawn = found(await samples.lock_sample(tx, member.sample_id), "sample")
    await calls.save_call(tx, call.sampled(drawn.id, drawn.checklist, tx.now))
    await samples.move_member(tx, member, "calling", call_id=call.id)


async def _obstacle(tx: Tx, case: CaseFile, member: Row[Any]) -> str | None:
    """Why a member cannot be called, if so."""
    if not case.stands_resolved(member.cycle):
        return "reopened"
    if case.restricted:
        return "restricted"
    card = await cases.find_card(tx, case.id)
    if card is None or not card.phone:
        return "no_phone"
    there = await calls.calls_of_cycle(tx, case.id, case.cycle)
    if "sample" in there:
        return "sampled_before"
    before = there.get("satisfaction")
    return before.outcome if before and before.outcome in _NOT_AGAIN and before.state is CallState.CLOSED else None


@dataclass(frozen=True)
class Progress:
    """How far a sample has come; `short` says that the frame is used up before the quota is complete."""

    quota: int
    completed: int
    open: int
    unreached: int
    reserve: int
    short: int


async def progress(tx: Tx, sample_id: UUID) -> tuple[Sample, Progress]:
    drawn = found(await samples.find_sample(tx, sample_id, tx.actor.scope), "sample")
    states = await samples.members_by_state(tx, sample_id)
    completed, still = states.get("completed", 0), states.get("chosen", 0) + states.get("calling", 0)
    return drawn, Progress(
        quota=drawn.quota,
        completed=completed,
        open=still,
        unreached=states.get("unreached", 0),
        reserve=states.get("reserve", 0),
        short=max(0, drawn.quota - completed - still),
    )
