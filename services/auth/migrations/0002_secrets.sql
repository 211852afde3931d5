-- What is never in an event: password hashes, tries of a password, private keys. All of it belongs to the platform.

CREATE TABLE passwords (
    tenant_id  uuid NOT NULL,
    user_id    uuid NOT NULL,
    hash       text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, user_id)
);

-- account is the keyed hash of an e-mail address, known here or not: a stranger's is counted and locked alike.
CREATE TABLE password_tries (
    tenant_id    uuid NOT NULL,
    account      text NOT NULL,
    tries        integer NOT NULL,
    tried_at     timestamptz NOT NULL,
    locked_until timestamptz,
    PRIMARY KEY (tenant_id, account)
);

-- Private keys, sealed with the master key. A row whose key has no event yet signs nothing.
CREATE TABLE signing_secrets (
    tenant_id uuid NOT NULL,
    key_id    uuid NOT NULL,
    sealed    bytea NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, key_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['passwords', 'password_tries', 'signing_secrets'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {service}_api', name);
    END LOOP;
END $$;
