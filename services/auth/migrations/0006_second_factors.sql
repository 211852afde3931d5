-- Secrets of authenticator apps, sealed. Which one counts is in the user's history; `last_step` is the latest accepted.
CREATE TABLE totp_secrets (
    tenant_id uuid NOT NULL,
    factor_id uuid NOT NULL,
    user_id   uuid NOT NULL,
    sealed    bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT -1,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, factor_id)
);
CREATE INDEX totp_secrets_user ON totp_secrets (tenant_id, user_id);

-- Keyed hashes. Which set counts is in the user's history.
CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    set_id    uuid NOT NULL,
    hash      bytea NOT NULL,
    user_id   uuid NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (tenant_id, set_id, hash)
);
CREATE INDEX recovery_codes_user ON recovery_codes (tenant_id, user_id);

-- What the first step was passed with: it is asked again whether that still counts when the second is passed.
TRUNCATE pending_sign_ins;
ALTER TABLE pending_sign_ins ADD COLUMN password_id uuid NOT NULL;
ALTER TABLE pending_sign_ins ADD COLUMN scope text NOT NULL;
ALTER TABLE pending_sign_ins ADD COLUMN subject text NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['totp_secrets', 'recovery_codes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {service}_api, {service}_worker', name);
    END LOOP;
END $$;
