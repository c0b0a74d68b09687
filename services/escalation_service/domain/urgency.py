"""What makes a line of the follow-up list urgent; the order of the members is the order of the list."""

from enum import StrEnum


class Urgency(StrEnum):
    """Why a line stands where it stands. The first that holds counts, but `waiting` comes before all others."""

    PROMISE_BROKEN = "promise_broken"  # a promised date has passed and the case is still open
    UNACKNOWLEDGED = "unacknowledged"  # the rung fired last has no answer
    CHASE_DUE = "chase_due"  # กสส. said it would ask again today, or before
    OVERDUE = "overdue"  # late, answered, and nobody has said what comes next
    NOT_REPAIRED = "not_repaired"  # reported done without repair
    WARNED = "warned"  # not late yet
    WAITING = "waiting"  # the next chase has a later date, or a promise still stands


RANKS = {urgency: rank for rank, urgency in enumerate(Urgency, start=1)}
BY_RANK = {rank: urgency for urgency, rank in RANKS.items()}
