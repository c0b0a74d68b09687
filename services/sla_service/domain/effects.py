"""What another calendar version does to the clocks of a case: deadlines moved, breaches voided or new."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.sla_service.domain.changes import AT_DUE, Decision, Key, Recorded, Voided


@dataclass(frozen=True)
class Effect:
    """One clock before and after; a deadline is None while a hold freezes what is left."""

    key: Key
    old_due_at: datetime | None
    new_due_at: datetime | None
    voided: bool
    breached: bool


def effects(decision: Decision, recorded: Mapping[Key, Recorded], repinned: AbstractSet[Key]) -> list[Effect]:
    """The clocks among `repinned` for which the new version makes a difference."""
    voided = {change.key for change in decision.changes if isinstance(change, Voided) and change.level == AT_DUE}
    found = []
    for clock in decision.clocks:
        key = (clock.metric, clock.cycle)
        if key not in repinned:
            continue
        before = recorded[key]
        is_void, has_moved = key in voided, before.due_at != clock.due_at
        is_late = clock.breached_at is not None and has_moved and (before.breach is None or is_void)
        if has_moved or is_void:
            found.append(Effect(key, before.due_at, clock.due_at, is_void, is_late))
    return found
