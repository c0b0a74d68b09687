"""Reading case records, each reader only their own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.codec import plain
from services.reporting_service.domain.judgement import is_on_time
from services.reporting_service.store import cases
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.errors import NotFound


async def see(tx: Tx, case_id: UUID, scope: Scope) -> CaseRecord:
    case = await cases.find(tx, case_id, scope)
    if case is None or case.number is None:
        raise NotFound("There is no such case.")
    return case


async def listed(
    tx: Tx, scope: Scope, filters: Mapping[str, Any], after: Sequence[Any] | None, most: int
) -> list[CaseRecord]:
    return await cases.listed(tx, scope, dict(filters), after, most)


def line(case: CaseRecord) -> dict[str, Any]:
    """A case in a list."""
    same = ("case_id", "number", "kind", "subject", "office", "region", "restricted", "state", "received_at")
    told = {name: getattr(case, name) for name in same}
    last = case.last
    return told | {
        "cycle": last.number,
        "due_at": last.deadline,
        "resolved_at": last.resolved_at,
        "on_time": is_on_time(case),
    }


def body(case: CaseRecord) -> dict[str, Any]:
    record: dict[str, Any] = plain(asdict(case))
    return record
