"""Offices and posts: whom a rung calls upon."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import Place
from shared.kernel.access import Actor
from shared.kernel.words import HEAD_OFFICE, region_office


class OfficeKind(StrEnum):
    BRANCH = "branch"
    REGION = "region"
    AREA = "area"
    HEAD_OFFICE = "head_office"


POSTS: Mapping[OfficeKind, tuple[str, ...]] = {
    OfficeKind.BRANCH: ("branch_manager",),
    OfficeKind.REGION: ("region_director",),
    OfficeKind.AREA: ("deputy_governor",),
    # The head office's deputy governor is called for cases that belong to no region.
    OfficeKind.HEAD_OFFICE: ("head_office", "deputy_governor"),
}


class Reason(StrEnum):
    """Why a rung calls upon this officer, or upon nobody."""

    HOLDER = "holder"
    ACTING = "acting"
    VACANT = "vacant"
    ON_LEAVE = "on_leave"


@dataclass(frozen=True)
class Officer:
    """Somebody of the staff with work contacts: never a customer's. `preferred`: email, line or webhook."""

    staff_code: str
    name: str
    phone: str | None = None
    email: str | None = None
    line_id: str | None = None
    webhook_url: str | None = None
    preferred: str | None = None
    digest: str = "when_many"  # when_many | always | never


@dataclass(frozen=True)
class Sitting:
    """An officer at a post: its holder, or acting where it is vacant."""

    officer: Officer
    acting: bool = False


@dataclass(frozen=True)
class Known:
    """What is entered about a post at one instant."""

    holder: Officer | None = None
    holder_on_leave: bool = False
    acting: Officer | None = None
    acting_on_leave: bool = False


@dataclass(frozen=True)
class Holder:
    """Whom a post calls upon at one instant. `absent` is the holder in whose place somebody, or nobody, acts."""

    post: str
    office: str
    officer: Officer | None
    acting: bool
    reason: str
    absent: str | None = None


def called_upon(office: str, post: str, known: Known) -> Holder:
    """The holder; an acting officer while the holder is away or the post is vacant; else nobody."""
    if known.holder is not None and not known.holder_on_leave:
        return Holder(post, office, known.holder, acting=False, reason=Reason.HOLDER)
    absent = known.holder.staff_code if known.holder else None
    if known.acting is not None and not known.acting_on_leave:
        return Holder(post, office, known.acting, acting=True, reason=Reason.ACTING, absent=absent)
    return Holder(post, office, None, acting=False, reason=Reason.ON_LEAVE if absent else Reason.VACANT, absent=absent)


@dataclass(frozen=True)
class Chart:
    """Where offices belong at one instant: regions to deputy governors' areas, branches that moved to regions."""

    areas: Mapping[int, str]
    moved: Mapping[str, int]

    def region_of(self, case: CaseFile) -> int | None:
        """The region to which its branch was moved, else the one that intake knows."""
        return self.moved.get(case.office) or case.home_region


def post_office(place: Place, case: CaseFile, chart: Chart) -> str:
    """The office whose post a rung calls upon; the head office stands in where the case has no region."""
    region = chart.region_of(case)
    if place is Place.OWN:
        return case.office
    if place is Place.REGION and region is not None:
        return region_office(region)
    if place is Place.AREA and region is not None:
        return chart.areas.get(region, HEAD_OFFICE)
    return HEAD_OFFICE


def covered_regions(offices: Iterable[str], areas: Mapping[int, str]) -> frozenset[int]:
    """The regions that region offices and deputy governors' areas stand for."""
    named = frozenset(offices)
    own = {int(code[1:]) for code in named if re.fullmatch("R[0-9]{2}", code)}
    return frozenset(own | {region for region, area in areas.items() if area in named})


def may_answer(actor: Actor, post: str, office: str, areas: Mapping[int, str]) -> bool:
    """Whether the actor may answer for a post: as its officer, or as กสส., which follows all of them up."""
    if "complaints_division" in actor.roles:
        return True
    if post not in actor.roles:
        return False
    regions = actor.scope.regions | covered_regions(actor.scope.offices, areas)
    if post == "region_director":
        return any(region_office(region) == office for region in regions)
    if post == "deputy_governor" and office != HEAD_OFFICE:
        mine = {region for region, area in areas.items() if area == office}
        return bool(mine) and mine <= regions
    return office in actor.scope.offices
