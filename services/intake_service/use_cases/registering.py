"""Receive cases: many at once in a few statements, or one at a time when something in a group is wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from services.intake_service.domain.case import Case, State
from services.intake_service.domain.number import Series, as_case_number
from services.intake_service.domain.receipt import Receipt
from services.intake_service.domain.suggestion import suggest
from services.intake_service.domain.taxonomy import Subject
from services.intake_service.domain.tracking import as_tracking_code
from services.intake_service.store import cases
from services.intake_service.use_cases import events, following
from services.intake_service.use_cases.classifying import KnownSubjects, checked_subject, classification_row
from shared.db import Tx
from shared.kernel.access import Actor
from shared.kernel.errors import Refusal
from shared.kernel.words import Kind
from shared.reference import region_of


@dataclass(frozen=True)
class Request:
    """One receipt, and who hands it over. `follow_up_of` is a number or tracking code as it was written."""

    receipt: Receipt
    actor: Actor
    traceparent: str | None = None
    follow_up_of: str | None = None

    @property
    def is_settled(self) -> bool:
        """Staff know what they take in; what an adapter states about subject and branch is only a hint."""
        return self.receipt.subject_hint is not None and self.actor.may("cases:handle")


@dataclass(frozen=True)
class Registered:
    """What became of a receipt: a new case, or an existing one that it repeats or follows up."""

    case: Case
    outcome: Literal["registered", "repeated", "attached"] = "registered"


Answer = Registered | Refusal


async def register_many(tx: Tx, requests: Sequence[Request], known: KnownSubjects) -> list[Answer]:
    """Register a group. A refused request fails alone; any other exception means: none of the group is written."""
    answers: dict[int, Answer] = {}
    fresh = await _sort_out(tx, requests, answers)
    subjects = await known.now(tx)
    ready = [(place, request) for place, request in fresh.items() if _is_sound(place, request, subjects, answers)]
    for (place, request), case in zip(ready, await _write(tx, [each for _, each in ready], subjects), strict=True):
        answers[place] = Registered(case)
        await _tell(tx, request, case)
    await _repeat_within(tx, requests, answers, known)
    return [answers[place] for place in range(len(requests))]


@contextmanager
def acting(tx: Tx, request: Request) -> Iterator[None]:
    """Write audit rows and events in the name of one of the group."""
    before = tx.actor, tx.traceparent
    tx.actor, tx.traceparent = request.actor, request.traceparent
    try:
        yield
    finally:
        tx.actor, tx.traceparent = before


async def _sort_out(tx: Tx, requests: Sequence[Request], answers: dict[int, Answer]) -> dict[int, Request]:
    """Answer what is no new case; gives the rest by place, without those that repeat another of the group."""
    origins = [o for each in requests if (o := _origin(each)) is not None]
    known, chased = await cases.find_by_origin(tx, origins), await cases.find_by_follow_up(tx, origins)
    named: dict[int, UUID] = {}
    fresh: dict[int, Request] = {}
    first: set[tuple[str, str]] = set()
    for place, request in enumerate(requests):
        try:
            request.receipt.check(now=tx.now)
        except Refusal as refusal:
            answers[place] = refusal
            continue
        origin = _origin(request)
        if origin is not None and origin in known:
            named[place] = known[origin]
        elif origin is not None and origin in chased:
            with acting(tx, request):
                answers[place] = Registered(await following.repeat_follow_up(tx, chased[origin]), "attached")
        elif request.follow_up_of is not None and (found := await _find_followed(tx, request.follow_up_of)):
            named[place] = found
        elif origin not in first:
            fresh[place] = _as_enquiry(request)
            first |= {origin} if origin else set()
    # In the order of the cases' ids, so that two groups never wait for each other.
    for place, case_id in sorted(named.items(), key=lambda item: (item[1], item[0])):
        answers[place] = await _join(tx, requests[place], case_id, repeats=_origin(requests[place]) in known)
    return fresh


async def _join(tx: Tx, request: Request, case_id: UUID, *, repeats: bool) -> Registered:
    with acting(tx, request):
        if repeats:
            return Registered(await following.repeat(tx, case_id, request.receipt), "repeated")
        return Registered(await following.attach(tx, case_id, request.receipt), "attached")


async def _repeat_within(tx: Tx, requests: Sequence[Request], answers: dict[int, Answer], known: KnownSubjects) -> None:
    """Answer those that carry the same reference as an earlier one of the group."""
    made = {_origin(requests[place]): answer for place, answer in answers.items() if _origin(requests[place])}
    for place, request in enumerate(requests):
        if place in answers:
            continue
        first = made[_origin(request)]
        if isinstance(first, Registered):
            answers[place] = await _join(tx, request, first.case.id, repeats=True)
        else:
            # The first with this reference was refused; this one stands for itself.
            (answers[place],) = await register_many(tx, [request], known)


def _origin(request: Request) -> tuple[str, str] | None:
    origin = request.receipt.origin
    return (origin.agency, origin.reference) if origin else None


async def _find_followed(tx: Tx, written: str) -> UUID | None:
    number, code = as_case_number(written), as_tracking_code(written)
    if number is None and code is None:
        return None
    return await cases.find_named(tx, number=number, tracking_code=code)


def _as_enquiry(request: Request) -> Request:
    """A follow-up that matches no case becomes an enquiry (process.md, "Words")."""
    if request.follow_up_of is None:
        return request
    return replace(request, receipt=replace(request.receipt, kind=Kind.INFORMATION))


def _is_sound(place: int, request: Request, subjects: Mapping[str, Subject], answers: dict[int, Answer]) -> bool:
    hint = request.receipt.subject_hint
    try:
        if hint is not None:
            checked_subject(hint, subjects.get(hint))
    except Refusal as refusal:
        answers[place] = refusal
        return False
    return True


async def _write(tx: Tx, requests: Sequence[Request], subjects: Mapping[str, Subject]) -> list[Case]:
    """Number all, then write all: two statements for the whole group."""
    if not requests:
        return []
    wanted = Counter(_series(each) for each in requests)
    taken = await cases.take_numbers(tx, wanted)
    running = {series: last - wanted[series] for series, last in taken.items()}
    new: list[tuple[Receipt, Case]] = []
    for request in requests:
        series = _series(request)
        running[series] += 1
        hinted = subjects.get(request.receipt.subject_hint or "")
        case = Case.received(request.receipt, number=series.number(running[series]), at=tx.now, hinted=hinted)
        new.append((request.receipt, _settled(request, case, subjects)))
    entries = [
        entry for request, (_, case) in zip(requests, new, strict=True) for entry in _entries(request.actor, case)
    ]
    chosen = [_chosen(each, case) for each, (_, case) in zip(requests, new, strict=True) if each.is_settled]
    await cases.add(tx, new, entries, chosen)
    return [case for _, case in new]


def _series(request: Request) -> Series:
    return Series.of(request.receipt.receiving_office, request.receipt.received_at)


def _settled(request: Request, case: Case, subjects: Mapping[str, Subject]) -> Case:
    """Classified at once, and routed when the branch is known too."""
    if not request.is_settled:
        return case
    known = case.classified_at_receipt(subjects[request.receipt.subject_hint or ""])
    if branch := request.receipt.branch_hint:
        known = known.route(branch, region_of(branch))
    return replace(known, version=1)


def _entries(actor: Actor, case: Case) -> list[dict[str, object]]:
    facts = {"number": case.number, "channel": str(case.channel), "received_at": case.received_at.isoformat()}
    told: list[tuple[str, dict[str, object]]] = [("registered", {**facts, "office": case.receiving_office})]
    if case.subject:
        told.append(("classified", {"subject": case.subject, "kind": str(case.kind), "severity": str(case.severity)}))
    if case.office != case.receiving_office:
        told.append(("routed", {"office": case.office, "previous_office": case.receiving_office}))
    return [cases.entry_row(case.id, case.registered_at, entry, actor.id, facts) for entry, facts in told]


def _chosen(request: Request, case: Case) -> dict[str, object]:
    return classification_row(case, suggest(request.receipt.text), actor=request.actor.id, at=case.registered_at)


async def _tell(tx: Tx, request: Request, case: Case) -> None:
    """The receipt as it was, then what was settled at once."""
    with acting(tx, request):
        await tx.audit("case.registered", str(case.id), number=case.number, channel=str(case.channel))
        arrived = replace(case, office=case.receiving_office, region=case.receiving_region) if case.subject else case
        await tx.publish(events.registered(arrived, request.receipt.person))
        if case.contact_version:
            await tx.publish_card(case.id, case.contact_version)
        if case.subject:
            unsettled = replace(arrived, subject=None, kind=request.receipt.kind)
            await tx.publish(events.classified(tx, arrived, unsettled))
        if case.state is State.ROUTED:
            await tx.publish(events.routed(tx, case, arrived))
