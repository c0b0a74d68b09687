"""The cases of a batch of events with their ladders: locked together, written together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.chased import ChasedCase, Noted
from services.escalation_service.domain.holds import HoldMark
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store.tables import BREACH, CASE_FILE, HOLD_MARK, LADDER
from shared.db import Tx
from shared.db.bulk import adding, changing, inserting, putting
from shared.db.tx import as_json

_LADDER, _FILE = tuple(f.name for f in fields(Ladder)), tuple(f.name for f in fields(CaseFile))
_LOCK_LADDERS = f"""
    SELECT {", ".join(_LADDER)} FROM escalation.ladder WHERE case_id = ANY($1::uuid[]) ORDER BY case_id, cycle
    FOR UPDATE"""  # noqa: S608 - names of columns
_LOCK_FILES = f"""
    SELECT {", ".join(_FILE)} FROM escalation.case_file WHERE case_id = ANY($1::uuid[]) ORDER BY case_id
    FOR UPDATE"""  # noqa: S608 - names of columns
_OPEN_LADDERS, _SAVE_LADDERS = inserting(LADDER, _LADDER), changing(LADDER, _LADDER)
_SAVE_FILES = putting(CASE_FILE, _FILE)
_BREACHED = putting(
    BREACH,
    ("breach_id", "case_id", "cycle", "generation", "due_at", "breached_at", "cause", "noted_at", "ladder", "policy"),
)
_VOIDED = putting(BREACH, ("breach_id", "case_id", "cycle", "voided_at", "void_reason"))
_MARK = adding(HOLD_MARK, ("case_id", "cycle", "seq", "held", "at", "spans"))


async def lock_all(tx: Tx, case_ids: Collection[UUID]) -> Mapping[UUID, ChasedCase]:
    """These cases; what is known of them locked, ladders before files, each in one order."""
    wanted = sorted(case_ids)
    ladders: dict[UUID, dict[int, Ladder]] = {case_id: {} for case_id in wanted}
    for row in await tx.fetch(_LOCK_LADDERS, wanted):
        ladders[row["case_id"]][row["cycle"]] = Ladder(**dict(row))
    files = {row["case_id"]: CaseFile(**dict(row)) for row in await tx.fetch(_LOCK_FILES, wanted)}
    await tx.read_clock()
    return {case_id: ChasedCase(case_id, files.get(case_id), ladders[case_id]) for case_id in wanted}


async def open_ladders(tx: Tx, ladders: Sequence[Ladder]) -> None:
    """Raises where another process has opened one meanwhile."""
    if ladders:
        await tx.fetch(_OPEN_LADDERS, as_json([_row(ladder, _LADDER) for ladder in ladders]))


async def save_ladders(tx: Tx, ladders: Sequence[Ladder]) -> None:
    if ladders:
        await tx.fetch(_SAVE_LADDERS, as_json([_row(ladder, _LADDER) for ladder in ladders]))


async def save_files(tx: Tx, files: Sequence[CaseFile]) -> None:
    if files:
        await tx.fetch(_SAVE_FILES, as_json([_row(file, _FILE) for file in files]))


async def note_breaches(tx: Tx, breached: Iterable[tuple[UUID, Noted]], voided: Iterable[tuple[UUID, Noted]]) -> None:
    for statement, noted in ((_BREACHED, breached), (_VOIDED, voided)):
        rows = [
            {"breach_id": one.breach_id, "case_id": case_id, "cycle": one.cycle, **one.values} for case_id, one in noted
        ]
        if rows:
            await tx.fetch(statement, as_json(rows))


async def note_holds(tx: Tx, marks: Iterable[tuple[UUID, int, HoldMark]]) -> None:
    rows = [
        {"case_id": case_id, "cycle": cycle, "seq": mark.seq, "held": mark.held, "at": mark.at, "spans": _told(mark)}
        for case_id, cycle, mark in marks
    ]
    if rows:
        await tx.fetch(_MARK, as_json(rows))


def _told(mark: HoldMark) -> list[list[str | None]] | None:
    if mark.spans is None:
        return None
    return [[span.begin.isoformat(), span.end.isoformat() if span.end else None] for span in mark.spans]


def _row(thing: object, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(thing, name) for name in names}
