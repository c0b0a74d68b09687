"""Messages to officers, mailings, attempts, receipts; answers; corrected rungs; named ladders; subjects."""

from alembic import op

revision = "0003"
down_revision = "0002"

_RUNGS = (
    """ALTER TABLE escalation.rung
        ADD COLUMN corrected_at timestamptz,
        ADD COLUMN corrected_reason text,
        ADD COLUMN settled_at timestamptz,
        ADD COLUMN in_charge text,
        ADD COLUMN in_charge_name text""",
    # Rungs of cycles that ended before: nobody waits for an answer.
    """UPDATE escalation.rung r SET settled_at = coalesce(l.closed_at, l.ended_at)
        FROM escalation.ladder l
        WHERE l.case_id = r.case_id AND l.cycle = r.cycle AND r.state = 'fired'
        AND (l.closed_at IS NOT NULL OR l.ended_reason = 'voided')""",
    """CREATE INDEX rung_unanswered_idx ON escalation.rung (fired_at, rung_id)
        WHERE state = 'fired' AND acknowledged_at IS NULL AND settled_at IS NULL""",
)

_BREACHES = (
    "ALTER TABLE escalation.breach ADD COLUMN policy text, ADD COLUMN ladder text",
    "ALTER TABLE escalation.hold_mark ADD COLUMN spans jsonb",
)

