"""Offices and posts: whom a rung calls upon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.escalation_service.domain.case_file import HEAD_OFFICE, CaseFile
from services.escalation_service.domain.ladder import Place
from shared.kernel.access import Actor


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


@dataclass(frozen=True)
class Officer:
    """Who holds a post, in person or acting for somebody. Work contacts of staff, never a customer's."""

    staff_code: str
    name: str
    phone: str | None = None
    email: str | None = None
    acting: bool = False


def region_office(region: int) -> str:
    return f"R{region:02d}"


def post_office(place: Place, case: CaseFile, areas: Mapping[int, str]) -> str:
    """The office whose post a rung calls upon; the head office stands in where the case has no region."""
    region = case.home_region
    if place is Place.OWN:
        return case.office
    if place is Place.REGION and region is not None:
        return region_office(region)
    if place is Place.AREA and region is not None:
        return areas.get(region, HEAD_OFFICE)
    return HEAD_OFFICE


def covered_regions(offices: Iterable[str], areas: Mapping[int, str]) -> frozenset[int]:
    """The regions that region offices and deputy governors' areas stand for."""
    named = frozenset(offices)
    return frozenset(region for region, area in areas.items() if area in named or region_office(region) in named)


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
