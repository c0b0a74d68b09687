"""SQL for the follow-up list: its lines, its counts and its export, each at the cost of what is on the list."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, lateral, not_, or_, select, text, true, tuple_

from services.escalation_service.domain.urgency import RANKS, Urgency
from services.escalation_service.store import subjects
from services.escalation_service.store.answers import answers_for
from services.escalation_service.store.directory_tables import OFFICE
from services.escalation_service.store.follow_ups import visible
from services.escalation_service.store.messages import told_state
from services.escalation_service.store.tables import CASE_FILE, CHASE, LADDER
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.fiscal import bangkok_date

L, F = LADDER.c, CASE_FILE.c
# Word for word the predicate of ladder_follow_up_idx, so that the list costs what is on it, not what is kept.
_LISTED = text(
    "ladder.due_at IS NOT NULL AND ((ladder.closed_at IS NULL AND (ladder.breached_at IS NOT NULL"
    " OR ladder.warned_at IS NOT NULL)) OR NOT ladder.repaired)"
)
# What was reported without repair leaves the list when the case is open again: its new cycle takes its place.
_CURRENT = L.cycle >= F.cycle
Place = tuple[datetime, UUID, int]
RankedPlace = tuple[int, datetime, UUID, int]
Due = Literal["today", "overdue", "due"]


@dataclass(frozen=True)
class Filters:
    """What a reader of the follow-up list asks for; None means: does not matter."""

    office: str | None = None
    region: int | None = None
    rung: int | None = None
    overdue: timedelta | None = None
    late: bool | None = None
    unacknowledged: bool | None = None
    not_repaired: bool | None = None
    promise_broken: bool | None = None
    not_told: bool | None = None
    next_chase: Due | None = None
    number: str | None = None
    case_id: UUID | None = None
    reader: str | None = None  # who asks: one case is shown to whoever answers for it, too


@dataclass(frozen=True)
class Conditions:
    """What the words of the list mean at one instant, in SQL."""

    at: datetime

    @property
    def today(self) -> date:
        return bangkok_date(self.at)

    @property
    def late(self) -> ColumnElement[bool]:
        """A breach stands: a deadline that passed while the clock was held is none."""
        return and_(L.breached_at.is_not(None), L.closed_at.is_(None))

    @property
    def warned(self) -> ColumnElement[bool]:
        return and_(L.breached_at.is_(None), L.closed_at.is_(None))

    @property
    def unacknowledged(self) -> ColumnElement[bool]:
        return and_(L.last_rung > 0, L.last_acknowledged_at.is_(None), L.closed_at.is_(None))

    @property
    def promise_broken(self) -> ColumnElement[bool]:
        return and_(L.promised_at.is_not(None), L.promised_at < self.at, L.closed_at.is_(None))

    @property
    def not_told(self) -> ColumnElement[bool]:
        """Nobody could be told of the rung fired last."""
        return and_(L.closed_at.is_(None), func.coalesce(told_state(), "") == "not_told")

    @property
    def not_repaired(self) -> ColumnElement[bool]:
        return L.closed_at.is_not(None)

    def chase(self, due: Due) -> ColumnElement[bool]:
        """Lines whose next chase is for today, for an earlier day, or either."""
        if due == "today":
            return and_(L.next_chase_on.is_not(None), L.next_chase_on == self.today)
        last = self.today - timedelta(days=1) if due == "overdue" else self.today
        return and_(L.next_chase_on.is_not(None), L.next_chase_on <= last)

    @property
    def rank(self) -> ColumnElement[int]:
        """The place of a line by urgency (domain.urgency says what the ranks mean)."""
        promised = and_(L.promised_at.is_not(None), L.promised_at >= self.at)
        decided = [
            (and_(L.next_chase_on.is_not(None), L.next_chase_on > self.today), Urgency.WAITING),
            (self.promise_broken, Urgency.PROMISE_BROKEN),
            (self.unacknowledged, Urgency.UNACKNOWLEDGED),
            (self.chase("due"), Urgency.CHASE_DUE),
            (self.not_repaired, Urgency.NOT_REPAIRED),
            (promised, Urgency.WAITING),
            (self.late, Urgency.OVERDUE),
        ]
        return case(*[(when, RANKS[urgency]) for when, urgency in decided], else_=RANKS[Urgency.WARNED])


def _flags(asked: Filters, at: Conditions) -> Iterable[ColumnElement[bool]]:
    pairs = (
        (asked.unacknowledged, at.unacknowledged),
        (asked.not_repaired, at.not_repaired),
        (asked.promise_broken, at.promise_broken),
        (asked.not_told, at.not_told),
    )
    return [condition if wanted else not_(condition) for wanted, condition in pairs if wanted is not None]


def _wanted(asked: Filters, at: Conditions) -> list[ColumnElement[bool]]:
    wanted = [*_flags(asked, at), *_equal(asked)]
    if asked.late is not None:
        wanted.append(at.late if asked.late else at.warned)
    if asked.overdue is not None:
        wanted += [L.breached_at.is_not(None), L.due_at <= func.coalesce(L.closed_at, at.at) - asked.overdue]
    if asked.next_chase is not None:
        wanted.append(at.chase(asked.next_chase))
    if asked.number is not None:
        wanted.append(F.number.icontains(asked.number, autoescape=True))
    return wanted


def _equal(asked: Filters) -> Iterable[ColumnElement[bool]]:
    pairs = (
        (F.office, asked.office),
        (F.region, asked.region),
        (L.last_rung, asked.rung),
        (L.case_id, asked.case_id),
    )
    return [column == value for column, value in pairs if value is not None]


def _chosen(scope: Scope, asked: Filters, at: Conditions) -> list[Any]:
    seen = visible(scope)
    if asked.case_id is not None and asked.reader is not None:
        seen = or_(seen, answers_for(scope, asked.reader))
    return [_LISTED, _CURRENT, seen, *_wanted(asked, at)]


def _lines(at: Conditions) -> Select[Any]:
    file = [F[n] for n in ("number", "office", "region", "kind", "subject", "severity", "channel", "received_at")]
    named = subjects.name(F.subject, at.at).label("subject_name")
    shown = (*file, named, at.rank.label("rank"), told_state().label("told"))
    return select(LADDER, *shown).join_from(LADDER, CASE_FILE, L.case_id == F.case_id)


def by_deadline(scope: Scope, asked: Filters, at: Conditions, *, after: Place | None, most: int) -> Select[Any]:
    """A page of the list, the longest overdue first."""
    statement = _lines(at).where(*_chosen(scope, asked, at))
    if after is not None:
        statement = statement.where(tuple_(L.due_at, L.case_id, L.cycle) > tuple_(*after))
    return statement.order_by(L.due_at, L.case_id, L.cycle).limit(most)


def by_urgency(scope: Scope, asked: Filters, at: Conditions, *, after: RankedPlace | None, most: int) -> Select[Any]:
    """A page of the list, the most urgent first and in each rank the longest overdue."""
    statement = _lines(at).where(*_chosen(scope, asked, at))
    if after is not None:
        statement = statement.where(tuple_(at.rank, L.due_at, L.case_id, L.cycle) > tuple_(*after))
    return statement.order_by(at.rank, L.due_at, L.case_id, L.cycle).limit(most)


def counted(scope: Scope, asked: Filters, at: Conditions) -> Select[Any]:
    """How many lines each tab has, altogether (office null) and per office, in one pass over the list."""
    tabs: dict[str, ColumnElement[bool]] = {
        "late": at.late, "warned": at.warned, "unacknowledged": at.unacknowledged,
        "promise_broken": at.promise_broken, "chase_today": at.chase("today"), "chase_overdue": at.chase("overdue"),
        "not_repaired": at.not_repaired,
    }  # fmt: skip
    return (
        select(
            F.office,
            func.min(F.region).label("region"),
            func.count().label("total"),
            *[func.count().filter(condition).label(name) for name, condition in tabs.items()],
        )
        .join_from(LADDER, CASE_FILE, L.case_id == F.case_id)
        .where(*_chosen(scope, asked, at))
        .group_by(text("GROUPING SETS ((), (case_file.office))"))
        .order_by(func.grouping(F.office).desc(), F.office)
    )


async def of_closed_branches(tx: Tx) -> dict[str, int]:
    """The branches that are closed and still have open cases to be followed up, and how many."""
    closed = select(OFFICE.c.code).where(OFFICE.c.kind == "branch", OFFICE.c.valid_to <= tx.now)
    per_office = (
        select(F.office, func.count().label("n"))
        .join_from(LADDER, CASE_FILE, L.case_id == F.case_id)
        .where(_LISTED, _CURRENT, L.closed_at.is_(None), F.office.in_(closed))
        .group_by(F.office)
        .order_by(F.office)
    )
    return {row.office: row.n for row in await tx.all(per_office)}


def exported(scope: Scope, asked: Filters, at: Conditions) -> Select[Any]:
    """The whole list with the newest chase of each line, the most urgent first."""
    newest = lateral(
        select(CHASE.c.whom, CHASE.c.means, CHASE.c.answer, CHASE.c.chased_by)
        .where(CHASE.c.case_id == L.case_id, CHASE.c.cycle == L.cycle)
        .order_by(CHASE.c.chased_at.desc(), CHASE.c.chase_id.desc())
        .limit(1)
    ).alias("newest")
    statement = _lines(at).add_columns(newest, OFFICE.c.name_th.label("office_name"))
    statement = statement.outerjoin(newest, true()).outerjoin(OFFICE, OFFICE.c.code == F.office)
    return statement.where(*_chosen(scope, asked, at)).order_by(at.rank, L.due_at, L.case_id, L.cycle)


async def rows_of(tx: Tx, statement: Select[Any]) -> Sequence[Row[Any]]:
    return await tx.all(statement)


def batches_of(tx: Tx, statement: Select[Any], size: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """The rows of one statement, as they were when it began, a few at a time."""
    return tx.batches(statement, size)


async def office_names(tx: Tx, codes: Iterable[str]) -> dict[str, str]:
    """What these offices are called."""
    rows = await tx.all(select(OFFICE.c.code, OFFICE.c.name_th).where(OFFICE.c.code.in_(sorted(set(codes)))))
    return {row.code: row.name_th for row in rows}
