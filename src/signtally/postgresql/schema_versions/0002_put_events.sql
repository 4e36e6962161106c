-- Store events, one array a column: each id once for ever. Null when all of them were new and now are stored; else
-- whether each is stored, in order: now, or before just as it is. A function, for its plans are made once a connection,
-- also behind a pooler: making them takes longer than storing a hundred events.
CREATE FUNCTION put_events(
    tenant_ids text[], user_ids text[], actions text[], event_ids text[], occurred timestamptz[], received timestamptz[],
    message_ids text[], document_ids text[], user_names text[], user_emails text[], sent timestamptz[],
    ids uuid[], contents uuid[]
) RETURNS boolean[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
DECLARE
    fresh uuid[];
BEGIN
    -- In order of the ids, so that writers of the same ones wait for each other and never in a circle.
    WITH claimed AS (
        INSERT INTO event_ids (id, content)
        SELECT id, content FROM unnest(ids, contents) AS incoming (id, content) ORDER BY id
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    )
    SELECT array_agg(id) INTO fresh FROM claimed;
    IF fresh IS NOT NULL THEN
        INSERT INTO events (
            tenant_id, user_id, action, event_id, occurred_at, received_at, message_id, document_id, user_name, user_email,
            sent_at
        )
        SELECT
            tenant_id, user_id, action, event_id, occurred_at, received_at, message_id, document_id, user_name, user_email,
            sent_at
        FROM unnest(
            tenant_ids, user_ids, actions, event_ids, occurred, received, message_ids, document_ids, user_names,
            user_emails, sent, ids
        ) AS incoming (
            tenant_id, user_id, action, event_id, occurred_at, received_at, message_id, document_id, user_name, user_email,
            sent_at, id
        )
        WHERE cardinality(fresh) = cardinality(ids) OR id = ANY (fresh);
    END IF;
    IF cardinality(fresh) = cardinality(ids) THEN
        RETURN NULL;
    END IF;
    -- A statement of its own: it sees what others stored while the first one waited for them.
    RETURN (
        SELECT array_agg(
            id = ANY (coalesce(fresh, '{}'))
            OR coalesce((SELECT known.content = incoming.content FROM event_ids AS known WHERE known.id = incoming.id), false)
            ORDER BY number
        )
        FROM unnest(ids, contents) WITH ORDINALITY AS incoming (id, content, number)
    );
END
$$;
