"""SQL for the organisation: every office and every move, read and written together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.offices import POSTS
from services.escalation_service.domain.organisation import Office, Organisation, kind_of, organisation
from services.escalation_service.store.directory_tables import AREA_REGION, BRANCH_MOVE, OFFICE, POST
from shared.db import Tx
from shared.kernel.words import region_office

O = OFFICE.c  # noqa: E741 - the columns of the table
# Row locks do not hold back an office that is opened meanwhile; a statement after this one sees it.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('escalation.organisation'))")


async def load(tx: Tx) -> tuple[Organisation, dict[str, int]]:
    """The organisation and the version of each office, locked, so that it changes by one after the other."""
    await tx.execute(_ALONE)
    rows = await tx.all(select(OFFICE).order_by(O.code).with_for_update(key_share=True))
    await tx.read_clock()
    offices = [
        Office(r.code, r.name_th, r.valid_from, r.valid_to, region_office(r.region) if r.kind == "branch" else None)
        for r in rows
    ]
    moves = [(r.office, r.valid_from, region_office(r.region)) for r in await tx.all(select(BRANCH_MOVE))]
    areas = [(region_office(r.region), r.valid_from, r.area) for r in await tx.all(select(AREA_REGION))]
    return organisation(tx.now, offices, [*moves, *areas]), {row.code: row.version for row in rows}


async def save(tx: Tx, after: Organisation, known: Mapping[str, int]) -> None:
    """Write what was changed, a statement for each sort of change; whoever saw one of these offices must look again."""
    await _open(tx, [after.offices[code] for code in sorted(after.changed_offices - known.keys())])
    altered = [after.offices[code] for code in sorted(after.changed_offices & known.keys())]
    if altered:
        values: dict[str, Any] = {
            "name_th": bindparam("name"),
            "valid_from": bindparam("begin"),
            "valid_to": bindparam("end"),
        }
        rows = [{"k": one.code, "name": one.name_th, "begin": one.begin, "end": one.end} for one in altered]
        await tx.execute(update(OFFICE).where(O.code == bindparam("k")).values(values), rows)
    await _move(tx, [(code, begin, after.moves[code][begin]) for code, begin in sorted(after.changed_moves)])
    changed = (after.changed_offices | {code for code, _ in after.changed_moves}) & known.keys()
    await tx.execute(update(OFFICE).where(O.code.in_(sorted(changed))).values(version=O.version + 1))


async def _open(tx: Tx, offices: list[Office]) -> None:
    """New offices, their posts vacant."""
    if not offices:
        return
    kinds = {office.code: kind_of(office.code) for office in offices}
    rows = [
        {
            "code": one.code, "kind": kinds[one.code].value, "name_th": one.name_th, "valid_from": one.begin,
            "valid_to": one.end, "region": _number(one.above or (one.code if kinds[one.code] == "region" else None)),
        }
        for one in offices
    ]  # fmt: skip
    await tx.execute(insert(OFFICE), rows)
    posts = [
        {"office": code, "post": post, "changed_at": tx.now} for code, kind in kinds.items() for post in POSTS[kind]
    ]
    await tx.execute(insert(POST), posts)


async def _move(tx: Tx, moves: list[tuple[str, datetime, str | None]]) -> None:
    """From an instant on; an entry for this very instant is replaced."""
    by_whom = {"entered_at": tx.now, "entered_by": tx.actor.id}
    branches = [
        {"office": code, "valid_from": begin, "region": _number(above), **by_whom}
        for code, begin, above in moves
        if kind_of(code) == "branch"
    ]
    regions = [
        {"region": _number(code), "valid_from": begin, "area": above}
        for code, begin, above in moves
        if kind_of(code) == "region"
    ]
    for table, key, rows in ((BRANCH_MOVE, "office", branches), (AREA_REGION, "region", regions)):
        if rows:
            new = insert(table)
            replaced = {name: new.excluded[name] for name in rows[0] if name not in {key, "valid_from"}}
            await tx.execute(new.on_conflict_do_update(index_elements=[key, "valid_from"], set_=replaced), rows)


def _number(region: str | None) -> int | None:
    """R02 is 2."""
    return int(region[1:]) if region else None
