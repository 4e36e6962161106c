-- Documents as rows of their own, kept by the database itself with every event that comes, changes or goes: exact
-- whichever program writes, also one of the version before. See docs/decisions/0064-documents-kept-by-triggers.md.

SET LOCAL statement_timeout = 0; -- what is stored already is counted once, and writers wait for it; readers do not

-- One row a document with any event: the first instant of each kind, of the last signature, and sums. They can be put
-- together in any order, because an id stands once.
CREATE TABLE documents (
    tenant_id text COLLATE "C" NOT NULL,
    document_id text COLLATE "C" NOT NULL,
    first_sent_at timestamptz,
    first_viewed_at timestamptz,
    last_signed_at timestamptz,
    completed_at timestamptz,
    declined_at timestamptz,
    cancelled_at timestamptz,
    expired_at timestamptz,
    received bigint NOT NULL,
    viewed bigint NOT NULL,
    signed bigint NOT NULL,
    sender text[] COLLATE "C", -- as `sender` makes it
    first_event_at timestamptz NOT NULL,
    last_event_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, document_id)
) WITH (fillfactor = 80);

-- The partitions of `events` as they are now, and those whose events are in `documents`: what has gone is found by that.
CREATE VIEW months AS
SELECT
    inhrelid AS part,
    coalesce(bounds[1], '-infinity')::timestamptz AS since,
    coalesce(bounds[2], 'infinity')::timestamptz AS until
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
CROSS JOIN regexp_match(pg_get_expr(relpartbound, inhrelid), $r$FROM \('(.*)'\) TO \('(.*)'\)$r$) AS bounds
WHERE inhparent = 'events'::regclass AND NOT inhdetachpending;

CREATE TABLE counted_months (
    part oid PRIMARY KEY,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
);

CREATE VIEW dropped_months AS
SELECT part, since, until FROM counted_months
WHERE part NOT IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events'::regclass AND NOT inhdetachpending);

-- Who an event names as sender of its document, behind what puts it in order: of all such events the least counts. A
-- sent event comes before a completion, whenever it was; instants are hexadecimal, for texts are compared.
CREATE FUNCTION sender(
    action text, occurred_at timestamptz, received_at timestamptz, message_id text, user_id text, name text, email text
) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN action IN ('sent', 'completed') THEN ARRAY[
    CASE action WHEN 'sent' THEN '1' ELSE '2' END,
    lpad(to_hex((date_part('epoch', occurred_at) * 1000000)::bigint), 16, '0'),
    lpad(to_hex((date_part('epoch', received_at) * 1000000)::bigint), 16, '0'),
    message_id, user_id, name, email
] END;

-- Whether an event does not count. Whoever asks for many asks first whether any does not: that is answered once.
CREATE FUNCTION is_superseded(event events) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM superseded_events AS apart
    WHERE apart.tenant_id = event.tenant_id AND apart.occurred_at = event.occurred_at
    AND apart.event_id = event.event_id AND apart.user_id = event.user_id AND apart.action = event.action
);

-- A tenant's documents (all of them with null) as their events with since <= t < until tell of them.
CREATE FUNCTION told_documents(of_tenant text, of_documents text[], since timestamptz, until timestamptz)
RETURNS SETOF documents LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        of_tenant,
        document_id,
        least(min(occurred_at) FILTER (WHERE action = 'sent'), min(sent_at)),
        min(occurred_at) FILTER (WHERE action = 'viewed'),
        max(occurred_at) FILTER (WHERE action = 'signed'),
        min(occurred_at) FILTER (WHERE action = 'completed'),
        min(occurred_at) FILTER (WHERE action = 'declined'),
        min(occurred_at) FILTER (WHERE action = 'cancelled'),
        min(occurred_at) FILTER (WHERE action = 'expired'),
        count(*) FILTER (WHERE action = 'received'),
        count(*) FILTER (WHERE action = 'viewed'),
        count(*) FILTER (WHERE action = 'signed'),
        min(sender(action, occurred_at, received_at, message_id, user_id, user_name, user_email)),
        min(occurred_at),
        max(occurred_at)
    FROM events
    WHERE tenant_id = of_tenant AND occurred_at >= since AND occurred_at < until
    -- IS TRUE: it is looked up in a hash table. A join would be a nested loop wherever few are expected.
    AND (of_documents IS NULL OR (document_id IN (SELECT unnest(of_documents))) IS TRUE)
    AND (NOT EXISTS (SELECT FROM superseded_events) OR NOT is_superseded(events))
    GROUP BY document_id;
