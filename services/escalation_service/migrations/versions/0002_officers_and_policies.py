"""Officers with dated posts, leave and acting officers; ladder policies with versions; calendar copies; decisions."""

from alembic import op

revision = "0002"
down_revision = "0001"

_OFFICERS = (
    "ALTER TABLE escalation.office ADD COLUMN valid_to timestamptz",
    """CREATE TABLE escalation.officer (
        staff_code text NOT NULL,
        name text NOT NULL,
        phone text,
        email text,
        line_id text,
        webhook_url text,
        preferred text,
        digest text DEFAULT 'when_many' NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT officer_pkey PRIMARY KEY (staff_code),
        CONSTRAINT officer_preferred_check CHECK (preferred IN ('email', 'line', 'webhook')),
        CONSTRAINT officer_digest_check CHECK (digest IN ('when_many', 'always', 'never'))
    )""",
    """CREATE TABLE escalation.posting (
        posting_id uuid NOT NULL,
        office text NOT NULL,
        post text NOT NULL,
        staff_code text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz,
        CONSTRAINT posting_pkey PRIMARY KEY (posting_id),
        CONSTRAINT posting_post_fkey FOREIGN KEY (office, post) REFERENCES escalation.post (office, post),
        CONSTRAINT posting_officer_fkey FOREIGN KEY (staff_code) REFERENCES escalation.officer (staff_code),
        CONSTRAINT posting_range_check CHECK (valid_to > valid_from),
        CONSTRAINT posting_one_holder EXCLUDE USING gist
            (office WITH =, post WITH =, tstzrange(valid_from, valid_to) WITH &&)
    )""",
    "CREATE INDEX posting_staff_code_idx ON escalation.posting (staff_code)",
    """CREATE TABLE escalation.acting (
        acting_id uuid NOT NULL,
        office text NOT NULL,
        post text NOT NULL,
        staff_code text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz,
        reason text NOT NULL,
        CONSTRAINT acting_pkey PRIMARY KEY (acting_id),
        CONSTRAINT acting_post_fkey FOREIGN KEY (office, post) REFERENCES escalation.post (office, post),
        CONSTRAINT acting_officer_fkey FOREIGN KEY (staff_code) REFERENCES escalation.officer (staff_code),
        CONSTRAINT acting_range_check CHECK (valid_to > valid_from),
        CONSTRAINT acting_reason_check CHECK (reason IN ('vacancy', 'leave')),
        CONSTRAINT acting_one_at_a_time EXCLUDE USING gist
            (office WITH =, post WITH =, tstzrange(valid_from, valid_to) WITH &&)
    )""",
    "CREATE INDEX acting_staff_code_idx ON escalation.acting (staff_code)",
    """CREATE TABLE escalation.leave (
        leave_id uuid NOT NULL,
        staff_code text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz NOT NULL,
        CONSTRAINT leave_pkey PRIMARY KEY (leave_id),
        CONSTRAINT leave_officer_fkey FOREIGN KEY (staff_code) REFERENCES escalation.officer (staff_code),
        CONSTRAINT leave_range_check CHECK (valid_to > valid_from),
        CONSTRAINT leave_once_at_a_time EXCLUDE USING gist
            (staff_code WITH =, tstzrange(valid_from, valid_to) WITH &&)
    )""",
    # Who was entered before posts were dated: the newest name and contacts that were given of a staff code.
    """INSERT INTO escalation.officer (staff_code, name, phone, email, changed_at)
        SELECT officer_code, (array_agg(officer_name ORDER BY changed_at DESC))[1],
            (array_agg(officer_phone ORDER BY changed_at DESC) FILTER (WHERE officer_phone IS NOT NULL))[1],
            (array_agg(officer_email ORDER BY changed_at DESC) FILTER (WHERE officer_email IS NOT NULL))[1],
            max(changed_at)
        FROM escalation.post WHERE officer_code IS NOT NULL GROUP BY officer_code""",
    """INSERT INTO escalation.posting (posting_id, office, post, staff_code, valid_from)
        SELECT gen_random_uuid(), office, post, officer_code, changed_at
        FROM escalation.post WHERE officer_code IS NOT NULL AND NOT acting""",
    """INSERT INTO escalation.acting (acting_id, office, post, staff_code, valid_from, reason)
        SELECT gen_random_uuid(), office, post, officer_code, changed_at, 'vacancy'
        FROM escalation.post WHERE officer_code IS NOT NULL AND acting""",
    """ALTER TABLE escalation.post DROP CONSTRAINT post_officer_check, DROP COLUMN officer_code,
        DROP COLUMN officer_name, DROP COLUMN officer_phone, DROP COLUMN officer_email, DROP COLUMN acting""",
    # A region that belongs to no area from some day on.
    "ALTER TABLE escalation.area_region ALTER COLUMN area DROP NOT NULL",
)

