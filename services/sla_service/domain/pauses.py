"""Holds against the budget that a policy gives to pauses: when it is used up, the clock runs on."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.kernel.working_time import Hold, WorkingTime, union


def within_budget(
    working: WorkingTime, start: datetime, holds: Iterable[Hold], budget: timedelta, at: datetime
) -> tuple[list[Hold], datetime | None]:
    """The held time that counts as of `at`, and when a hold that still runs will have used the budget up.

    Only open hours use it, as only they would have used the clock; holds that overlap count once.
    """
    counted: list[Hold] = []
    left = budget
    for begin, end in union((max(begin, start), end) for begin, end in holds if end is None or end > start):
        if left <= timedelta(0):
            break
        used_up = working.add(begin, left)
        if end is None and at < used_up:
            return [*counted, (begin, None)], used_up
        until = used_up if end is None else min(end, used_up)
        counted.append((begin, until))
        left -= working.used(begin, until)
    return counted, None