_TABLES = (
    """CREATE TABLE escalation.subject (
    code text NOT NULL, valid_from timestamptz NOT NULL, valid_to timestamptz,
    title_th text NOT NULL, published_at timestamptz NOT NULL,
    CONSTRAINT subject_pkey PRIMARY KEY (code, valid_from),
    CONSTRAINT subject_range_check CHECK (valid_to > valid_from)
)""",
    """CREATE TABLE escalation.message (
        message_id uuid NOT NULL,
        rung_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        rung integer NOT NULL,
        breach_id uuid NOT NULL,
        kind text NOT NULL,
        occasion uuid NOT NULL,
        recipient text,
        recipient_name text,
        stands_in boolean DEFAULT false NOT NULL,
        state text NOT NULL,
        reason text,
        created_at timestamptz NOT NULL,
        ready_at timestamptz NOT NULL,
        held_at timestamptz,
        held_by text,
        held_reason text,
        decided_at timestamptz,
        decided_by text,
        decided_reason text,
        voided_at timestamptz,
        mailing_id uuid,
        told_at timestamptz,
        told_by text,
        evidence text,
        CONSTRAINT message_pkey PRIMARY KEY (message_id),
        CONSTRAINT message_once_key UNIQUE (rung_id, kind, occasion, recipient),
        CONSTRAINT message_rung_fkey FOREIGN KEY(rung_id) REFERENCES escalation.rung (rung_id),
        CONSTRAINT message_kind_check CHECK (kind IN ('call', 'correction', 'hand_over')),
        CONSTRAINT message_state_check CHECK (
            state IN ('waiting', 'held', 'rejected', 'withdrawn', 'sending', 'accepted', 'delivered', 'unknown',
            'not_told')),
        CONSTRAINT message_held_check CHECK (state <> 'held' OR held_at IS NOT NULL),
        CONSTRAINT message_told_check CHECK (
            state NOT IN ('accepted', 'delivered') OR (told_at IS NOT NULL AND mailing_id IS NOT NULL))
    )""",
    "CREATE INDEX message_case_idx ON escalation.message (case_id, cycle, rung)",
    "CREATE INDEX message_mailing_idx ON escalation.message (mailing_id)",
    """CREATE INDEX message_state_idx ON escalation.message (state, message_id)
        WHERE state IN ('held', 'unknown', 'not_told')""",
    """CREATE INDEX message_waiting_idx ON escalation.message (recipient, kind, ready_at)
        WHERE state = 'waiting'""",
    """CREATE TABLE escalation.mailing (
        mailing_id uuid NOT NULL,
        recipient text NOT NULL,
        recipient_name text NOT NULL,
        kind text NOT NULL,
        size integer NOT NULL,
        state text NOT NULL,
        reason text,
        created_at timestamptz NOT NULL,
        told_at timestamptz,
        told_by text,
        evidence text,
        CONSTRAINT mailing_pkey PRIMARY KEY (mailing_id),
        CONSTRAINT mailing_state_check CHECK (
            state IN ('pending', 'accepted', 'delivered', 'unknown', 'not_told', 'withdrawn')),
        CONSTRAINT mailing_size_check CHECK (size > 0)
    )""",
    "CREATE INDEX mailing_recipient_idx ON escalation.mailing (recipient, kind, created_at)",
    """CREATE TABLE escalation.mailing_delivery (
        id uuid NOT NULL,
        mailing_id uuid NOT NULL,
        channel text NOT NULL,
        address text NOT NULL,
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
        CONSTRAINT mailing_delivery_pkey PRIMARY KEY (id),
        CONSTRAINT mailing_delivery_channel_key UNIQUE (mailing_id, channel),
        CONSTRAINT mailing_delivery_mailing_fkey FOREIGN KEY(mailing_id) REFERENCES escalation.mailing (mailing_id),
        CONSTRAINT mailing_delivery_channel_check CHECK (channel IN ('email', 'line', 'webhook')),
        CONSTRAINT mailing_delivery_state_check CHECK (
            state IN ('waiting', 'due', 'sending', 'accepted', 'delivered', 'unknown', 'failed', 'cancelled')),
        CONSTRAINT mailing_delivery_due_check CHECK ((due_at IS NOT NULL) = (state = 'due'))
    )""",
    "CREATE INDEX mailing_delivery_due_idx ON escalation.mailing_delivery (due_at) WHERE state = 'due'",
    """CREATE INDEX mailing_delivery_sending_idx ON escalation.mailing_delivery (sending_at)
        WHERE state = 'sending'""",
    """CREATE TABLE escalation.mailing_attempt (
        delivery_id uuid NOT NULL,
        number integer NOT NULL,
        channel text NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        outcome text,
        reason text,
        provider_id text,
        CONSTRAINT mailing_attempt_pkey PRIMARY KEY (delivery_id, number),
        CONSTRAINT mailing_attempt_delivery_fkey FOREIGN KEY(delivery_id) REFERENCES escalation.mailing_delivery (id),
        CONSTRAINT mailing_attempt_outcome_check CHECK (outcome IN ('accepted', 'refused', 'failed', 'unknown'))
    )""",
    "CREATE INDEX mailing_attempt_started_idx ON escalation.mailing_attempt (channel, started_at)",
    """CREATE TABLE escalation.mailing_receipt (
        receipt_id text NOT NULL,
        delivery_id uuid,
        status text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT mailing_receipt_pkey PRIMARY KEY (receipt_id)
    )""",
    "CREATE INDEX mailing_receipt_received_idx ON escalation.mailing_receipt (received_at)",
    """CREATE TABLE escalation.answer (
        answer_id uuid NOT NULL,
        rung_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        rung integer NOT NULL,
        kind text NOT NULL,
        answered_by text NOT NULL,
        answered_at timestamptz NOT NULL,
        promised_at timestamptz,
        deferred_until timestamptz,
        note text,
        from_code text,
        to_code text,
        to_name text,
        CONSTRAINT answer_pkey PRIMARY KEY (answer_id),
        CONSTRAINT answer_rung_fkey FOREIGN KEY(rung_id) REFERENCES escalation.rung (rung_id),
        CONSTRAINT answer_kind_check CHECK (kind IN ('acknowledge', 'promise', 'hand_over', 'take_over')),
        CONSTRAINT answer_promise_check CHECK (kind <> 'promise' OR promised_at IS NOT NULL),
        CONSTRAINT answer_to_check CHECK ((kind IN ('hand_over', 'take_over')) = (to_code IS NOT NULL))
    )""",
    "CREATE INDEX answer_case_idx ON escalation.answer (case_id, cycle, answered_at)",
)


def upgrade() -> None:
    for statement in (*_RUNGS, *_BREACHES, *_TABLES):
        op.execute(statement)
