"""First tables: case files, ladders and their facts, offices and officers, the ladders' rules."""

from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None

_TABLES = (
    """CREATE TABLE escalation.case_file (
        case_id uuid NOT NULL,
        number text,
        receiving_region integer,
        channel text,
        received_at timestamptz,
        subject text,
        severity text,
        subject_seq integer NOT NULL,
        severity_seq integer NOT NULL,
        office text NOT NULL,
        region integer,
        kind text NOT NULL,
        restricted boolean NOT NULL,
        cycle integer NOT NULL,
        seen_seq integer NOT NULL,
        last_region integer,
        last_region_seq integer NOT NULL,
        CONSTRAINT case_file_pkey PRIMARY KEY (case_id)
    )""",
    """CREATE TABLE escalation.ladder (
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        state text DEFAULT 'quiet' NOT NULL,
        next_due_at timestamptz,
        next_rung integer,
        next_scheduled_at timestamptz,
        due_at timestamptz,
        due_seq integer DEFAULT 0 NOT NULL,
        warned_at timestamptz,
        breached_at timestamptz,
        last_rung integer DEFAULT 0 NOT NULL,
        last_fired_at timestamptz,
        last_acknowledged_at timestamptz,
        promised_at timestamptz,
        closed_at timestamptz,
        closed_reason text,
        closed_seq integer,
        repaired boolean,
        ended_at timestamptz,
        ended_reason text,
        next_chase_on date,
        last_chased_at timestamptz,
        stalled text,
        CONSTRAINT ladder_pkey PRIMARY KEY (case_id, cycle),
        CONSTRAINT ladder_state_check CHECK (state IN ('quiet', 'climbing', 'held', 'complete', 'ended'))
    )""",
    """CREATE INDEX ladder_follow_up_idx ON escalation.ladder (due_at, case_id, cycle)
        WHERE due_at IS NOT NULL AND ((closed_at IS NULL AND (breached_at IS NOT NULL OR warned_at IS NOT NULL))
        OR NOT repaired)""",
    "CREATE INDEX ladder_next_due_at_idx ON escalation.ladder (next_due_at) WHERE next_due_at IS NOT NULL",
    "CREATE INDEX ladder_stalled_idx ON escalation.ladder (stalled) WHERE stalled IS NOT NULL",
    """CREATE TABLE escalation.breach (
        breach_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        generation integer,
        due_at timestamptz,
        breached_at timestamptz,
        cause text,
        noted_at timestamptz,
        voided_at timestamptz,
        void_reason text,
        CONSTRAINT breach_pkey PRIMARY KEY (breach_id),
        CONSTRAINT breach_ladder_fkey FOREIGN KEY(case_id, cycle) REFERENCES escalation.ladder (case_id, cycle)
    )""",
    "CREATE INDEX breach_ladder_idx ON escalation.breach (case_id, cycle)",
    """CREATE TABLE escalation.hold_mark (
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        seq integer NOT NULL,
        held boolean NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT hold_mark_pkey PRIMARY KEY (case_id, cycle, seq),
        CONSTRAINT hold_mark_ladder_fkey FOREIGN KEY(case_id, cycle) REFERENCES escalation.ladder (case_id, cycle)
    )""",
    """CREATE TABLE escalation.rung (
        rung_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        rung integer NOT NULL,
        state text NOT NULL,
        breach_id uuid NOT NULL,
        post text NOT NULL,
        post_office text NOT NULL,
        office text NOT NULL,
        ladder text NOT NULL,
        ladder_version integer NOT NULL,
        officer_code text,
        officer_name text,
        officer_phone text,
        officer_email text,
        acting boolean DEFAULT false NOT NULL,
        scheduled_at timestamptz,
        fired_at timestamptz,
        lapsed_at timestamptz,
        lapsed_reason text,
        acknowledged_at timestamptz,
        acknowledged_by text,
        deferred_until timestamptz,
        promised_at timestamptz,
        note text,
        CONSTRAINT rung_pkey PRIMARY KEY (rung_id),
        CONSTRAINT rung_case_id_cycle_rung_key UNIQUE (case_id, cycle, rung),
        CONSTRAINT rung_ladder_fkey FOREIGN KEY(case_id, cycle) REFERENCES escalation.ladder (case_id, cycle),
        CONSTRAINT rung_state_check CHECK (
            (state = 'fired' AND fired_at IS NOT NULL AND scheduled_at IS NOT NULL AND fired_at >= scheduled_at)
            OR (state = 'lapsed' AND fired_at IS NULL AND lapsed_at IS NOT NULL))
    )""",
    """CREATE TABLE escalation.chase (
        chase_id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        whom text NOT NULL,
        means text NOT NULL,
        answer text NOT NULL,
        next_chase_on date,
        promised_at timestamptz,
        chased_by text NOT NULL,
        chased_at timestamptz NOT NULL,
        CONSTRAINT chase_pkey PRIMARY KEY (chase_id),
        CONSTRAINT chase_ladder_fkey FOREIGN KEY(case_id, cycle) REFERENCES escalation.ladder (case_id, cycle)
    )""",
    "CREATE INDEX chase_case_idx ON escalation.chase (case_id, cycle, chased_at)",
    """CREATE TABLE escalation.office (
        code text NOT NULL,
        kind text NOT NULL,
        name_th text NOT NULL,
        region integer,
        version integer DEFAULT 1 NOT NULL,
        CONSTRAINT office_pkey PRIMARY KEY (code),
        CONSTRAINT office_kind_check CHECK (kind IN ('branch', 'region', 'area', 'head_office'))
    )""",
    """CREATE TABLE escalation.post (
        office text NOT NULL,
        post text NOT NULL,
        officer_code text,
        officer_name text,
        officer_phone text,
        officer_email text,
        acting boolean DEFAULT false NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT post_pkey PRIMARY KEY (office, post),
        CONSTRAINT post_office_fkey FOREIGN KEY(office) REFERENCES escalation.office (code),
        CONSTRAINT post_officer_check CHECK ((officer_code IS NULL) = (officer_name IS NULL))
    )""",
    """CREATE TABLE escalation.area_region (
        region integer NOT NULL,
        valid_from timestamptz NOT NULL,
        area text NOT NULL,
        CONSTRAINT area_region_pkey PRIMARY KEY (region, valid_from),
        CONSTRAINT area_region_area_fkey FOREIGN KEY(area) REFERENCES escalation.office (code)
    )""",
    """CREATE TABLE escalation.ladder_policy (
        ladder text NOT NULL,
        version integer NOT NULL,
        valid_from timestamptz NOT NULL,
        minimum_gap_hours integer NOT NULL,
        longest_deferral_hours integer NOT NULL,
        CONSTRAINT ladder_policy_pkey PRIMARY KEY (ladder, version),
        CONSTRAINT ladder_policy_ladder_valid_from_key UNIQUE (ladder, valid_from),
        CONSTRAINT ladder_policy_ladder_check CHECK (ladder IN ('branch', 'head_office')),
        CONSTRAINT ladder_policy_gap_check CHECK (minimum_gap_hours > 0),
        CONSTRAINT ladder_policy_deferral_check CHECK (longest_deferral_hours BETWEEN 0 AND 24)
    )""",
    """CREATE TABLE escalation.rung_definition (
        ladder text NOT NULL,
        version integer NOT NULL,
        rung integer NOT NULL,
        post text NOT NULL,
        place text NOT NULL,
        offset_hours integer NOT NULL,
        calendar text DEFAULT 'always' NOT NULL,
        CONSTRAINT rung_definition_pkey PRIMARY KEY (ladder, version, rung),
        CONSTRAINT rung_definition_policy_fkey FOREIGN KEY(ladder, version)
            REFERENCES escalation.ladder_policy (ladder, version),
        CONSTRAINT rung_definition_rung_check CHECK (rung BETWEEN 1 AND 9),
        CONSTRAINT rung_definition_place_check CHECK (place IN ('own', 'region', 'area', 'head_office')),
        CONSTRAINT rung_definition_offset_check CHECK (offset_hours >= 0),
        CONSTRAINT rung_definition_calendar_check CHECK (calendar = 'always')
    )""",
)


def upgrade() -> None:
    install_core(op, "escalation")
    for statement in _TABLES:
        op.execute(statement)
