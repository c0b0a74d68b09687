"""SQL for the organisation: every office and every move, read and written together."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.offices import POSTS
from services.escalation_service.domain.organisation import Office, Organisation, kind_of, organisation
from services.escalation_service.store.directory_tables import AREA_REGION, BRANCH_MOVE, OFFICE, POST
from shared.db import Tx
from shared.reference import region_office

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
    """Write what was changed; whoever saw one of these offices before must look again."""
    await _open(tx, [after.offices[code] for code in sorted(after.changed_offices - known.keys())])
    for code in sorted(after.changed_offices & known.keys()):
        office = after.offices[code]
        values = {"name_th": office.name_th, "valid_to": office.end}
        await tx.execute(update(OFFICE).where(O.code == code).values(values))
    for code, begin in sorted(after.changed_moves):
        await _move(tx, code, begin, after.moves[code][begin])
    changed = (after.changed_offices | {code for code, _ in after.changed_moves}) & known.keys()
    await tx.execute(update(OFFICE).where(O.code.in_(sorted(changed))).values(version=O.version + 1))


async def _open(tx: Tx, offices: list[Office]) -> None:
    """New offices, their posts vacant."""
    for office in offices:
        kind = kind_of(office.code)
        row = {
            "code": office.code, "kind": kind.value, "name_th": office.name_th, "valid_from": office.begin,
            "valid_to": office.end, "region": _number(office.above or (office.code if kind == "region" else None)),
        }  # fmt: skip
        await tx.execute(insert(OFFICE).values(row))
        posts = [{"office": office.code, "post": post, "changed_at": tx.now} for post in POSTS[kind]]
        await tx.execute(insert(POST), posts)


async def _move(tx: Tx, code: str, begin: datetime, above: str | None) -> None:
    """From an instant on; an entry for this very instant is replaced."""
    if kind_of(code) == "branch":
        moved = {"region": _number(above), "entered_at": tx.now, "entered_by": tx.actor.id}
        new = insert(BRANCH_MOVE).values(office=code, valid_from=begin, **moved)
        await tx.execute(new.on_conflict_do_update(index_elements=["office", "valid_from"], set_=moved))
    else:
        area = insert(AREA_REGION).values(region=_number(code), area=above, valid_from=begin)
        await tx.execute(area.on_conflict_do_update(index_elements=["region", "valid_from"], set_={"area": above}))


def _number(region: str | None) -> int | None:
    """R02 is 2."""
    return int(region[1:]) if region else None
