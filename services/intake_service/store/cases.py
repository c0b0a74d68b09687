"""Cases as aggregates: lock, save, and the statements of a group of new cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, or_, select, tuple_, update

from services.intake_service.domain.case import Case, State
from services.intake_service.domain.number import Series
from services.intake_service.domain.receipt import Origin, Receipt
from services.intake_service.store.rows import visible
from services.intake_service.store.tables import (
    cases,
    classifications,
    contacts,
    follow_up_origins,
    resolutions,
    timeline,
)
from shared.db import Tx
from shared.db.bulk import inserting, own_columns
from shared.db.tx import as_json
from shared.kernel.access import Scope
from shared.kernel.errors import NotFound
from shared.kernel.words import Channel, Kind, Severity

_FIELDS = own_columns(cases)
_NEVER_CHANGED = frozenset(
    {
        "id", "number", "tracking_code", "channel", "receiving_office", "receiving_region", "received_at",
        "registered_at", "recorded_kind", "recorded_dimension", "origin", "origin_reference", "origin_due_at",
    }
)  # fmt: skip
_CHANGED = tuple(name for name in _FIELDS if name not in _NEVER_CHANGED)

# Locks the counters of all series of a group in one order, whatever order the requests came in.
_TAKE_NUMBERS = """
    INSERT INTO intake.number_series AS s (office, fiscal_year, last_number)
    SELECT office, fiscal_year, n
    FROM jsonb_to_recordset($1::jsonb) AS w(office text, fiscal_year int, n int)
    ORDER BY office, fiscal_year
    ON CONFLICT (office, fiscal_year) DO UPDATE SET last_number = s.last_number + excluded.last_number
    RETURNING s.office, s.fiscal_year, s.last_number
"""
# A whole group of new cases with their contacts and first timeline entries, in one round trip.
_ADD = (
    f"WITH added AS ({inserting(cases)}), known AS ({inserting(contacts, parameter=2)}), "
    f"told AS ({inserting(timeline, parameter=3)}) {inserting(classifications, parameter=4)}"
)
Rows = Sequence[Mapping[str, object]]


def case_of(row: Row[Any]) -> Case:
    fields = {name: getattr(row, name) for name in _FIELDS}
    resumes_as = fields["resumes_as"]
    return Case(
        **fields
        | {
            "state": State(fields["state"]),
            "kind": Kind(fields["kind"]),
            "recorded_kind": Kind(fields["recorded_kind"]),
            "severity": Severity(fields["severity"]),
            "channel": Channel(fields["channel"]),
            "missing": tuple(fields["missing"]),
            "resumes_as": State(resumes_as) if resumes_as else None,
        }
    )


async def lock(tx: Tx, scope: Scope, case_id: UUID) -> Case:
    """The case FOR UPDATE; NotFound when there is none that this reader may see.

    FOR NO KEY UPDATE: a consumer that adds to the timeline (whose foreign key looks at the case) need not wait.
    """
    mine = select(cases).where(cases.c.id == case_id, visible(scope))
    row = await tx.lock(mine.with_for_update(key_share=True))
    if row is None:
        raise NotFound("There is no such case.")
    return case_of(row)


async def due_for_erasure(tx: Tx, *, closed_before: datetime, limit: int) -> Sequence[UUID]:
    """Closed cases whose retention has ended, oldest first."""
    ended = select(cases.c.id).where(cases.c.closed_at < closed_before, ~cases.c.erased)
    return [row.id for row in await tx.all(ended.order_by(cases.c.closed_at).limit(limit))]


async def find_named(tx: Tx, *, number: str | None, tracking_code: str | None) -> UUID | None:
    """The case with this number or tracking code, whoever asks; not one whose personal data was erased."""
    named = or_(cases.c.number == number, cases.c.tracking_code == tracking_code)
    row = await tx.find(select(cases.c.id).where(named, ~cases.c.erased))
    return row.id if row else None


async def find_by_origin(tx: Tx, origins: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], UUID]:
    """The cases that other systems' references stand for already."""
    if not origins:
        return {}
    named = tuple_(cases.c.origin, cases.c.origin_reference)
    rows = await tx.all(select(cases.c.id, cases.c.origin, cases.c.origin_reference).where(named.in_(origins)))
    return {(row.origin, row.origin_reference): row.id for row in rows}


async def find_by_follow_up(tx: Tx, origins: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], UUID]:
    """The cases to which other systems' follow-ups are attached already."""
    if not origins:
        return {}
    table = follow_up_origins.c
    rows = await tx.all(select(follow_up_origins).where(tuple_(table.origin, table.origin_reference).in_(origins)))
    return {(row.origin, row.origin_reference): row.case_id for row in rows}


async def keep_follow_up(tx: Tx, case_id: UUID, origin: Origin) -> None:
    """The other system's name for a follow-up; unique."""
    values = {"origin": origin.agency, "origin_reference": origin.reference, "case_id": case_id}
    await tx.execute(insert(follow_up_origins).values(**values, attached_at=tx.now))


async def take_numbers(tx: Tx, wanted: Mapping[Series, int]) -> Mapping[Series, int]:
    """Draw numbers from several series; gives the last one drawn of each. Locked until the commit."""
    rows = [{"office": s.office, "fiscal_year": s.fiscal_year, "n": n} for s, n in sorted(wanted.items())]
    taken = await tx.fetch(_TAKE_NUMBERS, as_json(rows))
    return {Series(row["office"], row["fiscal_year"]): row["last_number"] for row in taken}


async def add(tx: Tx, new: Sequence[tuple[Receipt, Case]], entries: Rows, chosen: Rows) -> None:
    """Write new cases with their contacts, the first entries of their timelines and what was known at receipt."""
    rows: tuple[Rows, ...] = (
        [_row(case, _FIELDS) for _, case in new],
        [_contact_row(receipt, case) for receipt, case in new],
        entries,
        chosen,
    )
    await tx.fetch(_ADD, *map(as_json, rows))


async def save(tx: Tx, case: Case) -> None:
    """Write what may change; the caller holds the lock."""
    await tx.execute(update(cases).where(cases.c.id == case.id).values(_row(case, _CHANGED)))


async def enter(tx: Tx, case_id: UUID, entry: str, **facts: object) -> None:
    """Append to the timeline: facts only, never a complainant's words."""
    await tx.execute(insert(timeline).values(entry_row(case_id, tx.now, entry, tx.actor.id, facts)))


async def add_classification(tx: Tx, row: Mapping[str, object]) -> None:
    """Keep what the rules suggested beside what the person chose."""
    await tx.execute(insert(classifications).values(row))


async def add_resolution(tx: Tx, case: Case, values: Mapping[str, object]) -> None:
    """Keep each cycle's report of the branch."""
    await tx.execute(insert(resolutions).values(case_id=case.id, cycle=case.cycle, reported_at=tx.now, **values))


def _row(case: Case, names: Sequence[str]) -> dict[str, object]:
    return {name: list(case.missing) if name == "missing" else getattr(case, name) for name in names}


def _contact_row(receipt: Receipt, case: Case) -> dict[str, object]:
    person = receipt.person
    return {
        "case_id": case.id, "version": case.contact_version, "name": person.name, "phone": person.phone,
        "line_id": person.line_id, "email": person.email, "language": person.language, "consent": person.consent,
        "place": person.place, "meter": person.meter, "account": person.account, "text": receipt.text,
    }  # fmt: skip


def entry_row(case_id: UUID, at: datetime, entry: str, actor: str, facts: Mapping[str, object]) -> dict[str, object]:
    return {"case_id": case_id, "at": at, "entry": entry, "actor": actor, "facts": dict(facts)}
