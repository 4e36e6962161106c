-- What a store holds. Texts are ordered by code point (COLLATE "C"), as every other store orders them.

CREATE TABLE generation (id uuid NOT NULL);
INSERT INTO generation VALUES (gen_random_uuid());

-- One row an event, one partition a month of UTC.
CREATE TABLE events (
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sent_at timestamptz,
    message_id text COLLATE "C" NOT NULL,
    document_id text COLLATE "C" NOT NULL,
    user_name text COLLATE "C",
    user_email text COLLATE "C"
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_by_tenant ON events (tenant_id, occurred_at);
CREATE INDEX events_by_time ON events USING brin (occurred_at);

-- Every id that was ever stored: one over all partitions, which no index of theirs could promise. `id` is a digest of
-- the event id, `content` one of all else that the event said; null once its names were taken out.
CREATE TABLE event_ids (
    id uuid PRIMARY KEY,
    content uuid
);

-- One row a tenant, user and local day, one partition a year.
CREATE TABLE daily_usage (
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    version bigint NOT NULL,
    sent bigint NOT NULL,
    received bigint NOT NULL,
    viewed bigint NOT NULL,
    signed bigint NOT NULL,
    completed bigint NOT NULL,
    declined bigint NOT NULL,
    cancelled bigint NOT NULL,
    expired bigint NOT NULL,
    user_name text COLLATE "C",
    user_email text COLLATE "C",
    timezone text COLLATE "C" NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, day, user_id)
) PARTITION BY RANGE (day);

CREATE TABLE restatements (
    tenant_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    restated_at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    before_sent bigint NOT NULL,
    before_received bigint NOT NULL,
    before_viewed bigint NOT NULL,
    before_signed bigint NOT NULL,
    before_completed bigint NOT NULL,
    before_declined bigint NOT NULL,
    before_cancelled bigint NOT NULL,
    before_expired bigint NOT NULL,
    after_sent bigint NOT NULL,
    after_received bigint NOT NULL,
    after_viewed bigint NOT NULL,
    after_signed bigint NOT NULL,
    after_completed bigint NOT NULL,
    after_declined bigint NOT NULL,
    after_cancelled bigint NOT NULL,
    after_expired bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, reason, restated_at)
);

-- Stays empty but for what came from a store that cannot refuse a repeated id at once.
CREATE TABLE superseded_events (
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, occurred_at, event_id, user_id, action)
);

-- Make the partition of *parent* from one day to before another; whether it had to be made. It is attached, not
-- created in place: that takes no lock which others who read or write would wait for. Programs that may only write may
-- call it.
CREATE FUNCTION make_partition(parent text, first date, past date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    part text := parent || '_' || to_char(first, 'YYYYMM');
    here text := current_schema();
BEGIN
    IF parent NOT IN ('events', 'daily_usage') THEN
        RAISE EXCEPTION '% has no partitions', parent;
    END IF;
    -- First of all: whoever made it lets go only after every connection was told to look at the parent again. The
    -- table itself is seen a moment earlier, when an insert would still miss the partition.
    PERFORM pg_advisory_xact_lock(hashtextextended(here || '.' || part, 0));
    IF EXISTS (SELECT FROM pg_tables WHERE schemaname = here AND tablename = part) THEN
        RETURN false; -- to_regclass would answer from its cache, which may not know it yet
    END IF;
    EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', here, part, here, parent);
    EXECUTE format(
        'ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
        here, parent, here, part, first || ' 00:00:00+00', past || ' 00:00:00+00'
    );
    RETURN true;
END
$$;
