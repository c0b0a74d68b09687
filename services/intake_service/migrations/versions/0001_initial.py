"""The first tables of intake."""

from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    CREATE TABLE intake.api_keys (
        id UUID NOT NULL,
        key_hash BYTEA NOT NULL,
        channel TEXT NOT NULL,
        label TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        created_by TEXT NOT NULL,
        revoked_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash)
    )
    """,
    """
    CREATE TABLE intake.case_facts (
        case_id UUID NOT NULL,
        cycle INTEGER NOT NULL,
        clock_seq INTEGER DEFAULT 0 NOT NULL,
        breach_seq INTEGER DEFAULT 0 NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE,
        held BOOLEAN DEFAULT false NOT NULL,
        stopped_at TIMESTAMP WITH TIME ZONE,
        verdict TEXT,
        warned_at TIMESTAMP WITH TIME ZONE,
        breached_at TIMESTAMP WITH TIME ZONE,
        rung SMALLINT,
        rung_at TIMESTAMP WITH TIME ZONE,
        acknowledged_at TIMESTAMP WITH TIME ZONE,
        told_at TIMESTAMP WITH TIME ZONE,
        told_by TEXT,
        notice_failed_at TIMESTAMP WITH TIME ZONE,
        called_at TIMESTAMP WITH TIME ZONE,
        call_outcome TEXT,
        answered_at TIMESTAMP WITH TIME ZONE,
        satisfied BOOLEAN,
        ois_version INTEGER,
        ois_accepted BOOLEAN,
        ois_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT case_facts_pkey PRIMARY KEY (case_id, cycle)
    )
    """,
    """CREATE INDEX case_facts_due_at_idx ON intake.case_facts (due_at, case_id)
        WHERE due_at IS NOT NULL AND stopped_at IS NULL AND NOT held""",
    """
    CREATE TABLE intake.cases (
        id UUID NOT NULL,
        number TEXT NOT NULL,
        tracking_code TEXT NOT NULL,
        state TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT,
        dimension TEXT,
        severity TEXT NOT NULL,
        restricted BOOLEAN NOT NULL,
        channel TEXT NOT NULL,
        receiving_office TEXT NOT NULL,
        receiving_region SMALLINT,
        office TEXT NOT NULL,
        region SMALLINT,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        received_on DATE GENERATED ALWAYS AS ((received_at AT TIME ZONE 'Asia/Bangkok')::date) STORED,
        registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
        contact_version INTEGER NOT NULL,
        recorded_kind TEXT NOT NULL,
        recorded_dimension TEXT,
        origin TEXT,
        origin_reference TEXT,
        origin_due_at TIMESTAMP WITH TIME ZONE,
        branch_hint TEXT,
        subject_hint TEXT,
        cycle INTEGER NOT NULL,
        cycle_started_at TIMESTAMP WITH TIME ZONE,
        follow_ups INTEGER NOT NULL,
        missing JSONB NOT NULL,
        asked TEXT,
        resumes_as TEXT,
        handler TEXT,
        resolved_at TIMESTAMP WITH TIME ZONE,
        closed_at TIMESTAMP WITH TIME ZONE,
        erased BOOLEAN NOT NULL,
        version INTEGER NOT NULL,
        CONSTRAINT cases_pkey PRIMARY KEY (id),
        CONSTRAINT cases_number_key UNIQUE (number),
        CONSTRAINT cases_tracking_code_key UNIQUE (tracking_code),
        CONSTRAINT cases_state_check CHECK (state IN (
            'received', 'awaiting_information', 'classified', 'routed', 'in_progress', 'resolved',
            'answered', 'cancelled')),
        CONSTRAINT cases_closed_at_check CHECK (
            (closed_at IS NOT NULL) = (state IN ('resolved', 'answered', 'cancelled'))),
        CONSTRAINT cases_counters_check CHECK (version > 0 AND cycle > 0 AND follow_ups >= 0)
    )
    """,
    """CREATE INDEX cases_channel_idx ON intake.cases (channel, received_at, id)""",
    """CREATE INDEX cases_kind_idx ON intake.cases (kind, received_at, id)""",
    """CREATE INDEX cases_office_idx ON intake.cases (office, received_at, id)""",
    """CREATE INDEX cases_open_office_idx ON intake.cases (office, received_at, id) WHERE closed_at IS NULL""",
    """CREATE UNIQUE INDEX cases_origin_key ON intake.cases (origin, origin_reference)
        WHERE origin_reference IS NOT NULL""",
    """CREATE INDEX cases_received_at_idx ON intake.cases (received_at, id)""",
    """CREATE INDEX cases_received_on_idx ON intake.cases (received_on)""",
    """CREATE INDEX cases_region_idx ON intake.cases (region, received_at, id) WHERE region IS NOT NULL""",
    """CREATE INDEX cases_retention_idx ON intake.cases (closed_at) WHERE closed_at IS NOT NULL AND NOT erased""",
    """CREATE INDEX cases_state_idx ON intake.cases (state, received_at, id)""",
    """CREATE INDEX cases_subject_idx ON intake.cases (subject, received_at, id) WHERE subject IS NOT NULL""",
    """
    CREATE TABLE intake.number_series (
        office TEXT NOT NULL,
        fiscal_year INTEGER NOT NULL,
        last_number INTEGER NOT NULL,
        CONSTRAINT number_series_pkey PRIMARY KEY (office, fiscal_year)
    )
    """,
    """
    CREATE TABLE intake.reopen_requests (
        id UUID NOT NULL,
        case_id UUID NOT NULL,
        cycle INTEGER NOT NULL,
        reason TEXT NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
        state TEXT NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT reopen_requests_pkey PRIMARY KEY (id),
        CONSTRAINT reopen_requests_state_check CHECK (state IN ('open', 'approved', 'declined'))
    )
    """,
    """CREATE INDEX reopen_requests_case_id_idx ON intake.reopen_requests (case_id)""",
    """CREATE INDEX reopen_requests_state_idx ON intake.reopen_requests (state, requested_at, id)""",
    """
    CREATE TABLE intake.subjects (
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        dimension TEXT NOT NULL,
        title TEXT NOT NULL,
        severity TEXT NOT NULL,
        restricted BOOLEAN NOT NULL,
        closes_at_once BOOLEAN NOT NULL,
        valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
        valid_to TIMESTAMP WITH TIME ZONE,
        CONSTRAINT subjects_pkey PRIMARY KEY (code, valid_from),
        CONSTRAINT subjects_one_at_a_time_excl EXCLUDE USING gist (code WITH =, tstzrange(valid_from, valid_to) WITH &&)
    )
    """,
    """
    CREATE TABLE intake.classifications (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        case_id UUID NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        actor TEXT NOT NULL,
        rules TEXT NOT NULL,
        suggested TEXT,
        confidence FLOAT NOT NULL,
        candidates JSONB NOT NULL,
        chosen TEXT NOT NULL,
        severity TEXT NOT NULL,
        CONSTRAINT classifications_pkey PRIMARY KEY (id),
        CONSTRAINT classifications_case_id_fkey FOREIGN KEY(case_id) REFERENCES intake.cases (id)
    )
    """,
    """CREATE INDEX classifications_case_id_idx ON intake.classifications (case_id, id)""",
    """
    CREATE TABLE intake.contacts (
        case_id UUID NOT NULL,
        version INTEGER NOT NULL,
        name TEXT,
        phone TEXT,
        line_id TEXT,
        email TEXT,
        language TEXT NOT NULL,
        consent TEXT,
        place TEXT,
        meter TEXT,
        account TEXT,
        text TEXT NOT NULL,
        haystack TEXT GENERATED ALWAYS AS (lower(translate(
            coalesce(name, '') || ' ' || coalesce(phone, '') || ' ' ||
            coalesce(place, '') || ' ' || coalesce(meter, '') || ' ' || coalesce(account, '') || ' ' || text,
            '็่้๊๋์ํ๎', ''))) STORED,
        erased_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT contacts_pkey PRIMARY KEY (case_id),
        CONSTRAINT contacts_case_id_fkey FOREIGN KEY(case_id) REFERENCES intake.cases (id)
    )
    """,
    """CREATE INDEX contacts_haystack_idx ON intake.contacts USING gin (haystack gin_trgm_ops)""",
    """
    CREATE TABLE intake.notes (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        case_id UUID NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        author TEXT NOT NULL,
        about TEXT NOT NULL,
        text TEXT NOT NULL,
        CONSTRAINT notes_pkey PRIMARY KEY (id),
        CONSTRAINT notes_case_id_fkey FOREIGN KEY(case_id) REFERENCES intake.cases (id)
    )
    """,
    """CREATE INDEX notes_case_id_idx ON intake.notes (case_id, id)""",
    """
    CREATE TABLE intake.resolutions (
        case_id UUID NOT NULL,
        cycle INTEGER NOT NULL,
        repaired BOOLEAN NOT NULL,
        cause TEXT NOT NULL,
        action TEXT NOT NULL,
        mister_prapa TEXT,
        not_repaired_reason TEXT,
        handler TEXT NOT NULL,
        resolved_at TIMESTAMP WITH TIME ZONE NOT NULL,
        reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT resolutions_pkey PRIMARY KEY (case_id, cycle),
        CONSTRAINT resolutions_case_id_fkey FOREIGN KEY(case_id) REFERENCES intake.cases (id)
    )
    """,
    """
    CREATE TABLE intake.timeline (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        case_id UUID NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        entry TEXT NOT NULL,
        actor TEXT NOT NULL,
        facts JSONB NOT NULL,
        CONSTRAINT timeline_pkey PRIMARY KEY (id),
        CONSTRAINT timeline_case_id_fkey FOREIGN KEY(case_id) REFERENCES intake.cases (id)
    )
    """,
    """CREATE INDEX timeline_case_id_idx ON intake.timeline (case_id, id)""",
)


def upgrade() -> None:
    install_core(op, "intake")
    for statement in _STATEMENTS:
        op.execute(statement)
