"""The follow-up list of กสส.: who chases what, and what the officers answer (process step 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import Plan, evaluate
from services.escalation_service.domain.offices import covered_regions, may_answer
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import answers, cases, follow_ups, ladders, messages, offices
from services.escalation_service.use_cases.planning import rule_book, rules_of, settle
from shared.contracts.escalation import RungAcknowledged
from shared.db import Row, Tx
from shared.kernel.access import Scope
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from shared.kernel.ids import uuid7


@dataclass(frozen=True)
class Chase:
    """One call, letter or visit: whom, by which means, the answer, when to ask again."""

    whom: str
    means: str
    answer: str
    next_chase_on: date | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True)
class Acknowledgement:
    """An officer took notice; `defer` puts the next rung off by at most what the ladder allows."""

    defer: timedelta | None = None
    promised_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True)
class CaseView:
    """A case with everything its ladders recorded."""

    file: CaseFile
    ladders: Sequence[Ladder]
    rungs: Sequence[Row[Any]]
    chases: Sequence[Row[Any]]
    plan: Plan | None
    answers: Sequence[Row[Any]]
    messages: Sequence[Row[Any]]


async def scope_of(tx: Tx) -> Scope:
    """The reader's rows; a region or a deputy governor's area stands for its regions, with branches moved there."""
    scope, chart = tx.actor.scope, await offices.chart(tx, tx.now)
    regions = scope.regions | covered_regions(scope.offices, chart.areas)
    joined = {office for office, region in chart.moved.items() if region in regions}
    return replace(scope, regions=regions, offices=scope.offices | joined)


async def visible(tx: Tx, case_id: UUID) -> CaseFile:
    """The case, for those who see its office, whom one of its rungs called upon, and who was put in charge of one."""
    scope = await scope_of(tx)
    if not await follow_ups.is_visible(tx, scope, case_id) and not await answers.is_in_charge(
        tx, scope, case_id, tx.actor.id
    ):
        raise NotFound("There is no such case.")
    return (await cases.files_of(tx, [case_id]))[case_id]


async def view_case(tx: Tx, case_id: UUID) -> CaseView:
    """Every rung of a case, fired, lapsed and next."""
    file = await visible(tx, case_id)
    found = await ladders.find(tx, case_id)
    plan = None
    if found and found[-1].has_breached:
        facts = (await ladders.facts_of(tx, found[-1:]))[found[-1].key]
        plan = evaluate(facts, rules_of(await rule_book(tx), file, facts, tx.now))
    return CaseView(
        file, found, await ladders.rungs_of(tx, case_id), await follow_ups.chases_of(tx, case_id), plan,
        await answers.of_case(tx, case_id), await messages.of_case(tx, case_id),
    )  # fmt: skip


async def lock_current(tx: Tx, case_id: UUID) -> Ladder:
    """The ladder of the case's newest cycle, locked."""
    found = await ladders.find(tx, case_id)
    if not found:
        raise NotFound("There is no such case.")
    return await ladders.lock(tx, case_id, found[-1].cycle)


async def chase(tx: Tx, case_id: UUID, done: Chase) -> UUID:
    """Log that somebody was chased; a promise and the next date show on the list."""
    file = await visible(tx, case_id)
    before = await lock_current(tx, case_id)
    if not before.is_on_the_list:
        raise Conflict("This case is not on the follow-up list.", code="not_on_follow_up_list")
    check_promise(done.promised_at, tx.now)
    chase_id = uuid7(tx.now)
    await follow_ups.add_chase(
        tx,
        {
            "chase_id": chase_id, "case_id": case_id, "cycle": before.cycle, "whom": done.whom, "means": done.means,
            "answer": done.answer, "next_chase_on": done.next_chase_on, "promised_at": done.promised_at,
            "chased_by": tx.actor.id, "chased_at": tx.now,
        },
    )  # fmt: skip
    after = replace(before, next_chase_on=done.next_chase_on, last_chased_at=tx.now).promise(done.promised_at)
    await settle(tx, before, after, file)
    await tx.audit("chase", str(case_id), means=done.means, cycle=before.cycle)
    return chase_id


def check_promise(promised_at: datetime | None, now: datetime) -> None:
    """Refuse a promise for the past."""
    if promised_at is not None and promised_at <= now:
        raise Invalid("A promise is for a time that is still to come.", code="promise_in_the_past")


@dataclass(frozen=True)
class OpenRung:
    """A rung that fired in the current cycle of an open case, with everything around it, locked."""

    file: CaseFile
    ladder: Ladder
    row: Row[Any]


