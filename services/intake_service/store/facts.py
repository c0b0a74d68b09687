"""What other services said about cases, one row per case and cycle: loaded and saved for a whole batch at once."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.intake_service.domain.facts import CaseFacts
from services.intake_service.store.cases import entry_row
from services.intake_service.store.tables import case_facts, reopen_requests, timeline
from shared.db import Tx
from shared.db.bulk import adding, changing, inserting
from shared.db.tx import as_json

Key = tuple[UUID, int]  # case, cycle

_ADD_MISSING = """
    INSERT INTO intake.case_facts (case_id, cycle)
    SELECT w.case_id, w.cycle FROM unnest($1::uuid[], $2::int[]) AS w(case_id, cycle)
    JOIN intake.cases c ON c.id = w.case_id
    WHERE NOT EXISTS (SELECT FROM intake.case_facts f WHERE f.case_id = w.case_id AND f.cycle = w.cycle)
    ORDER BY w.case_id, w.cycle
    ON CONFLICT DO NOTHING"""
_LOCK = """
    SELECT f.* FROM intake.case_facts f
    JOIN unnest($1::uuid[], $2::int[]) AS w(case_id, cycle) ON f.case_id = w.case_id AND f.cycle = w.cycle
    ORDER BY f.case_id, f.cycle FOR UPDATE OF f"""
_CHANGE = changing(case_facts)
_ENTER = inserting(timeline, ("case_id", "at", "entry", "actor", "facts"))
_REQUEST = adding(reopen_requests, ("id", "case_id", "cycle", "reason", "requested_at", "state"))


async def lock_all(tx: Tx, keys: Collection[Key]) -> Mapping[Key, CaseFacts]:
    """The facts of these cycles, FOR UPDATE; without those of cases that are not known here.

    Missing rows are added before any is locked, both in the order of the keys: two batches cannot deadlock.
    """
    wanted = sorted(keys)
    columns = [case_id for case_id, _ in wanted], [cycle for _, cycle in wanted]
    await tx.fetch(_ADD_MISSING, *columns)
    rows = await tx.fetch(_LOCK, *columns)
    return {(row["case_id"], row["cycle"]): CaseFacts(row["case_id"], row["cycle"], dict(row)) for row in rows}


async def save_all(tx: Tx, changed: Sequence[CaseFacts]) -> None:
    """Write facts that changed, with the lines and requests that they add to their cases."""
    await tx.fetch(_CHANGE, as_json([facts.values for facts in changed]))
    # Of the cycles of a case too, lines stand in the order in which they happened.
    entries = sorted(
        ((entry, facts.case_id) for facts in changed for entry in facts.entries), key=lambda it: it[0].recorded_at
    )
    if entries:
        rows = [entry_row(case_id, tx.now, entry.entry, tx.actor.id, entry.facts) for entry, case_id in entries]
        await tx.fetch(_ENTER, as_json(rows))
    requests = [
        {"id": request.id, "case_id": facts.case_id, "cycle": facts.cycle, "reason": request.reason,
         "requested_at": request.requested_at, "state": "open"}
        for facts in changed for request in facts.requests
    ]  # fmt: skip
    if requests:
        await tx.fetch(_REQUEST, as_json(requests))