END;

-- A tenant's documents as they were before an instant. Those with later events, or with some in a month that was
-- dropped, are counted anew from their events.
CREATE FUNCTION documents_before(of_tenant text, until timestamptz) RETURNS SETOF documents LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM documents
    WHERE tenant_id = of_tenant AND last_event_at < until
    AND (
        first_event_at < (SELECT max(dropped.until) FROM dropped_months AS dropped)
        AND last_event_at >= (SELECT min(dropped.since) FROM dropped_months AS dropped)
    ) IS NOT TRUE
    UNION ALL
    SELECT told.* FROM (
        SELECT array_agg(document_id) AS document_ids, min(first_event_at) AS since FROM documents
        WHERE tenant_id = of_tenant AND first_event_at < until
        AND (last_event_at >= until OR (
            first_event_at < (SELECT max(dropped.until) FROM dropped_months AS dropped)
            AND last_event_at >= (SELECT min(dropped.since) FROM dropped_months AS dropped)
        ))
    ) AS changed
    CROSS JOIN LATERAL told_documents(of_tenant, changed.document_ids, changed.since, until) AS told
    WHERE changed.since IS NOT NULL;
END;

-- Count these documents anew. Whoever stores events of theirs is waited for, or waits: each statement sees what was
-- stored before it began, so none of those is counted twice or missed. Locks are taken in the order in which all take
-- them; the first lets one in at a time, for what this replaces nobody can wait for.
CREATE FUNCTION recount_documents(of_tenant text, of_documents text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.documents', 0));
    PERFORM FROM documents WHERE tenant_id = of_tenant AND document_id = ANY (of_documents)
    ORDER BY document_id FOR UPDATE;
    DELETE FROM documents WHERE tenant_id = of_tenant AND document_id = ANY (of_documents);
    INSERT INTO documents SELECT * FROM told_documents(of_tenant, of_documents, '-infinity', 'infinity');
END
$$;

CREATE FUNCTION add_to_documents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO documents AS held
    SELECT
        tenant_id,
        document_id,
        least(min(occurred_at) FILTER (WHERE action = 'sent'), min(sent_at)),
        min(occurred_at) FILTER (WHERE action = 'viewed'),
        max(occurred_at) FILTER (WHERE action = 'signed'),
        min(occurred_at) FILTER (WHERE action = 'completed'),
        min(occurred_at) FILTER (WHERE action = 'declined'),
        min(occurred_at) FILTER (WHERE action = 'cancelled'),
        min(occurred_at) FILTER (WHERE action = 'expired'),
        count(*) FILTER (WHERE action = 'received'),
        count(*) FILTER (WHERE action = 'viewed'),
        count(*) FILTER (WHERE action = 'signed'),
        min(sender(action, occurred_at, received_at, message_id, user_id, user_name, user_email)),
        min(occurred_at),
        max(occurred_at)
    FROM added
    WHERE NOT EXISTS (SELECT FROM superseded_events) OR NOT is_superseded(added)
    GROUP BY tenant_id, document_id
    ORDER BY tenant_id, document_id
    ON CONFLICT (tenant_id, document_id) DO UPDATE SET
        first_sent_at = least(held.first_sent_at, excluded.first_sent_at),
        first_viewed_at = least(held.first_viewed_at, excluded.first_viewed_at),
        last_signed_at = greatest(held.last_signed_at, excluded.last_signed_at),
        completed_at = least(held.completed_at, excluded.completed_at),
        declined_at = least(held.declined_at, excluded.declined_at),
        cancelled_at = least(held.cancelled_at, excluded.cancelled_at),
        expired_at = least(held.expired_at, excluded.expired_at),
        received = held.received + excluded.received,
        viewed = held.viewed + excluded.viewed,
        signed = held.signed + excluded.signed,
        sender = least(held.sender, excluded.sender),
        first_event_at = least(held.first_event_at, excluded.first_event_at),
        last_event_at = greatest(held.last_event_at, excluded.last_event_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER documents_with_events AFTER INSERT ON events
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_to_documents();

-- Names were taken out of events, or an administrator deleted some.
CREATE FUNCTION recount_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT tenant_id, array_agg(DISTINCT document_id) AS ids FROM changed GROUP BY tenant_id ORDER BY tenant_id
    LOOP
        PERFORM recount_documents(one.tenant_id, one.ids);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER documents_with_changes AFTER UPDATE ON events
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION recount_changed();
CREATE TRIGGER documents_with_deletions AFTER DELETE ON events
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION recount_changed();

-- Writers of events are waited for, and wait: else neither would see what the other is storing.
CREATE FUNCTION recount_superseded() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    one record;
BEGIN
    LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;
    FOR one IN
        SELECT tenant_id, array_agg(DISTINCT document_id) AS ids
        FROM events JOIN changed USING (tenant_id, occurred_at, event_id, user_id, action)
        GROUP BY tenant_id ORDER BY tenant_id
    LOOP
        PERFORM recount_documents(one.tenant_id, one.ids);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER documents_without_superseded AFTER INSERT ON superseded_events
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION recount_superseded();

-- Count anew what has events in months that were dropped, attached or restored by hand; how many documents. What was
-- dropped is counted whenever it is read until then.
CREATE FUNCTION recount_months() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month record;
    one record;
    counted bigint := 0;
BEGIN
    FOR month IN SELECT * FROM dropped_months ORDER BY since LOOP
        FOR one IN
            SELECT tenant_id, array_agg(document_id) AS ids FROM documents
            WHERE first_event_at < month.until AND last_event_at >= month.since
            GROUP BY tenant_id ORDER BY tenant_id
        LOOP
            PERFORM recount_documents(one.tenant_id, one.ids);
            counted := counted + cardinality(one.ids);
        END LOOP;
        DELETE FROM counted_months WHERE part = month.part;
    END LOOP;
    FOR month IN SELECT * FROM months WHERE part NOT IN (SELECT part FROM counted_months) ORDER BY since LOOP
        LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE; -- a document of which nothing is known cannot be locked
        FOR one IN
            SELECT tenant_id, array_agg(DISTINCT document_id) AS ids FROM events
            WHERE occurred_at >= month.since AND occurred_at < month.until
            GROUP BY tenant_id ORDER BY tenant_id
        LOOP
            PERFORM recount_documents(one.tenant_id, one.ids);
            counted := counted + cardinality(one.ids);
        END LOOP;
        INSERT INTO counted_months VALUES (month.part, month.since, month.until);
    END LOOP;
    RETURN counted;
END
$$;

-- As before, and a new month of events is one whose documents are counted.
CREATE OR REPLACE FUNCTION make_partition(parent text, first date, past date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    part text := parent || '_' || to_char(first, 'YYYYMM');
    here text := current_schema();
    since timestamptz := first || ' 00:00:00+00';
    until timestamptz := past || ' 00:00:00+00';
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
        'ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', here, parent, here, part, since, until
    );
    IF parent = 'events' THEN
        INSERT INTO counted_months VALUES (format('%I.%I', here, part)::regclass, since, until);
    END IF;
    RETURN true;
END
$$;

-- What is there already. The triggers have locked writers out until this is done.
INSERT INTO counted_months SELECT part, since, until FROM months;
INSERT INTO documents
SELECT told.* FROM (SELECT DISTINCT tenant_id FROM events) AS tenant
CROSS JOIN LATERAL told_documents(tenant.tenant_id, NULL, '-infinity', 'infinity') AS told;
ANALYZE documents;