async def open_rung(tx: Tx, case_id: UUID, rung: int) -> OpenRung:
    """The rung, for a reader of the case; refuses one that has not fired, or whose case is closed."""
    file = await visible(tx, case_id)
    ladder = await lock_current(tx, case_id)
    row = await ladders.find_rung(tx, ladder.key, rung)
    if row is None or row.fired_at is None:
        raise NotFound("This rung has not fired in the current cycle.")
    if ladder.closed_at is not None:
        raise Conflict("The case is closed already.", code="case_closed")
    return OpenRung(file, ladder, row)


async def answerable(tx: Tx, case_id: UUID, rung: int) -> OpenRung:
    """The rung, for the officer it called upon, acting or not, whoever was put in charge of it, and กสส."""
    found = await open_rung(tx, case_id, rung)
    row, areas = found.row, await offices.areas(tx, tx.now)
    is_mine = tx.actor.id in (row.in_charge, row.officer_code)
    if not is_mine and not may_answer(tx.actor, row.post, row.post_office, areas):
        raise Forbidden("Only the officer of this post or กสส. may answer.", code="not_your_post")
    return found


async def acknowledge(tx: Tx, case_id: UUID, rung: int, said: Acknowledgement) -> datetime | None:
    """An officer takes notice of the rung that called upon the post; until when the next rung waits because of it."""
    found = await answerable(tx, case_id, rung)
    if found.row.acknowledged_at is not None:
        raise Conflict("This rung was acknowledged already.", code="already_acknowledged")
    check_promise(said.promised_at, tx.now)
    deferred_until = await _deferral(tx, found.ladder, found.file, rung, said)
    await note_acknowledgement(tx, found, said, deferred_until)
    return deferred_until


async def note_acknowledgement(tx: Tx, found: OpenRung, said: Acknowledgement, deferred_until: datetime | None) -> None:
    """Record that somebody took notice of the rung, and tell."""
    ladder, rung = found.ladder, found.row.rung
    await _record(tx, found.row, said, deferred_until)
    is_last = rung == ladder.last_rung
    after = replace(ladder, last_acknowledged_at=tx.now if is_last else ladder.last_acknowledged_at)
    await settle(tx, ladder, after.promise(said.promised_at), found.file)
    await _tell(tx, ladder, found.file, rung, (deferred_until, said.promised_at))


async def _deferral(tx: Tx, ladder: Ladder, file: CaseFile, rung: int, said: Acknowledgement) -> datetime | None:
    """Only the rung fired last can put the next one off, and never for longer than the ladder allows."""
    if rung != ladder.last_rung or ladder.next_rung is None:
        return None
    facts = (await ladders.facts_of(tx, [ladder]))[ladder.key]
    longest = rules_of(await rule_book(tx), file, facts, tx.now).longest_deferral
    wanted = longest if said.defer is None else said.defer
    if wanted > longest:
        raise Invalid("The next rung can not be put off for so long.", code="deferral_too_long")
    return tx.now + wanted if wanted else None


async def _record(tx: Tx, row: Row[Any], said: Acknowledgement, deferred_until: datetime | None) -> None:
    values = {
        "acknowledged_at": tx.now, "acknowledged_by": tx.actor.id, "deferred_until": deferred_until,
        "promised_at": said.promised_at, "note": said.note,
    }  # fmt: skip
    await ladders.acknowledge_rung(tx, row.rung_id, values | {"promised_at": said.promised_at or row.promised_at})
    kept = {name: values[name] for name in ("deferred_until", "promised_at", "note")}
    await answers.add(tx, answer_row(tx, row, "acknowledge") | kept)


def answer_row(tx: Tx, rung: Row[Any], kind: str) -> dict[str, object]:
    """What every entry in the log of answers has."""
    copied = {name: getattr(rung, name) for name in ("rung_id", "case_id", "cycle", "rung")}
    return {
        **copied, "answer_id": uuid7(tx.now), "kind": kind, "answered_by": tx.actor.id, "answered_at": tx.now,
    }  # fmt: skip


async def _tell(
    tx: Tx, ladder: Ladder, file: CaseFile, rung: int, dates: tuple[datetime | None, datetime | None]
) -> None:
    await tx.publish(
        RungAcknowledged(
            case_id=ladder.case_id, office=file.office, region=file.region, kind=file.kind,
            restricted=file.restricted, cycle=ladder.cycle, rung=rung, acknowledged_by=tx.actor.id,
            acknowledged_at=tx.now, deferred_until=dates[0], promised_at=dates[1],
        )
    )  # fmt: skip
    await tx.audit("acknowledge", str(ladder.case_id), rung=rung, cycle=ladder.cycle)
