"""The table that reports are counted from: a row for each case and cycle."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.reporting_service.store.tables import INSTANT, TABLES

_COMPLAINT = text("kind = 'complaint'")
case_cycle = Table(
    "case_cycle",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False, autoincrement=False),
    Column("is_first", Boolean, nullable=False),
    Column("is_last", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text),
    Column("dimension", Text),
    Column("subject", Text),
    Column("region", SmallInteger),
    Column("received_at", INSTANT),
    Column("ended_at", INSTANT),
    Column("ended_as", Text),
    Column("reopened_at", INSTANT),
    Column("resolved_at", INSTANT),
    Column("repaired", Boolean),
    Column("cause", Text),
    Column("rungs", ARRAY(INSTANT)),
    Column("open_since", INSTANT),
    Column("open_until", INSTANT),
    Column("due_at", INSTANT),
    Column("judged", Boolean, nullable=False),
    Column("on_time", Boolean, nullable=False),
    Column("whole_due_at", INSTANT),
    Column("whole_judged", Boolean, nullable=False),
    Column("whole_on_time", Boolean, nullable=False),
    Column("last_not_repaired", Boolean, nullable=False),
    Column("without_clock", Boolean, nullable=False),
    Column("call_began_at", INSTANT),
    Column("call_reached", Boolean),
    Column("call_no_phone", Boolean),
    Column("answered_at", INSTANT),
    Column("convenience", SmallInteger),
    Column("variety", SmallInteger),
    Column("speed", SmallInteger),
    Column("repair", SmallInteger),
    Column("contact_center", SmallInteger),
    Column("called_back", Boolean),
    Column("named_prapa", Boolean, nullable=False),
    PrimaryKeyConstraint("case_id", "cycle", name="case_cycle_pkey"),
    Index("case_cycle_received_idx", "received_at", postgresql_where=text("is_first")),
    Index("case_cycle_ended_idx", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    Index("case_cycle_reopened_idx", "reopened_at", postgresql_where=text("reopened_at IS NOT NULL")),
    Index("case_cycle_resolved_idx", "resolved_at", postgresql_where=text("resolved_at IS NOT NULL")),
    Index("case_cycle_open_until_idx", "open_until"),
    Index("case_cycle_due_idx", "due_at", postgresql_where=_COMPLAINT),
    Index("case_cycle_whole_due_idx", "whole_due_at", postgresql_where=text("is_first AND kind = 'complaint'")),
    Index("case_cycle_call_idx", "call_began_at", postgresql_where=_COMPLAINT),
    *(
        Index(f"case_cycle_rung_{n}_idx", text(f"(rungs[{n}])"), postgresql_where=text("rungs IS NOT NULL"))
        for n in (1, 2, 3)
    ),
)
