"""First tables: facts, case records, the OIS feed, packs, reports, directives; what was told is only added to."""

from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None
_FACTS = (
    """CREATE TABLE reporting.fact (
    event_id uuid NOT NULL, topic text NOT NULL, key text NOT NULL, seq integer NOT NULL, type text NOT NULL,
    case_id uuid, recorded_at timestamptz NOT NULL, payload jsonb NOT NULL,
    CONSTRAINT fact_pkey PRIMARY KEY (event_id, recorded_at)) PARTITION BY RANGE (recorded_at)""",
    "CREATE INDEX fact_case_idx ON reporting.fact (case_id, recorded_at)",
    "CREATE TABLE reporting.fact_default PARTITION OF reporting.fact DEFAULT",
    # The service's role owns nothing: it makes next months' partitions through this function of the owner's.
    """CREATE FUNCTION reporting.make_fact_partitions(since date, months integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = reporting, pg_temp AS $$
    DECLARE
        first date := date_trunc('month', since);
        made integer := 0;
        name text;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('reporting.make_fact_partitions'));
        FOR n IN 0 .. least(months, 24) - 1 LOOP
            name := 'fact_' || to_char(first + make_interval(months => n), 'YYYY_MM');
            CONTINUE WHEN to_regclass('reporting.' || name) IS NOT NULL;
            CONTINUE WHEN EXISTS (
                SELECT FROM reporting.fact_default
                WHERE recorded_at >= ((first + make_interval(months => n))::timestamp AT TIME ZONE 'UTC')
                AND recorded_at < ((first + make_interval(months => n + 1))::timestamp AT TIME ZONE 'UTC'));
            EXECUTE format('CREATE TABLE reporting.%I PARTITION OF reporting.fact FOR VALUES FROM (%L) TO (%L)', name,
                (first + make_interval(months => n))::timestamp AT TIME ZONE 'UTC',
                (first + make_interval(months => n + 1))::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        RETURN made;
    END $$""",
    "REVOKE ALL ON FUNCTION reporting.make_fact_partitions(date, integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION reporting.make_fact_partitions(date, integer) TO pwa_reporting",
    """CREATE TABLE reporting.fold_queue (
    id bigint GENERATED ALWAYS AS IDENTITY, case_id uuid NOT NULL, event_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL, failed_at timestamptz, problem text,
    CONSTRAINT fold_queue_pkey PRIMARY KEY (id))""",
    "CREATE INDEX fold_queue_waiting_idx ON reporting.fold_queue (id) WHERE failed_at IS NULL",
    """CREATE TABLE reporting.case_record (
    case_id uuid NOT NULL, number text, kind text, subject text, office text, region smallint,
    restricted boolean NOT NULL DEFAULT false, state text, received_at timestamptz, closed_at timestamptz,
    first_recorded_at timestamptz, changed_at timestamptz, matters_until timestamptz, body jsonb,
    CONSTRAINT case_record_pkey PRIMARY KEY (case_id))""",
    "CREATE INDEX case_record_open_idx ON reporting.case_record (region) WHERE closed_at IS NULL",
    "CREATE INDEX case_record_matters_idx ON reporting.case_record (region, matters_until)",
    "CREATE INDEX case_record_subject_idx ON reporting.case_record (subject, received_at)",
)
_OIS = (
    """CREATE TABLE reporting.ois_record (
    case_id uuid NOT NULL, version integer NOT NULL, content jsonb NOT NULL, sha256 text NOT NULL,
    changed_at timestamptz NOT NULL, CONSTRAINT ois_record_pkey PRIMARY KEY (case_id, version))""",
    """CREATE TABLE reporting.ois_latest (
    case_id uuid NOT NULL, version integer NOT NULL, sha256 text NOT NULL, status text NOT NULL, reason text,
    changed_at timestamptz NOT NULL, CONSTRAINT ois_latest_pkey PRIMARY KEY (case_id),
    CONSTRAINT ois_latest_status_check CHECK (status IN ('missing', 'accepted', 'rejected', 'different')))""",
    "CREATE INDEX ois_latest_status_idx ON reporting.ois_latest (status, case_id)",
    """CREATE TABLE reporting.ois_outgoing (
    id bigint GENERATED ALWAYS AS IDENTITY, case_id uuid NOT NULL, version integer NOT NULL, reason text NOT NULL,
    CONSTRAINT ois_outgoing_pkey PRIMARY KEY (id))""",
    """CREATE TABLE reporting.ois_head (
    name text NOT NULL, position bigint NOT NULL, CONSTRAINT ois_head_pkey PRIMARY KEY (name))""",
    "INSERT INTO reporting.ois_head (name, position) VALUES ('records', 0)",
    """CREATE TABLE reporting.ois_feed (
    position bigint NOT NULL, case_id uuid NOT NULL, version integer NOT NULL, reason text NOT NULL,
    fed_at timestamptz NOT NULL, CONSTRAINT ois_feed_pkey PRIMARY KEY (position),
    CONSTRAINT ois_feed_reason_check CHECK (reason IN ('change', 'replay')))""",
    "CREATE INDEX ois_feed_fed_at_idx ON reporting.ois_feed (fed_at)",
    """CREATE TABLE reporting.ois_acknowledgement (
    id bigint GENERATED ALWAYS AS IDENTITY, case_id uuid NOT NULL, version integer NOT NULL, accepted boolean NOT NULL,
    matches boolean, reason text, acknowledged_at timestamptz NOT NULL, acknowledged_by text NOT NULL,
    CONSTRAINT ois_acknowledgement_pkey PRIMARY KEY (id))""",
    "CREATE INDEX ois_acknowledgement_case_idx ON reporting.ois_acknowledgement (case_id, version, id)",
)
_PACKS = (
    """CREATE TABLE reporting.pack_day (
    day date NOT NULL, built_at timestamptz NOT NULL, facts_complete boolean NOT NULL,
    CONSTRAINT pack_day_pkey PRIMARY KEY (day))""",
    """CREATE TABLE reporting.pack (
    id uuid NOT NULL, region smallint NOT NULL, day date NOT NULL, content jsonb NOT NULL,
    restricted_cases jsonb NOT NULL, sha256 text NOT NULL, built_at timestamptz NOT NULL,
    CONSTRAINT pack_pkey PRIMARY KEY (id),
    CONSTRAINT pack_region_day_key UNIQUE (region, day),
    CONSTRAINT pack_day_fkey FOREIGN KEY (day) REFERENCES reporting.pack_day (day),
    CONSTRAINT pack_region_check CHECK (region BETWEEN 1 AND 10))""",
    """CREATE TABLE reporting.pack_recipient (
    id uuid NOT NULL, region smallint NOT NULL, channel text NOT NULL, address text NOT NULL, secret text,
    active boolean NOT NULL, set_at timestamptz NOT NULL,
    CONSTRAINT pack_recipient_pkey PRIMARY KEY (id),
    CONSTRAINT pack_recipient_address_key UNIQUE (region, channel, address),
    CONSTRAINT pack_recipient_channel_check CHECK (channel IN ('email', 'webhook')))""",
    """CREATE TABLE reporting.pack_delivery (
    id uuid NOT NULL, pack_id uuid NOT NULL, recipient_id uuid NOT NULL, state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0, next_at timestamptz, delivered_at timestamptz,
    CONSTRAINT pack_delivery_pkey PRIMARY KEY (id),
    CONSTRAINT pack_delivery_once_key UNIQUE (pack_id, recipient_id),
    CONSTRAINT pack_delivery_pack_fkey FOREIGN KEY (pack_id) REFERENCES reporting.pack (id),
    CONSTRAINT pack_delivery_recipient_fkey FOREIGN KEY (recipient_id) REFERENCES reporting.pack_recipient (id),
    CONSTRAINT pack_delivery_state_check CHECK (
        state IN ('pending', 'sending', 'delivered', 'refused', 'unknown', 'given_up')))""",
    "CREATE INDEX pack_delivery_next_idx ON reporting.pack_delivery (next_at) WHERE next_at IS NOT NULL",
    """CREATE TABLE reporting.pack_attempt (
    delivery_id uuid NOT NULL, attempt integer NOT NULL, started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL, result text NOT NULL, status integer, response text NOT NULL,
    CONSTRAINT pack_attempt_pkey PRIMARY KEY (delivery_id, attempt),
    CONSTRAINT pack_attempt_delivery_fkey FOREIGN KEY (delivery_id) REFERENCES reporting.pack_delivery (id))""",
    """CREATE TABLE reporting.run (
    id uuid NOT NULL, kind text NOT NULL, params jsonb NOT NULL, state text NOT NULL,
    progress integer NOT NULL DEFAULT 0, result jsonb, problem text, requested_by text NOT NULL,
    requested_at timestamptz NOT NULL, ended_at timestamptz,
    CONSTRAINT run_pkey PRIMARY KEY (id),
    CONSTRAINT run_kind_check CHECK (kind IN ('packs', 'quarterly', 'evaluation', 'recompute')),
    CONSTRAINT run_state_check CHECK (state IN ('queued', 'running', 'done', 'failed')))""",
    "CREATE INDEX run_open_idx ON reporting.run (requested_at) WHERE state IN ('queued', 'running')",
)
_REPORTS = (
    """CREATE TABLE reporting.report (
    id uuid NOT NULL, kind text NOT NULL, fiscal_year integer NOT NULL, label text NOT NULL, stage text NOT NULL,
    edition integer NOT NULL, content jsonb NOT NULL, sha256 text NOT NULL, published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    CONSTRAINT report_pkey PRIMARY KEY (id),
    CONSTRAINT report_edition_key UNIQUE (kind, label, edition),
    CONSTRAINT report_kind_check CHECK (kind IN ('quarterly', 'evaluation')))""",
    """CREATE TABLE reporting.target (
    fiscal_year integer NOT NULL, indicator text NOT NULL, value double precision NOT NULL, set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT target_pkey PRIMARY KEY (fiscal_year, indicator),
    CONSTRAINT target_indicator_check CHECK (indicator IN ('O1', 'O2', 'O3', 'P1', 'P2')))""",
    """CREATE TABLE reporting.directive (
    id uuid NOT NULL, report_id uuid NOT NULL, line text NOT NULL, text text NOT NULL, subject text,
    owner text NOT NULL, due_on date NOT NULL, status text NOT NULL, version integer NOT NULL,
    issued_by text NOT NULL, issued_at timestamptz NOT NULL,
    CONSTRAINT directive_pkey PRIMARY KEY (id),
    CONSTRAINT directive_report_fkey FOREIGN KEY (report_id) REFERENCES reporting.report (id))""",
    "CREATE INDEX directive_report_idx ON reporting.directive (report_id, id)",
    "CREATE INDEX directive_line_idx ON reporting.directive (line, id)",
    """CREATE TABLE reporting.directive_step (
    id bigint GENERATED ALWAYS AS IDENTITY, directive_id uuid NOT NULL, status text NOT NULL, note text,
    taken_by text NOT NULL, taken_at timestamptz NOT NULL,
    CONSTRAINT directive_step_pkey PRIMARY KEY (id),
    CONSTRAINT directive_step_directive_fkey FOREIGN KEY (directive_id) REFERENCES reporting.directive (id))""",
    "CREATE INDEX directive_step_directive_idx ON reporting.directive_step (directive_id, id)",
    """CREATE TABLE reporting.root_cause (
    id uuid NOT NULL, directive_id uuid NOT NULL, category text NOT NULL, analysis text NOT NULL,
    actions jsonb NOT NULL, answered_by text NOT NULL, answered_at timestamptz NOT NULL,
    CONSTRAINT root_cause_pkey PRIMARY KEY (id),
    CONSTRAINT root_cause_directive_fkey FOREIGN KEY (directive_id) REFERENCES reporting.directive (id))""",
    "CREATE INDEX root_cause_directive_idx ON reporting.root_cause (directive_id, id)",
)
# What was told stays told, whoever asks: facts, records, packs, reports and their history are only ever added.
_FROZEN = (
    "fact", "ois_record", "ois_feed", "ois_acknowledgement", "pack_day", "pack", "pack_attempt", "report",
    "directive_step", "root_cause",
)  # fmt: skip
_GUARD = """CREATE FUNCTION reporting.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'reporting.% is only ever added to', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$"""
_GUARDS = tuple(
    f"""CREATE TRIGGER {name}_frozen BEFORE UPDATE OR DELETE ON reporting.{name}
    FOR EACH ROW EXECUTE FUNCTION reporting.refuse_change()"""
    for name in _FROZEN
)
_STATEMENTS = (*_FACTS, *_OIS, *_PACKS, *_REPORTS, _GUARD, *_GUARDS)


def upgrade() -> None:
    install_core(op, "reporting")
    for statement in _STATEMENTS:
        op.execute(statement)
