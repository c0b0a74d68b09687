"""SQL for the roster: officers and their terms at posts, read and written in batches; leave."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, and_, bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.roster import Away, Roster, Seat, Term, roster
from services.escalation_service.store.directory_tables import ACTING, LEAVE, OFFICE, OFFICER, POSTING
from shared.db import Tx
from shared.kernel.ids import uuid7

O, L = OFFICER.c, LEAVE.c  # noqa: E741 - the tables' columns
_CONTACTS = [
    O[name] for name in ("staff_code", "name", "phone", "email", "line_id", "webhook_url", "preferred", "digest")
]


async def lock_offices(tx: Tx, codes: Collection[str]) -> dict[str, Row[Any]]:
    """These offices, locked in order, so that rosters change one after the other."""
    statement = select(OFFICE).where(OFFICE.c.code.in_(sorted(codes))).order_by(OFFICE.c.code).with_for_update()
    rows = await tx.all(statement)
    await tx.read_clock()
    return {row.code: row for row in rows}


async def raise_versions(tx: Tx, codes: Collection[str]) -> None:
    """The offices were changed: whoever saw them before must look again."""
    changed = update(OFFICE).where(OFFICE.c.code.in_(sorted(codes)))
    await tx.execute(changed.values(version=OFFICE.c.version + 1))


async def load(tx: Tx, posts: Collection[tuple[str, str]], staff: Collection[str]) -> Roster:
    """Every term of these (office, post) pairs, and these officers with their leave, locked; four statements in all."""
    mine = select(*_CONTACTS).where(O.staff_code.in_(sorted(staff))).order_by(O.staff_code).with_for_update()
    known = [Officer(**row._asdict()) for row in await tx.all(mine)]
    terms = [*await _terms(tx, POSTING, posts), *await _terms(tx, ACTING, posts)]
    away = await tx.all(select(LEAVE).where(L.staff_code.in_([officer.staff_code for officer in known])))
    return roster(tx.now, known, terms, [(row.staff_code, Away(row.valid_from, row.valid_to)) for row in away])


async def _terms(tx: Tx, table: Table, posts: Collection[tuple[str, str]]) -> list[Term]:
    mine = tuple_(table.c.office, table.c.post).in_(sorted(posts))
    return [_term(row) for row in await tx.all(select(table).where(mine).order_by(table.c.valid_from))]


def _term(row: Row[Any]) -> Term:
    acting = hasattr(row, "acting_id")
    seat = Seat(row.office, row.post, acting)
    if acting:
        return Term(row.acting_id, seat, row.staff_code, row.valid_from, row.valid_to, row.reason)
    return Term(row.posting_id, seat, row.staff_code, row.valid_from, row.valid_to)


async def save(tx: Tx, after: Roster) -> None:
    """Write what was changed: terms that ended before those that begin."""
    await _save_officers(tx, [after.officers[code] for code in sorted(after.changed_officers)])
    for table, acting in ((POSTING, False), (ACTING, True)):
        await _save_terms(tx, table, after, acting=acting)
    if after.new_leaves:
        await tx.execute(insert(LEAVE), [_leave(uuid7(tx.now), code, away) for code, away in after.new_leaves])


async def _save_officers(tx: Tx, officers: Sequence[Officer]) -> None:
    if not officers:
        return
    new = insert(OFFICER)
    changed: dict[str, Any] = {name: new.excluded[name] for name in asdict(officers[0]) if name != "staff_code"}
    changed |= {"changed_at": new.excluded.changed_at, "version": O.version + 1}
    statement = new.on_conflict_do_update(index_elements=["staff_code"], set_=changed)
    await tx.execute(statement, [asdict(officer) | {"changed_at": tx.now} for officer in officers])


async def _save_terms(tx: Tx, table: Table, after: Roster, *, acting: bool) -> None:
    key = table.c.acting_id if acting else table.c.posting_id
    kept = [after.terms[i] for i in after.changed_terms if i in after.terms and after.terms[i].seat.acting == acting]
    gone = [i for i in after.changed_terms if i not in after.terms]
    if gone:
        await tx.execute(table.delete().where(key.in_(gone)))
    known = (
        {row[0] for row in await tx.all(select(key).where(key.in_([term.term_id for term in kept])))} if kept else set()
    )
    old = [{"k": term.term_id, "end": term.end} for term in kept if term.term_id in known]
    if old:
        await tx.execute(update(table).where(key == bindparam("k")).values(valid_to=bindparam("end")), old)
    fresh = [_row(term, key.name, acting=acting) for term in kept if term.term_id not in known]
    if fresh:
        await tx.execute(insert(table), fresh)


def _row(term: Term, key: str, *, acting: bool) -> dict[str, object]:
    row = {
        key: term.term_id, "office": term.seat.office, "post": term.seat.post, "staff_code": term.staff_code,
        "valid_from": term.begin, "valid_to": term.end,
    }  # fmt: skip
    return row | {"reason": term.reason} if acting else row


async def terms_of_post(tx: Tx, office: str, post: str) -> list[Term]:
    """Every term at a post, holders and acting officers, oldest first."""
    found = [*await _terms(tx, POSTING, [(office, post)]), *await _terms(tx, ACTING, [(office, post)])]
    return sorted(found, key=lambda term: (term.begin, term.seat.acting))


async def terms_of_officer(tx: Tx, staff_code: str) -> list[Term]:
    found = []
    for table in (POSTING, ACTING):
        found += [_term(row) for row in await tx.all(select(table).where(table.c.staff_code == staff_code))]
    return sorted(found, key=lambda term: (term.begin, term.seat.acting))


async def find_officer(tx: Tx, staff_code: str, *, lock: bool = False) -> Row[Any] | None:
    statement = select(OFFICER).where(O.staff_code == staff_code)
    return await tx.lock(statement.with_for_update()) if lock else await tx.find(statement)


async def list_officers(tx: Tx, *, after: str, most: int) -> Sequence[Row[Any]]:
    return await tx.all(select(OFFICER).where(O.staff_code > after).order_by(O.staff_code).limit(most))


async def add_officer(tx: Tx, officer: Officer) -> bool:
    """Enter a new officer; False when the staff code is known already."""
    row = asdict(officer) | {"changed_at": tx.now}
    statement = insert(OFFICER).values(row).on_conflict_do_nothing().returning(O.staff_code)
    return await tx.find(statement) is not None


async def change_officer(tx: Tx, officer: Officer) -> None:
    """Replace name, contacts and preferences."""
    values: Mapping[str, object] = asdict(officer) | {"changed_at": tx.now, "version": O.version + 1}
    await tx.execute(update(OFFICER).where(O.staff_code == officer.staff_code).values(dict(values)))


async def leaves_of(tx: Tx, staff_code: str) -> Sequence[Row[Any]]:
    return await tx.all(select(LEAVE).where(L.staff_code == staff_code).order_by(L.valid_from))


async def add_leave(tx: Tx, staff_code: str, away: Away) -> UUID:
    leave_id = uuid7(tx.now)
    await tx.execute(insert(LEAVE).values(_leave(leave_id, staff_code, away)))
    return leave_id


def _leave(leave_id: UUID, staff_code: str, away: Away) -> dict[str, Any]:
    return {"leave_id": leave_id, "staff_code": staff_code, "valid_from": away.begin, "valid_to": away.end}


async def end_leave(tx: Tx, staff_code: str, leave_id: UUID) -> bool:
    """Back from now on; a leave that has not begun is taken away. False when there is none that can end."""
    mine = and_(L.leave_id == leave_id, L.staff_code == staff_code, L.valid_to > tx.now)
    gone = await tx.execute(LEAVE.delete().where(mine, L.valid_from >= tx.now))
    cut = await tx.execute(update(LEAVE).where(mine, L.valid_from < tx.now).values(valid_to=tx.now))
    return gone.rowcount + cut.rowcount > 0
