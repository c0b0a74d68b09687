"""Which ladder a case climbs: versions with effective ranges, the most particular selector first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from services.escalation_service.domain.calendars import CalendarCopy
from services.escalation_service.domain.case_file import HEAD_OFFICE, CaseFile
from services.escalation_service.domain.ladder import NO_LADDER, LadderRules, Place, Selector
from shared.kernel.errors import Invalid

HOUR = timedelta(hours=1)
SELECTOR = tuple(each.name for each in fields(Selector))
BRANCH_QUEUE = "branch"
HEAD_OFFICE_QUEUE = "head_office"
_OWN_POST: Mapping[str, str] = {BRANCH_QUEUE: "branch_manager", HEAD_OFFICE_QUEUE: "head_office"}
_POSTS_AT: Mapping[Place, tuple[str, ...]] = {
    Place.OWN: (),  # that of the queue
    Place.REGION: ("region_director",),
    Place.AREA: ("deputy_governor",),
    Place.HEAD_OFFICE: ("head_office", "deputy_governor"),
}


def queue_of(file: CaseFile) -> str:
    """The queue in which a case is: a branch's, or that of the head office while nobody owns it."""
    return HEAD_OFFICE_QUEUE if file.office == HEAD_OFFICE else BRANCH_QUEUE


def select_ladder(versions: Iterable[LadderRules], file: CaseFile, at: datetime) -> LadderRules:
    """The version in force at an instant for such a case; the first one for what was late before there was any."""
    fit = [v for v in versions if v.selector.matches(queue_of(file), file.kind, file.subject, file.severity)]
    in_force = [v for v in fit if v.is_valid_at(at)]
    if in_force:
        return max(in_force, key=lambda v: v.selector.rank)
    later = [v for v in fit if v.valid_from > at]
    return min(later, key=lambda v: (v.valid_from, *(-n for n in v.selector.rank))) if later else NO_LADDER


def named_ladder(versions: Iterable[LadderRules], name: str, at: datetime) -> LadderRules:
    """The version of a ladder in force at an instant, or the first after it; without rungs where there is none."""
    mine = sorted((v for v in versions if v.ladder == name), key=lambda v: v.valid_from)
    fit = [v for v in mine if v.is_valid_at(at)] or [v for v in mine if v.valid_from > at]
    return fit[0] if fit else replace(NO_LADDER, ladder=name)


@dataclass(frozen=True)
class RuleBook:
    """Every published version of every ladder, and the calendars on which their hours are counted."""

    versions: tuple[LadderRules, ...]
    calendars: dict[str, CalendarCopy]

    def rules_for(self, file: CaseFile, at: datetime, named: str | None = None) -> LadderRules:
        """The ladder of a case with its calendars; without rungs where there is none.

        The one that is named, unless it is for the other queue: its posts are not those of this one.
        """
        rules = named_ladder(self.versions, named, at) if named else None
        if rules is None or (rules.rungs and rules.selector.queue != queue_of(file)):
            rules = select_ladder(self.versions, file, at)
        return rules.on(self.calendars)


@dataclass(frozen=True)
class Change:
    """One value that differs between two versions; None where a version has no such thing."""

    field: str
    before: object
    after: object


def differences(before: LadderRules | None, after: LadderRules) -> list[Change]:
    """What a version changes, field by field, rung by rung."""
    old, new = _flat(before) if before else {}, _flat(after)
    names = [*new, *(name for name in old if name not in new)]
    return [Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _flat(rules: LadderRules) -> dict[str, object]:
    values: dict[str, object] = {
        "minimum_gap_hours": rules.minimum_gap // HOUR, "longest_deferral_hours": rules.longest_deferral // HOUR,
        **{name: getattr(rules.selector, name) for name in SELECTOR},
    }  # fmt: skip
    for rule in rules.rungs:
        values |= {
            f"rungs/{rule.rung}/post": rule.post, f"rungs/{rule.rung}/place": rule.place.value,
            f"rungs/{rule.rung}/offset_hours": rule.offset // HOUR, f"rungs/{rule.rung}/calendar": rule.calendar,
            f"rungs/{rule.rung}/review": rule.review,
        }  # fmt: skip
    return values


def check(rules: LadderRules) -> None:
    """A ladder that can be climbed: rungs in order, each calling upon a post that such a place has."""
    numbers = [rule.rung for rule in rules.rungs]
    if not numbers or len(set(numbers)) != len(numbers):
        raise Invalid("A ladder has rungs, each number once.", code="bad_rungs")
    offsets = [rule.offset for rule in sorted(rules.rungs, key=lambda rule: rule.rung)]
    if offsets != sorted(offsets):
        raise Invalid("A higher rung is not scheduled before a lower one.", code="rungs_out_of_order")
    chosen = rules.selector
    if chosen.named_only and chosen != Selector(chosen.queue, named_only=True):
        raise Invalid("A ladder for whoever names it chooses no cases itself.", code="bad_selector")
    own = _OWN_POST[rules.selector.queue]
    for rule in rules.rungs:
        if rule.post not in (_POSTS_AT[rule.place] or (own,)):
            raise Invalid("This place has no such post.", code="unknown_post", rung=rule.rung, place=rule.place.value)
