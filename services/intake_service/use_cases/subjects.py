"""The taxonomy as data: subjects are added, worded anew and ended from a date on (process.md, "Words"; ADR 0064)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.intake_service.domain.subject_versions import Span, SubjectConflict, place_for, span_to_end
from services.intake_service.store import reference
from services.intake_service.store.rows import Found
from shared.contracts.intake import SubjectPublished
from shared.db import Tx
from shared.kernel.errors import Invalid, NotFound


@dataclass(frozen=True)
class Wording:
    """What a version of a subject says."""

    kind: str
    dimension: str
    title: str
    severity: str
    restricted: bool
    closes_at_once: bool


async def publish(tx: Tx, code: str, wording: Wording, valid_from: datetime | None) -> Found:
    """A new subject, or a known one as it shall be from a date on. Its kind never changes: a new code is due then."""
    if code.startswith("F"):
        raise Invalid("Codes that begin with F are those of follow-ups.", code="follow_up_subject")
    rows = await reference.lock_versions(tx, code)
    since = valid_from or tx.now
    if rows and rows[-1].kind != wording.kind:
        raise SubjectConflict("The kind of a subject never changes.", code="subject_kind_fixed", kind=rows[-1].kind)
    place = place_for(_spans(rows), since, now=tx.now)
    if place.ends is not None:
        await reference.end_version(tx, code, place.ends.valid_from, since)
    await reference.add_version(tx, {"code": code, **asdict(wording), "valid_from": since, "valid_to": place.valid_to})
    await tx.audit("subject.published", code, valid_from=since.isoformat())
    return await _tell(tx, code, since)


async def end(tx: Tx, code: str, valid_to: datetime | None) -> Found:
    """From then on no case can be classified so; those that are stay so."""
    rows = await reference.lock_versions(tx, code)
    if not rows:
        raise NotFound("There is no subject with this code.")
    until = valid_to or tx.now
    span = span_to_end(_spans(rows), until, now=tx.now)
    await reference.end_version(tx, code, span.valid_from, until)
    await tx.audit("subject.ended", code, valid_to=until.isoformat())
    return await _tell(tx, code, span.valid_from)


async def versions(tx: Tx, code: str | None, after: tuple[str, datetime] | None, limit: int) -> Sequence[Found]:
    """Past, present and planned versions."""
    return await reference.list_versions(tx, code, after, limit)


async def _tell(tx: Tx, code: str, valid_from: datetime) -> Found:
    rows = await reference.list_versions(tx, code, None, 1000)
    row = next(each for each in rows if each.valid_from == valid_from)
    same = ("code", "kind", "dimension", "severity", "restricted", "closes_at_once", "valid_from", "valid_to")
    told: dict[str, Any] = {name: getattr(row, name) for name in same}
    await tx.publish(SubjectPublished(**told, title_th=row.title, published_at=tx.now))
    return row


def _spans(rows: Sequence[Found]) -> list[Span]:
    return [Span(row.valid_from, row.valid_to) for row in rows]
