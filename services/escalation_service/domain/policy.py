"""Which ladder a case climbs: versions with effective ranges, the most particular selector first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.escalation_service.domain.calendars import CalendarCopy
from services.escalation_service.domain.case_file import HEAD_OFFICE, CaseFile
from services.escalation_service.domain.ladder import NO_LADDER, LadderRules

BRANCH_QUEUE = "branch"
HEAD_OFFICE_QUEUE = "head_office"


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


@dataclass(frozen=True)
class RuleBook:
    """Every published version of every ladder, and the calendars on which their hours are counted."""

    versions: tuple[LadderRules, ...]
    calendars: dict[str, CalendarCopy]

    def rules_for(self, file: CaseFile, at: datetime) -> LadderRules:
        """The ladder of a case with its calendars; without rungs where there is none."""
        return select_ladder(self.versions, file, at).on(self.calendars)
