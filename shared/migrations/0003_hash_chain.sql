-- The hash chain of each tenant, beside the events: one entry for each of them, written by the worker after the fact.
-- The primary key is what two leaders meet at: a position is chained once.
CREATE TABLE hash_chain (
    position   bigint PRIMARY KEY,
    previous   bigint NOT NULL,
    tenant_id  uuid NOT NULL,
    event_hash bytea NOT NULL CHECK (octet_length(event_hash) = 32),
    chain_hash bytea NOT NULL CHECK (octet_length(chain_hash) = 32)
);
CREATE INDEX hash_chain_tenant ON hash_chain (tenant_id, position);

CREATE TABLE hash_chain_checkpoints (
    position   bigint PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    chain_hash bytea NOT NULL CHECK (octet_length(chain_hash) = 32),
    made_at    timestamptz NOT NULL,
    key_id     text NOT NULL,
    signature  bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CREATE INDEX hash_chain_checkpoints_tenant ON hash_chain_checkpoints (tenant_id, position);

CREATE FUNCTION refuse_new_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the hash chain is never changed or removed';
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hash_chain', 'hash_chain_checkpoints'] LOOP
        EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_new_past()', name);
        EXECUTE format('CREATE TRIGGER keep_table BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_past()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

GRANT SELECT ON hash_chain, hash_chain_checkpoints TO {service}_api;
GRANT SELECT, INSERT ON hash_chain, hash_chain_checkpoints TO {service}_worker;
