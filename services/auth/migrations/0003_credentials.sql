-- A user may have a password that waits for its event: which one counts is in the user's history.
ALTER TABLE passwords ADD COLUMN password_id uuid;
UPDATE passwords SET password_id = user_id;
ALTER TABLE passwords ALTER COLUMN password_id SET NOT NULL;
ALTER TABLE passwords DROP CONSTRAINT passwords_pkey;
ALTER TABLE passwords ADD PRIMARY KEY (tenant_id, password_id);
CREATE INDEX passwords_user ON passwords (tenant_id, user_id);

-- One counter for every check of a credential. Subjects are keyed hashes, of accounts known here or not.
DROP TABLE password_tries;
CREATE TABLE credential_tries (
    tenant_id    uuid NOT NULL,
    scope        text NOT NULL,
    subject      text NOT NULL,
    tries        integer NOT NULL,
    in_a_row     integer NOT NULL,
    tried_at     timestamptz NOT NULL,
    locked_until timestamptz,
    PRIMARY KEY (tenant_id, scope, subject)
);

-- A sign-in is a family of refresh tokens: each is used once and followed by one successor. Rotation is rows, not
-- events: one every five minutes would fill any stream.
CREATE TABLE refresh_families (
    tenant_id    uuid NOT NULL,
    family_id    uuid NOT NULL,
    user_id      uuid NOT NULL,
    school_id    uuid NOT NULL,
    client       bytea NOT NULL,
    device       text NOT NULL,
    amr          text[] NOT NULL,
    proved_at    timestamptz NOT NULL,
    started_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    absolute_end timestamptz NOT NULL,
    ended_at     timestamptz,
    reason       text,
    PRIMARY KEY (tenant_id, family_id)
);
CREATE INDEX refresh_families_user ON refresh_families (tenant_id, user_id) WHERE ended_at IS NULL;

CREATE TABLE refresh_tokens (
    tenant_id uuid NOT NULL,
    hash      bytea NOT NULL,
    family_id uuid NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    idle_end  timestamptz NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (tenant_id, family_id);

-- The first factor was right, the second is still to come.
CREATE TABLE pending_sign_ins (
    tenant_id  uuid NOT NULL,
    hash       bytea NOT NULL,
    user_id    uuid NOT NULL,
    school_id  uuid NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX pending_sign_ins_user ON pending_sign_ins (tenant_id, user_id);

-- Requests for a mailed link. `account` is a keyed hash, of addresses known here or not; a row lives some moments.
CREATE TABLE link_requests (
    tenant_id    uuid NOT NULL,
    request_id   uuid NOT NULL,
    what         text NOT NULL,
    account      text NOT NULL,
    requested_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['credential_tries', 'refresh_families', 'refresh_tokens', 'pending_sign_ins',
                                'link_requests'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO {service}_api'
                       ' USING (tenant_id = (SELECT current_setting(''rollbook.tenant'')::uuid))', name);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {service}_api, {service}_worker', name);
    END LOOP;
END $$;
