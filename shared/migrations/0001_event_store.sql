-- The event store of one service. {service} is the schema; the roles are made before, by the owner of the server.

CREATE TABLE event_log (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    generation        integer NOT NULL CHECK (generation > 0),
    system_identifier text NOT NULL,
    timeline_id       text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO event_log (generation, system_identifier, timeline_id)
SELECT 1, (pg_control_system()).system_identifier::text, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);

CREATE TABLE events (
    originator_id      uuid NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic              text NOT NULL,
    state              bytea NOT NULL CHECK (octet_length(state) <= 262144),
    notification_id    bigint NOT NULL,
    tenant_id          uuid NOT NULL,
    recorded_at        timestamptz NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX events_notification_id ON events (notification_id);
CREATE INDEX events_recorded_at ON events USING brin (recorded_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or removed';
END $$;
CREATE TRIGGER events_keep_rows BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_keep_table BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE commands (
    tenant_id   uuid NOT NULL,
    key_hash    bytea NOT NULL,
    kind        text NOT NULL,
    fingerprint bytea NOT NULL,
    position    bigint NOT NULL,
    reply       jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at  timestamptz,
    PRIMARY KEY (tenant_id, key_hash)
);
CREATE INDEX commands_expires_at ON commands (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE claims (
    tenant_id uuid NOT NULL,
    kind      text NOT NULL,
    key       text NOT NULL,
    owner     uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, key)
);

-- wrapped is null once the person is erased: the row itself is the marker.
CREATE TABLE personal_keys (
    tenant_id   uuid NOT NULL,
    person_id   uuid NOT NULL,
    key_version integer NOT NULL,
    wrapped     bytea,
    own         boolean NOT NULL,
    published   boolean NOT NULL,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_id)
);
CREATE INDEX personal_keys_unpublished ON personal_keys (tenant_id) WHERE NOT published;

-- How far each consumer (a build of a view, a reaction) has come in each partition of each source.
CREATE TABLE positions (
    consumer     text NOT NULL,
    source       text NOT NULL,
    generation   integer NOT NULL,
    partition    integer NOT NULL,
    position     bigint NOT NULL,
    kafka_offset bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (consumer, source, generation, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE builds (
    build    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view     text NOT NULL,
    version  integer NOT NULL,
    schema   text NOT NULL UNIQUE,
    live     boolean NOT NULL DEFAULT false,
    ready    boolean NOT NULL DEFAULT false,
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX builds_live ON builds (view, version) WHERE live;

CREATE TABLE reactions (
    name       text PRIMARY KEY,
    origin     text NOT NULL CHECK (origin IN ('beginning', 'now')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What a consumer could not handle, and what waits behind it. Never event data.
CREATE TABLE parked (
    tenant_id    uuid NOT NULL,
    consumer     text NOT NULL,
    source       text NOT NULL,
    generation   integer NOT NULL,
    partition    integer NOT NULL,
    position     bigint NOT NULL,
    kafka_offset bigint NOT NULL,
    aggregate_id uuid NOT NULL,
    error_class  text NOT NULL,
    pointer      text NOT NULL,
    tries        integer NOT NULL DEFAULT 1,
    retry        boolean NOT NULL DEFAULT false,
    parked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, consumer, source, generation, partition, position)
);

CREATE TABLE relay (
    generation integer PRIMARY KEY,
    position   bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE relay_partitions (
    generation integer NOT NULL,
    partition  integer NOT NULL,
    position   bigint NOT NULL,
    event_id   text NOT NULL,
    PRIMARY KEY (generation, partition)
) WITH (fillfactor = 50);

-- Which tenants a member of the role analyst may read in the SQL views.
CREATE TABLE analyst_grants (
    tenant_id uuid NOT NULL,
    role      name NOT NULL,
    PRIMARY KEY (tenant_id, role)
);
GRANT USAGE ON SCHEMA {service} TO analyst;
GRANT SELECT ON analyst_grants TO analyst;

-- Loads streams of one tenant in one round trip; the tenant's policy holds inside, whoever calls.
CREATE FUNCTION load(tenant uuid, aggregates uuid[])
RETURNS TABLE (originator_id uuid, originator_version bigint, topic text, state bytea, notification_id bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
    PERFORM set_config('rollbook.tenant', tenant::text, true);
    RETURN QUERY
        SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id
        FROM events e
        WHERE e.originator_id = ANY (aggregates) AND e.tenant_id = tenant
        ORDER BY e.originator_id, e.originator_version;
END $$;

CREATE FUNCTION saved_reply(tenant uuid, key bytea)
RETURNS TABLE (fingerprint bytea, "position" bigint, reply jsonb)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rollbook.tenant', tenant::text, true);
    RETURN QUERY
        SELECT c.fingerprint, c.position, c.reply FROM commands c WHERE c.tenant_id = tenant AND c.key_hash = key;
END $$;

CREATE FUNCTION keys_of(tenant uuid, people uuid[])
RETURNS TABLE (person_id uuid, key_version integer, wrapped bytea)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
    PERFORM set_config('rollbook.tenant', tenant::text, true);
    RETURN QUERY
        SELECT k.person_id, k.key_version, k.wrapped FROM personal_keys k
        WHERE k.tenant_id = tenant AND k.person_id = ANY (people);
END $$;

-- The newest position; says nothing of whose it is.
CREATE FUNCTION log_head() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {service}, pg_temp
AS $$ SELECT coalesce(max(notification_id), 0) FROM events $$;

-- Stores a batch of saves ("members"; m_ arrays) in order, each whole or not at all, and says for each what became
-- of it: saved, replayed, key-reused, conflict, taken. e_, c_, r_ and k_ arrays hold the members' events, claims,
-- releases and personal keys; what no member has is NULL; keep 0 is for ever, an empty key is the erased marker. The lock comes first and the head in the next statement: only then is it not stale.
CREATE FUNCTION append(
    m_tenant uuid[], m_key bytea[], m_kind text[], m_fingerprint bytea[], m_position bigint[], m_reply text[],
    m_keep bigint[],
    e_member bigint[], e_aggregate uuid[], e_version bigint[], e_topic text[], e_state bytea[], e_tenant uuid[],
    c_member bigint[], c_tenant uuid[], c_kind text[], c_key text[], c_owner uuid[],
    r_member bigint[], r_tenant uuid[], r_kind text[], r_key text[], r_owner uuid[],
    k_member bigint[], k_tenant uuid[], k_person uuid[], k_version bigint[], k_wrapped bytea[]
) RETURNS TABLE (outcome text, "position" bigint, detail text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = {service}, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    head     bigint;
    stamp    timestamptz;
    outcomes text[] := array_fill('saved'::text, ARRAY[cardinality(m_tenant)]);
    details  text[] := array_fill(NULL::text, ARRAY[cardinality(m_tenant)]);
    places   bigint[] := m_position;
    numbers  bigint[] := array_fill(NULL::bigint, ARRAY[greatest(cardinality(e_member), 1)]);
    found    record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append needs READ COMMITTED';
    END IF;
    PERFORM pg_advisory_xact_lock(1, '{service}'::regnamespace::oid::integer);
    SELECT coalesce(max(notification_id), 0) INTO head FROM events;
    stamp := clock_timestamp();

    IF m_key IS NOT NULL THEN
        FOR found IN
            SELECT m.n, c.fingerprint = m.fingerprint AS same, c.position AS place
            FROM unnest(m_tenant, m_key, m_fingerprint) WITH ORDINALITY m(tenant, key, fingerprint, n)
            JOIN commands c ON c.tenant_id = m.tenant AND c.key_hash = m.key
        LOOP
            outcomes[found.n] := CASE WHEN found.same THEN 'replayed' ELSE 'key-reused' END;
            places[found.n] := found.place;
        END LOOP;
    END IF;

    FOR found IN
        SELECT e.member, bool_or(x.notification_id IS NOT NULL) AS clash, max(x.notification_id) AS place,
               bool_and(x.state IS NOT DISTINCT FROM e.state AND x.tenant_id = e.tenant) AS same
        FROM unnest(e_member, e_aggregate, e_version, e_state, e_tenant)
             WITH ORDINALITY e(member, aggregate, version, state, tenant, n)
        LEFT JOIN events x ON x.originator_id = e.aggregate AND x.originator_version = e.version
        LEFT JOIN events p ON p.originator_id = e.aggregate AND p.originator_version = e.version - 1
             AND p.tenant_id = e.tenant
        WHERE x.notification_id IS NOT NULL
           OR (e.version > 1 AND p.notification_id IS NULL AND NOT coalesce(
                  e_aggregate[e.n - 1] = e.aggregate AND e_version[e.n - 1] = e.version - 1
                  AND e_tenant[e.n - 1] = e.tenant AND e_member[e.n - 1] = e.member, false))
        GROUP BY e.member
    LOOP
        IF outcomes[found.member] = 'saved' THEN
            IF found.clash AND found.same
               AND (SELECT count(*) FROM unnest(e_member) o(member) WHERE o.member = found.member)
                 = (SELECT count(*) FROM unnest(e_member, e_aggregate, e_version) o(member, aggregate, version)
                    JOIN events x ON x.originator_id = o.aggregate AND x.originator_version = o.version
                    WHERE o.member = found.member) THEN
                outcomes[found.member] := 'replayed';
                places[found.member] := found.place;
            ELSE
                outcomes[found.member] := 'conflict';
            END IF;
        END IF;
    END LOOP;

    IF c_member IS NOT NULL THEN
        FOR found IN
            SELECT c.member, x.kind
            FROM unnest(c_member, c_tenant, c_kind, c_key, c_owner) c(member, tenant, kind, key, owner)
            JOIN claims x ON x.tenant_id = c.tenant AND x.kind = c.kind AND x.key = c.key AND x.owner <> c.owner
        LOOP
            IF outcomes[found.member] = 'saved' THEN
                outcomes[found.member] := 'taken';
                details[found.member] := found.kind;
            END IF;
        END LOOP;
    END IF;

    IF k_member IS NOT NULL THEN
        FOR found IN
            SELECT k.member
            FROM unnest(k_member, k_tenant, k_person, k_wrapped) k(member, tenant, person, wrapped)
            JOIN personal_keys x ON x.tenant_id = k.tenant AND x.person_id = k.person
            WHERE k.wrapped <> '' AND x.wrapped IS DISTINCT FROM k.wrapped
        LOOP
            IF outcomes[found.member] = 'saved' THEN
                outcomes[found.member] := 'conflict';
            END IF;
        END LOOP;
    END IF;

    FOR i IN 1 .. coalesce(cardinality(e_member), 0) LOOP
        IF outcomes[e_member[i]] = 'saved' THEN
            head := head + 1;
            numbers[i] := head;
            places[e_member[i]] := head;
        END IF;
    END LOOP;

    INSERT INTO events (originator_id, originator_version, topic, state, notification_id, tenant_id, recorded_at)
    SELECT e.aggregate, e.version, e.topic, e.state, e.number, e.tenant, stamp
    FROM unnest(e_aggregate, e_version, e_topic, e_state, e_tenant, numbers)
         e(aggregate, version, topic, state, tenant, number)
    WHERE e.number IS NOT NULL;

    IF m_key IS NOT NULL THEN
        INSERT INTO commands (tenant_id, key_hash, kind, fingerprint, position, reply, recorded_at, expires_at)
        SELECT m.tenant, m.key, m.kind, m.fingerprint, m.place, m.reply::jsonb, stamp,
               stamp + make_interval(secs => nullif(m.keep, 0))
        FROM unnest(m_tenant, m_key, m_kind, m_fingerprint, places, m_reply, m_keep, outcomes)
             m(tenant, key, kind, fingerprint, place, reply, keep, outcome)
        WHERE m.key IS NOT NULL AND m.outcome = 'saved';
    END IF;

    IF r_member IS NOT NULL THEN
        DELETE FROM claims x
        USING unnest(r_member, r_tenant, r_kind, r_key, r_owner) r(member, tenant, kind, key, owner)
        WHERE outcomes[r.member] = 'saved'
          AND x.tenant_id = r.tenant AND x.kind = r.kind AND x.key = r.key AND x.owner = r.owner;
    END IF;

    IF c_member IS NOT NULL THEN
        INSERT INTO claims (tenant_id, kind, key, owner)
        SELECT c.tenant, c.kind, c.key, c.owner
        FROM unnest(c_member, c_tenant, c_kind, c_key, c_owner) c(member, tenant, kind, key, owner)
        WHERE outcomes[c.member] = 'saved'
          AND NOT EXISTS (SELECT 1 FROM claims x WHERE x.tenant_id = c.tenant AND x.kind = c.kind AND x.key = c.key);
    END IF;

    IF k_member IS NOT NULL THEN
        INSERT INTO personal_keys AS x (tenant_id, person_id, key_version, wrapped, own, published, changed_at)
        SELECT k.tenant, k.person, k.version, nullif(k.wrapped, ''), true, false, stamp
        FROM unnest(k_member, k_tenant, k_person, k_version, k_wrapped) k(member, tenant, person, version, wrapped)
        WHERE outcomes[k.member] = 'saved'
        ON CONFLICT (tenant_id, person_id) DO UPDATE
            SET wrapped = NULL, published = false, changed_at = excluded.changed_at
            WHERE excluded.wrapped IS NULL AND x.wrapped IS NOT NULL;
    END IF;

    RETURN QUERY SELECT o.outcome, o.place, o.detail FROM unnest(outcomes, places, details) o(outcome, place, detail);
END $$;

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE commands FORCE ROW LEVEL SECURITY;
ALTER TABLE claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE claims FORCE ROW LEVEL SECURITY;
ALTER TABLE personal_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE personal_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE parked ENABLE ROW LEVEL SECURITY;
ALTER TABLE parked FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['events', 'commands', 'claims', 'personal_keys', 'parked'] LOOP
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY append ON %I TO {service}_append USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON events, commands, claims TO {service}_append;
GRANT DELETE ON claims TO {service}_append;
GRANT SELECT, INSERT, UPDATE ON personal_keys TO {service}_append;
GRANT SELECT ON events, commands, claims, personal_keys, parked, event_log, positions, builds, reactions
    TO {service}_api, {service}_worker;
GRANT INSERT, UPDATE ON personal_keys TO {service}_worker;
GRANT DELETE ON commands TO {service}_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON positions, builds, parked, reactions, relay, relay_partitions
    TO {service}_worker;
ALTER FUNCTION log_head OWNER TO {service}_append;
REVOKE EXECUTE ON FUNCTION append FROM PUBLIC;
ALTER FUNCTION append OWNER TO {service}_append;
SET LOCAL ROLE {service}_append;
GRANT EXECUTE ON FUNCTION append TO {service}_api, {service}_worker;
RESET ROLE;
