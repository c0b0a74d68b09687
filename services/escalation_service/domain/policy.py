"""Which ladder a case climbs: versions with effective ranges, the most particular selector first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from services.escalation_service.domain.calendars import CalendarCopy
from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import NO_LADDER, LadderRules, Place, Selector
from shared.kernel.errors import Invalid
from shared.kernel.words import HEAD_OFFICE

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


def named_ladder(versions: Iterable[LadderRules], name: str, queue: str, at: datetime) -> LadderRules:
    """A ladder's version for a queue in force at an instant, or the first after it; without rungs where none is."""
    mine = (v for v in versions if v.ladder == name and v.selector.queue == queue)
    later = sorted((v for v in mine if v.valid_to is None or v.valid_to > at), key=lambda v: v.valid_from)
    return later[0] if later else replace(NO_LADDER, ladder=name)


@dataclass(frozen=True)
class RuleBook:
    """Every published version of every ladder, and the calendars on which their hours are counted."""

    versions: tuple[LadderRules, ...]
    calendars: dict[str, CalendarCopy]

    def rules_for(self, file: CaseFile, at: datetime, now: datetime, named: str | None = None) -> LadderRules:
        """The ladder of a case with its calendars, among those that have begun; without rungs where there is none.

        A named one is not replaced, except for what the head office has: it climbs no ladder of branches.
        """
        begun, queue = [v for v in self.versions if v.valid_from <= now], queue_of(file)
        rules = named_ladder(begun, named, queue, at) if named else NO_LADDER
        foreign = queue == HEAD_OFFICE_QUEUE and not rules.rungs and named in {v.ladder for v in begun}
        if named is None or foreign:
            rules = select_ladder(begun, file, at)
        return rules.on(self.calendars)

    def in_force(self, name: str, at: datetime) -> LadderRules | None:
        """The version of a ladder at an instant, for whichever queue."""
        return next((v for v in self.versions if v.ladder == name and v.is_valid_at(at)), None)


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
