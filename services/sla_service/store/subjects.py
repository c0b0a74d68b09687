"""Statements on the subjects that intake published after the shipped ones, a row for each version over time."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from services.sla_service.domain.subjects import KnownSubject
from services.sla_service.store.record_tables import subject
from shared.db import Tx
from shared.db.bulk import putting
from shared.db.tx import as_json
from shared.reference import subjects

_KEEP = putting(subject)


async def keep(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter versions, or the ends of versions that are known; the last word on each counts."""
    newest = {(row["code"], row["valid_from"]): row for row in rows}
    await tx.fetch(_KEEP, as_json(list(newest.values())))


async def kinds(tx: Tx) -> dict[str, str]:
    """The kind, which never changes, of every subject there is, was or will be."""
    shipped = {one.code: one.kind for one in subjects().values()}
    return shipped | {row.code: row.kind for row in await tx.all(select(subject.c.code, subject.c.kind).distinct())}


async def known(tx: Tx) -> list[KnownSubject]:
    """Every subject that has not ended, as it is or first will be: the shipped ones, and what was published since."""
    found = {one.code: KnownSubject(one.code, one.kind, one.severity) for one in subjects().values()}
    told: dict[str, list[KnownSubject]] = {}
    for row in await tx.all(select(subject).order_by(subject.c.code, subject.c.valid_from)):
        told.setdefault(row.code, []).append(KnownSubject(**row._mapping))  # noqa: SLF001 - its public name
    for code, versions in told.items():
        begun = [one for one in versions if one.has_begun(tx.now)]
        newest = begun[-1] if begun else found.get(code, versions[0])
        to_come = [one for one in versions if not one.has_begun(tx.now)]
        found[code] = to_come[0] if newest.has_ended(tx.now) and to_come else newest
    return [one for one in found.values() if not one.has_ended(tx.now)]
