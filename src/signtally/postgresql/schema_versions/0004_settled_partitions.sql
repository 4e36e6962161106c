-- Each connection keeps a list of a table's partitions and makes it anew when it is told of a change. One that makes
-- its list in the very moment of an ATTACH may be told too early, and keeps a list without the partition: it can insert
-- nothing there and, worse, its queries leave the rows out that others insert. So nothing is inserted into a partition
-- before it is settled: those who were at work on the table when it was attached are done, and all were told again.
CREATE TABLE settled_partitions (part regclass PRIMARY KEY);

-- Settle all partitions of *parent*, those that an administrator attached too. Whoever finds one settled knows that
-- all were told: the lock is let go of only then.
CREATE OR REPLACE FUNCTION settle_partitions(parent text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    here text := current_schema();
    root regclass;
    fresh regclass[];
    users text[];
    -- A list is made at a query's start, in milliseconds; who is at work for longer reads rows.
    latest timestamptz := clock_timestamp()
        + least(interval '10 seconds', nullif(current_setting('statement_timeout')::interval, interval '0') / 2);
BEGIN
    IF parent NOT IN ('events', 'daily_usage') THEN
        RAISE EXCEPTION '% has no partitions', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(here || '.' || parent, 0));
    root := format('%I.%I', here, parent)::regclass;
    fresh := ARRAY (
        SELECT inhrelid FROM pg_inherits
        WHERE inhparent = root AND NOT EXISTS (SELECT FROM settled_partitions WHERE part = inhrelid)
    );
    IF fresh = '{}' THEN
        RETURN;
    END IF;
    users := ARRAY (
        SELECT DISTINCT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND relation = root AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    );
    WHILE clock_timestamp() < latest
        AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'virtualxid' AND virtualxid = ANY (users))
    LOOP
        PERFORM pg_sleep(0.005);
    END LOOP;
    IF EXISTS (SELECT FROM pg_stat_replication) THEN
        PERFORM pg_sleep(1); -- who is at work on a standby cannot be seen from here
    END IF;
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN tenant_id SET STATISTICS -1', root); -- changes nothing, tells all
    DELETE FROM settled_partitions WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = part);
    INSERT INTO settled_partitions SELECT unnest(fresh);
END
$$;