_POLICIES = (
    """ALTER TABLE escalation.ladder_policy
        ADD COLUMN name_th text,
        ADD COLUMN queue text,
        ADD COLUMN kind text DEFAULT '*' NOT NULL,
        ADD COLUMN subject text DEFAULT '*' NOT NULL,
        ADD COLUMN severity text DEFAULT '*' NOT NULL,
        ADD COLUMN valid_to timestamptz,
        ADD COLUMN note text,
        ADD COLUMN revision integer DEFAULT 1 NOT NULL,
        ADD COLUMN created_at timestamptz,
        ADD COLUMN created_by text,
        ADD COLUMN published_at timestamptz,
        ADD COLUMN published_by text,
        ALTER COLUMN valid_from DROP NOT NULL,
        DROP CONSTRAINT ladder_policy_ladder_valid_from_key,
        DROP CONSTRAINT ladder_policy_ladder_check""",
    """UPDATE escalation.ladder_policy SET queue = ladder, created_at = valid_from, created_by = 'system',
        published_at = valid_from, published_by = 'system',
        name_th = CASE ladder WHEN 'branch' THEN 'ลำดับเร่งรัดของสาขา' ELSE 'ลำดับเร่งรัดของสำนักงานใหญ่' END""",
    # Versions that were entered one after the other end where the next begins.
    """UPDATE escalation.ladder_policy p SET valid_to = (SELECT min(n.valid_from) FROM escalation.ladder_policy n
        WHERE n.ladder = p.ladder AND n.valid_from > p.valid_from)""",
    """ALTER TABLE escalation.ladder_policy
        ALTER COLUMN name_th SET NOT NULL,
        ALTER COLUMN queue SET NOT NULL,
        ALTER COLUMN created_at SET NOT NULL,
        ALTER COLUMN created_by SET NOT NULL,
        ADD CONSTRAINT ladder_policy_ladder_check CHECK (ladder ~ '^[a-z][a-z0-9_]{0,39}$'),
        ADD CONSTRAINT ladder_policy_queue_check CHECK (queue IN ('branch', 'head_office')),
        ADD CONSTRAINT ladder_policy_range_check CHECK (valid_to > valid_from),
        ADD CONSTRAINT ladder_policy_published_check CHECK (
            (published_at IS NULL) = (published_by IS NULL) AND (published_at IS NULL OR valid_from IS NOT NULL)),
        ADD CONSTRAINT ladder_policy_one_version_at_a_time EXCLUDE USING gist
            (ladder WITH =, tstzrange(valid_from, valid_to) WITH &&) WHERE (published_at IS NOT NULL),
        ADD CONSTRAINT ladder_policy_no_tie EXCLUDE USING gist
            (queue WITH =, kind WITH =, subject WITH =, severity WITH =, tstzrange(valid_from, valid_to) WITH &&)
            WHERE (published_at IS NOT NULL)""",
    """ALTER TABLE escalation.rung_definition
        ADD COLUMN review boolean DEFAULT false NOT NULL,
        DROP CONSTRAINT rung_definition_calendar_check,
        ADD CONSTRAINT rung_definition_calendar_check CHECK (calendar ~ '^[a-z][a-z0-9_]{0,39}$')""",
    """CREATE TABLE escalation.calendar_copy (
        code text NOT NULL,
        version integer NOT NULL,
        name_th text NOT NULL,
        zone text NOT NULL,
        weekly jsonb NOT NULL,
        exceptions jsonb NOT NULL,
        horizon_on date,
        published_at timestamptz NOT NULL,
        CONSTRAINT calendar_copy_pkey PRIMARY KEY (code, version)
    )""",
)

_LADDERS = (
    "ALTER TABLE escalation.ladder ADD COLUMN calendar text",
    "ALTER TABLE escalation.ladder DROP CONSTRAINT ladder_state_check",
    """ALTER TABLE escalation.ladder ADD CONSTRAINT ladder_state_check
        CHECK (state IN ('quiet', 'climbing', 'held', 'waiting', 'complete', 'ended'))""",
    """ALTER TABLE escalation.rung
        ADD COLUMN reason text,
        ADD COLUMN absent_code text,
        ADD COLUMN review boolean DEFAULT false NOT NULL,
        ADD COLUMN ready_at timestamptz,
        ADD COLUMN calendar text,
        ADD COLUMN calendar_version integer,
        ADD CONSTRAINT rung_reason_check CHECK (reason IN ('holder', 'acting', 'vacant', 'on_leave'))""",
    """CREATE TABLE escalation.decision (
        id bigint GENERATED ALWAYS AS IDENTITY,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        at timestamptz NOT NULL,
        what text NOT NULL,
        rung integer,
        scheduled_at timestamptz,
        fires_at timestamptz,
        facts jsonb NOT NULL,
        CONSTRAINT decision_pkey PRIMARY KEY (id)
    )""",
    "CREATE INDEX decision_case_idx ON escalation.decision (case_id, cycle, id)",
)


def upgrade() -> None:
    for statement in (*_OFFICERS, *_POLICIES, *_LADDERS):
        op.execute(statement)
