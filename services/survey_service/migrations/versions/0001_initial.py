"""First tables: cases and cards, notices and deliveries, phone tasks, calls and answers, samples, editable rules."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None

_TABLES = (
    """CREATE TABLE survey.answer (
        call_id uuid NOT NULL,
        questionnaire text NOT NULL,
        channel_convenience integer,
        channel_variety integer,
        speed integer,
        repair integer,
        contact_center integer,
        fixed boolean NOT NULL,
        satisfied boolean NOT NULL,
        called_back_by_contact_center boolean NOT NULL,
        answered_by text NOT NULL,
        answered_at timestamptz NOT NULL,
        CONSTRAINT answer_pkey PRIMARY KEY (call_id),
        CONSTRAINT answer_scale_check CHECK (
            least(channel_convenience, channel_variety, speed, repair, contact_center) >= 1
            AND greatest(channel_convenience, channel_variety, speed, repair, contact_center) <= 5)
    )""",
    """CREATE TABLE survey.call_attempt (
        call_id uuid NOT NULL,
        number integer NOT NULL,
        outcome text NOT NULL,
        attempted_by text NOT NULL,
        attempted_at timestamptz NOT NULL,
        CONSTRAINT call_attempt_pkey PRIMARY KEY (call_id, number)
    )""",
    """CREATE TABLE survey.call_task (
        id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        purpose text NOT NULL,
        opened_at timestamptz NOT NULL,
        due_at timestamptz,
        handler text,
        state text NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        reached boolean DEFAULT false NOT NULL,
        outcome text,
        closed_at timestamptz,
        claimed_by text,
        claimed_until timestamptz,
        sample_id uuid,
        checklist text,
        CONSTRAINT call_task_pkey PRIMARY KEY (id),
        CONSTRAINT call_task_case_id_cycle_purpose_key UNIQUE (case_id, cycle, purpose),
        CONSTRAINT call_task_state_check CHECK (state IN ('open', 'claimed', 'closed')),
        CONSTRAINT call_task_purpose_check CHECK (purpose IN ('satisfaction', 'sample'))
    )""",
    "CREATE INDEX call_task_due_at_idx ON survey.call_task (due_at, id) WHERE state <> 'closed'",
    "CREATE INDEX call_task_open_idx ON survey.call_task (id) WHERE state <> 'closed'",
    """CREATE TABLE survey.case_file (
        case_id uuid NOT NULL,
        office text,
        region integer,
        kind text DEFAULT 'unclassified' NOT NULL,
        restricted boolean DEFAULT false NOT NULL,
        number text,
        channel text,
        subject text,
        severity text DEFAULT 'normal' NOT NULL,
        cycle integer DEFAULT 1 NOT NULL,
        state text DEFAULT 'open' NOT NULL,
        contact_version integer DEFAULT 0 NOT NULL,
        facts_seq integer DEFAULT 0 NOT NULL,
        CONSTRAINT case_file_pkey PRIMARY KEY (case_id),
        CONSTRAINT case_file_state_check CHECK (state IN ('open', 'resolved', 'answered', 'cancelled'))
    )""",
    """CREATE TABLE survey.checklist_mark (
        call_id uuid NOT NULL,
        item text NOT NULL,
        about text NOT NULL,
        passed boolean,
        CONSTRAINT checklist_mark_pkey PRIMARY KEY (call_id, item)
    )""",
    """CREATE TABLE survey.contact_card (
        case_id uuid NOT NULL,
        version integer NOT NULL,
        erased boolean DEFAULT false NOT NULL,
        name text,
        phone text,
        line_id text,
        email text,
        language text DEFAULT 'th' NOT NULL,
        place text,
        CONSTRAINT contact_card_pkey PRIMARY KEY (case_id)
    )""",
    """CREATE TABLE survey.delivery (
        id uuid NOT NULL,
        notice_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        purpose text NOT NULL,
        channel text NOT NULL,
        position integer NOT NULL,
        state text NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        in_doubt boolean DEFAULT false NOT NULL,
        due_at timestamptz,
        give_up_at timestamptz,
        first_sent_at timestamptz,
        sending_at timestamptz,
        accepted_at timestamptz,
        receipt_due_at timestamptz,
        reason text,
        recipient text,
        recipient_hash text,
        CONSTRAINT delivery_pkey PRIMARY KEY (id),
        CONSTRAINT delivery_case_id_cycle_purpose_channel_key UNIQUE (case_id, cycle, purpose, channel),
        CONSTRAINT delivery_state_check CHECK (state IN (
            'waiting', 'due', 'sending', 'accepted', 'delivered', 'unknown', 'failed', 'cancelled')),
        CONSTRAINT delivery_due_check CHECK ((due_at IS NOT NULL) = (state = 'due'))
    )""",
    "CREATE INDEX delivery_due_at_idx ON survey.delivery (due_at) WHERE state = 'due'",
    "CREATE INDEX delivery_notice_id_idx ON survey.delivery (notice_id)",
    "CREATE INDEX delivery_receipt_due_at_idx ON survey.delivery (receipt_due_at) WHERE state = 'accepted'",
    "CREATE INDEX delivery_sending_at_idx ON survey.delivery (sending_at) WHERE state = 'sending'",
    """CREATE TABLE survey.notice (
        id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        purpose text NOT NULL,
        state text NOT NULL,
        reason text,
        opened_at timestamptz NOT NULL,
        told_at timestamptz,
        told_channel text,
        evidence text,
        CONSTRAINT notice_pkey PRIMARY KEY (id),
        CONSTRAINT notice_case_id_cycle_purpose_key UNIQUE (case_id, cycle, purpose),
        CONSTRAINT notice_state_check CHECK (state IN (
            'pending', 'accepted', 'unknown', 'told', 'phone', 'failed', 'superseded', 'cancelled')),
        CONSTRAINT notice_told_check CHECK ((told_at IS NOT NULL) = (state = 'told'))
    )""",
    "CREATE INDEX notice_unknown_idx ON survey.notice (id) WHERE state = 'unknown'",
    """CREATE TABLE survey.phone_task (
        id uuid NOT NULL,
        notice_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        reason text NOT NULL,
        opened_at timestamptz NOT NULL,
        state text NOT NULL,
        outcome text,
        closed_at timestamptz,
        claimed_by text,
        claimed_until timestamptz,
        CONSTRAINT phone_task_pkey PRIMARY KEY (id),
        CONSTRAINT phone_task_notice_id_key UNIQUE (notice_id),
        CONSTRAINT phone_task_state_check CHECK (state IN ('open', 'claimed', 'closed'))
    )""",
    "CREATE INDEX phone_task_case_id_idx ON survey.phone_task (case_id)",
    "CREATE INDEX phone_task_open_idx ON survey.phone_task (id) WHERE state <> 'closed'",
    """CREATE TABLE survey.provider (
        channel text NOT NULL,
        failures integer DEFAULT 0 NOT NULL,
        open_until timestamptz,
        CONSTRAINT provider_pkey PRIMARY KEY (channel)
    )""",
    """CREATE TABLE survey.receipt (
        provider text NOT NULL,
        receipt_id text NOT NULL,
        delivery_id uuid,
        status text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT receipt_pkey PRIMARY KEY (provider, receipt_id)
    )""",
    "CREATE INDEX receipt_received_at_idx ON survey.receipt (received_at)",
    """CREATE TABLE survey.resolution (
        id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        kind text NOT NULL,
        channel text NOT NULL,
        repaired boolean NOT NULL,
        action text NOT NULL,
        not_repaired_reason text,
        mister_prapa text,
        handler text NOT NULL,
        subject text,
        contact_version integer NOT NULL,
        resolved_at timestamptz NOT NULL,
        reported_at timestamptz NOT NULL,
        review text NOT NULL,
        released_by text,
        released_at timestamptz,
        CONSTRAINT resolution_pkey PRIMARY KEY (id),
        CONSTRAINT resolution_case_id_cycle_key UNIQUE (case_id, cycle),
        CONSTRAINT resolution_review_check CHECK (review IN ('none', 'waiting', 'released', 'superseded'))
    )""",
    "CREATE INDEX resolution_reported_at_idx ON survey.resolution (reported_at)",
    "CREATE INDEX resolution_waiting_idx ON survey.resolution (id) WHERE review = 'waiting'",
    """CREATE TABLE survey.rule_book (
        name text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        effective_from timestamptz NOT NULL,
        made_by text NOT NULL,
        CONSTRAINT rule_book_pkey PRIMARY KEY (name, version)
    )""",
    """CREATE TABLE survey.sample (
        id uuid NOT NULL,
        region integer NOT NULL,
        month text NOT NULL,
        frame integer NOT NULL,
        frame_hash text NOT NULL,
        quota integer NOT NULL,
        precision text NOT NULL,
        seed text NOT NULL,
        checklist text NOT NULL,
        drawn_by text NOT NULL,
        drawn_at timestamptz NOT NULL,
        CONSTRAINT sample_pkey PRIMARY KEY (id),
        CONSTRAINT sample_region_month_key UNIQUE (region, month),
        CONSTRAINT sample_quota_check CHECK (quota BETWEEN 1 AND frame)
    )""",
    """CREATE TABLE survey.sample_member (
        sample_id uuid NOT NULL,
        position integer NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        state text NOT NULL,
        replaces integer,
        call_id uuid,
        reason text,
        CONSTRAINT sample_member_pkey PRIMARY KEY (sample_id, position),
        CONSTRAINT sample_member_sample_id_case_id_key UNIQUE (sample_id, case_id),
        CONSTRAINT sample_member_state_check CHECK (state IN ('reserve', 'chosen', 'calling', 'completed', 'unreached'))
    )""",
    "CREATE INDEX sample_member_call_id_idx ON survey.sample_member (call_id) WHERE call_id IS NOT NULL",
    "CREATE INDEX sample_member_chosen_idx ON survey.sample_member (sample_id, position) WHERE state = 'chosen'",
)
_SEED = """
INSERT INTO survey.rule_book (name, version, body, effective_from, made_by)
VALUES (:name, 1, CAST(:body AS jsonb), :since, 'seed')"""
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_NIGHT = {"from": "21:00", "until": "08:00"}


def _question(
    key: str, text_th: str, *, required: bool = False, only_contact_center: bool = False
) -> dict[str, object]:
    return {"key": key, "text_th": text_th, "required": required, "only_contact_center": only_contact_center}


# Assumed by the process description; each is data and may be changed by a new version.
_RULES: dict[str, dict[str, object]] = {
    "notices": {
        "channels": ["sms", "line", "email"],
        "max_attempts": 4,
        "backoff_seconds": 60,
        "backoff_cap_seconds": 3600,
        "patience_hours": 6,
        "receipt_hours": 6,
        "breaker_failures": 5,
        "breaker_seconds": 60,
        "lease_seconds": 300,
        "unknown_alarm_hours": 4,
    },
    "quiet_hours": {"low": _NIGHT, "normal": _NIGHT, "high": {"from": "22:00", "until": "07:00"}, "critical": None},
    "calls": {"max_attempts": 3, "retry_minutes": 120, "claim_minutes": 60},
    "sampling": {"precision": "0.05"},
    "questionnaire": {
        "questions": [
            _question("channel_convenience", "ช่องทางที่ท่านใช้แจ้งเรื่องสะดวกเพียงใด"),
            _question("channel_variety", "กปภ. มีช่องทางให้แจ้งเรื่องหลากหลายเพียงพอเพียงใด"),
            _question("speed", "ท่านพึงพอใจต่อความรวดเร็วของการแก้ปัญหาเพียงใด"),
            _question("repair", "ท่านพึงพอใจต่อผลการแก้ปัญหาเพียงใด", required=True),
            _question("contact_center", "ท่านพึงพอใจต่อเจ้าหน้าที่ PWA Contact Center 1662 เพียงใด", only_contact_center=True),
        ]
    },
    "checklist": {
        "items": [
            {"code": "A1", "about": "intake", "text_th": "เจ้าหน้าที่รับเรื่องทวนเรื่องที่แจ้งและแจ้งเลขรับเรื่อง"},
            {"code": "A2", "about": "intake", "text_th": "เจ้าหน้าที่รับเรื่องสุภาพและแจ้งกำหนดเวลาแก้ไข"},
            {"code": "B1", "about": "contact_center_1662", "text_th": "เจ้าหน้าที่ 1662 รับสายและให้ข้อมูลครบถ้วน"},
            {"code": "C1", "about": "branch_team", "text_th": "ทีมช่างติดต่อก่อนเข้าพื้นที่และแสดงตน"},
            {"code": "C2", "about": "branch_team", "text_th": "งานซ่อมเรียบร้อยและคืนสภาพพื้นที่"},
            {"code": "C3", "about": "branch_team", "text_th": "สาขาแจ้งผลการดำเนินการให้ทราบ"},
        ]
    },
}


def upgrade() -> None:
    install_core(op, "survey")
    for statement in _TABLES:
        op.execute(statement)
    for name, body in _RULES.items():
        written = json.dumps(body, ensure_ascii=False)
        op.execute(sa.text(_SEED).bindparams(name=name, body=written, since=_SINCE))
