"""Offices and officers as data: reading, changing and seeding them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.escalation_service.domain.offices import POSTS, Holder, OfficeKind, Sitting
from services.escalation_service.domain.roster import Roster, Seat, Wish
from services.escalation_service.store import officers, offices, roster, subjects
from shared.db import Row, Tx
from shared.kernel.errors import Invalid, NotFound, Stale
from shared.kernel.words import HEAD_OFFICE, region_office
from shared.reference import DEPUTY_AREAS, REGIONS, branches

# The organisation as known when the product was made (process.md, "People and offices"; assumed).
BEGINNING = datetime(2025, 9, 30, 17, tzinfo=UTC)
LADDERS: Mapping[str, Sequence[tuple[int, str, str, int]]] = {
    "branch": (
        (1, "branch_manager", "own", 0),
        (2, "region_director", "region", 24),
        (3, "deputy_governor", "area", 72),
    ),
    # No region stands between the head office and the deputy governors: there is no rung 2.
    "head_office": ((1, "head_office", "head_office", 0), (3, "deputy_governor", "area", 72)),
}

_NAMES = {"branch": "ลำดับเร่งรัดของสาขา", "head_office": "ลำดับเร่งรัดของสำนักงานใหญ่"}


@dataclass(frozen=True)
class PostView:
    """A post of an office and whom it calls upon now."""

    post: str
    changed_at: datetime
    holder: Holder


@dataclass(frozen=True)
class OfficeView:
    office: Row[Any]
    posts: Sequence[PostView]


async def view_posts(tx: Tx, code: str, at: datetime | None = None) -> OfficeView:
    """Whom the posts of an office call upon at an instant, or now."""
    office = await offices.find_office(tx, code, at or tx.now)
    if office is None:
        raise NotFound("There is no such office.")
    rows = await officers.posts_of(tx, code)
    found = await officers.holders(tx, [(code, row.post) for row in rows], at or tx.now)
    return OfficeView(office, [PostView(row.post, row.changed_at, found[code, row.post]) for row in rows])


async def list_offices(tx: Tx, *, after: str, most: int, kind: str | None) -> Sequence[Row[Any]]:
    return await offices.list_offices(tx, after=after, most=most, kind=kind)


async def lock_office(tx: Tx, code: str, version: int) -> Row[Any]:
    """The office, locked, when it is still as the caller saw it."""
    office = await offices.lock_office(tx, code)
    if office is None:
        raise NotFound("There is no such office.")
    if office.version != version:
        raise Stale("The office was changed in the meantime.")
    return office


def check_post(office: Row[Any], post: str) -> None:
    """An office has only the posts of its kind."""
    known = POSTS[OfficeKind(office.kind)]
    if post not in known:
        raise Invalid("This kind of office has no such post.", code="unknown_post", post=post, posts=list(known))


async def set_posts(tx: Tx, code: str, sittings: Mapping[str, Sitting | None], *, version: int) -> OfficeView:
    """Enter who holds the posts of an office from now on; None makes a post vacant. Fired rungs keep their officer."""
    office = await lock_office(tx, code, version)
    for post in sorted(sittings):
        check_post(office, post)
    staff = [sitting.officer.staff_code for sitting in sittings.values() if sitting]
    known = await roster.load(tx, [(code, post) for post in sittings], staff)
    for post, sitting in sittings.items():
        _seat(known, Seat(code, post), sitting)
    await roster.save(tx, known)
    await offices.raise_version(tx, code)
    posts = {post: sitting.officer.staff_code if sitting else None for post, sitting in sittings.items()}
    await tx.audit("set_posts", code, posts=posts)
    return await view_posts(tx, code)


def _seat(known: Roster, seat: Seat, sitting: Sitting | None) -> None:
    """Whoever is at the post now leaves it, unless they are the one who shall be there."""
    taken = replace(seat, acting=sitting.acting) if sitting else None
    for each in (seat, replace(seat, acting=True)):
        if each != taken:
            known.vacate(each, known.now)
    if sitting is not None and taken is not None:
        known.take(Wish(sitting.officer, taken))


async def seed(tx: Tx) -> None:
    """Offices, vacant posts, areas, subjects and ladders of the starting data; what people changed stays."""
    rows = [row | {"valid_from": BEGINNING} for row in _offices()]
    await offices.seed(tx, "office", rows)
    posts = [(row["code"], post) for row in rows for post in POSTS[OfficeKind(str(row["kind"]))]]
    await offices.seed(tx, "post", [{"office": code, "post": post, "changed_at": tx.now} for code, post in posts])
    areas = [
        {"region": region, "valid_from": BEGINNING, "area": f"D{area}"}
        for area, regions in DEPUTY_AREAS.items()
        for region in regions
    ]
    await offices.seed(tx, "area_region", areas)
    await subjects.seed(tx)
    await _seed_ladders(tx)


def _offices() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"code": b.ba_code, "kind": "branch", "name_th": b.name_th, "region": b.region} for b in branches().values()
    ]
    rows += [{"code": region_office(n), "kind": "region", "name_th": f"กปภ.เขต {n}", "region": n} for n in REGIONS]
    rows += [
        {"code": f"D{n}", "kind": "area", "name_th": f"รองผู้ว่าการ (ปฏิบัติการ {n})", "region": None} for n in DEPUTY_AREAS
    ]
    return [*rows, {"code": HEAD_OFFICE, "kind": "head_office", "name_th": "กปภ. สำนักงานใหญ่", "region": None}]


async def _seed_ladders(tx: Tx) -> None:
    policy = {
        "version": 1, "valid_from": BEGINNING, "minimum_gap_hours": 24, "longest_deferral_hours": 24,
        "created_at": BEGINNING, "created_by": tx.actor.id, "published_at": BEGINNING, "published_by": tx.actor.id,
    }  # fmt: skip
    rows = [{"ladder": name, "queue": name, "name_th": _NAMES[name], **policy} for name in LADDERS]
    await offices.seed(tx, "ladder_policy", rows)
    rungs = [
        {"ladder": name, "version": 1, "rung": rung, "post": post, "place": place, "offset_hours": hours}
        for name, rules in LADDERS.items()
        for rung, post, place, hours in rules
    ]
    await offices.seed(tx, "rung_definition", rungs)
