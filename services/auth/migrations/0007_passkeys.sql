-- Public keys of passkeys. Which of them count is in the user's history.
CREATE TABLE passkeys (
    tenant_id     uuid NOT NULL,
    passkey_id    uuid NOT NULL,
    user_id       uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key    bytea NOT NULL,
    sign_count    bigint NOT NULL,
    name          text NOT NULL,
    made_at       timestamptz NOT NULL,
    used_at       timestamptz,
    PRIMARY KEY (tenant_id, passkey_id)
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (tenant_id, credential_id);
CREATE INDEX passkeys_user ON passkeys (tenant_id, user_id);

-- What an authenticator has to sign: once, within minutes. `user_id` is null where it is not known yet who signs in.
CREATE TABLE passkey_challenges (
    tenant_id    uuid NOT NULL,
    challenge_id uuid NOT NULL,
    challenge    bytea NOT NULL,
    user_id      uuid,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, challenge_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['passkeys', 'passkey_challenges'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {service}_api, {service}_worker', name);
    END LOOP;
END $$;
