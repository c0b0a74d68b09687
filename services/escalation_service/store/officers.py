"""SQL for officers: who is at which post, on leave or acting, at any instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, and_, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from services.escalation_service.domain.offices import Holder, Known, Officer, called_upon
from services.escalation_service.store.directory_tables import ACTING, OFFICE, POST, POSTING
from shared.db import Tx

Post = tuple[str, str]
_CONTACTS = ("staff_code", "name", "phone", "email", "line_id", "webhook_url", "preferred", "digest")
_SHOWN = ", ".join(f"{alias}.{name} AS {alias}_{name}" for alias in ("ho", "ao") for name in _CONTACTS)
_HOLDERS = text(
    f"""
    SELECT w.office, w.post, hl.leave_id IS NOT NULL AS holder_on_leave, al.leave_id IS NOT NULL AS acting_on_leave,
           {_SHOWN}
    FROM unnest(CAST(:offices AS text[]), CAST(:posts AS text[])) AS w(office, post)
    LEFT JOIN escalation.posting h ON h.office = w.office AND h.post = w.post
        AND tstzrange(h.valid_from, h.valid_to) @> CAST(:at AS timestamptz)
    LEFT JOIN escalation.leave hl ON hl.staff_code = h.staff_code
        AND tstzrange(hl.valid_from, hl.valid_to) @> CAST(:at AS timestamptz)
    LEFT JOIN escalation.acting a ON a.office = w.office AND a.post = w.post
        AND tstzrange(a.valid_from, a.valid_to) @> CAST(:at AS timestamptz)
    LEFT JOIN escalation.leave al ON al.staff_code = a.staff_code
        AND tstzrange(al.valid_from, al.valid_to) @> CAST(:at AS timestamptz)
    LEFT JOIN escalation.officer ho ON ho.staff_code = h.staff_code
    LEFT JOIN escalation.officer ao ON ao.staff_code = a.staff_code
    """  # noqa: S608 - the columns are named above
).bindparams(bindparam("offices", type_=ARRAY(Text)), bindparam("posts", type_=ARRAY(Text)))


async def holders(tx: Tx, wanted: Sequence[Post], at: datetime) -> Mapping[Post, Holder]:
    """Whom these (office, post) pairs call upon at an instant; one statement for all of them."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    offices, posts = [office for office, _ in pairs], [post for _, post in pairs]
    rows = await tx.all(_HOLDERS, {"offices": offices, "posts": posts, "at": at})
    return {(row.office, row.post): called_upon(row.office, row.post, _known(row)) for row in rows}


def _known(row: Row[Any]) -> Known:
    return Known(_officer(row, "ho"), row.holder_on_leave, _officer(row, "ao"), row.acting_on_leave)


def _officer(row: Row[Any], alias: str) -> Officer | None:
    if getattr(row, f"{alias}_staff_code") is None:
        return None
    return Officer(**{name: getattr(row, f"{alias}_{name}") for name in _CONTACTS})


async def posts_of(tx: Tx, code: str) -> Sequence[Row[Any]]:
    """The posts that an office has."""
    return await tx.all(select(POST).where(POST.c.office == code).order_by(POST.c.post))


async def unfilled(tx: Tx, kind: str, post: str, *, most: int) -> tuple[int, list[str]]:
    """How many offices of a kind have nobody at a post now, holder or acting, and the first few of them."""
    now: BindParameter[datetime] = bindparam("at", tx.now)

    def sits(table: Any) -> Any:
        at_post = and_(table.c.office == OFFICE.c.code, table.c.post == post)
        return select(1).where(at_post, func.tstzrange(table.c.valid_from, table.c.valid_to).op("@>")(now)).exists()

    is_open = func.tstzrange(OFFICE.c.valid_from, OFFICE.c.valid_to).op("@>")(now)
    empty = and_(OFFICE.c.kind == kind, is_open, ~sits(POSTING), ~sits(ACTING))
    count: int = await tx.scalar(select(func.count()).select_from(OFFICE).where(empty))
    rows = await tx.all(select(OFFICE.c.code).where(empty).order_by(OFFICE.c.code).limit(most))
    return count, [row.code for row in rows]
