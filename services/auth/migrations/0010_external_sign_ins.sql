-- Sign-ins that were sent to a provider and have not come back. Of state and browser only hashes are kept, of verifier
-- and nonce nothing: they follow from the state.
CREATE TABLE external_sign_ins (
    tenant_id   uuid NOT NULL,
    hash        bytea NOT NULL,
    browser     bytea NOT NULL,
    school_id   uuid NOT NULL,
    provider_id uuid NOT NULL,
    started_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
ALTER TABLE external_sign_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE external_sign_ins FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON external_sign_ins TO {service}_api
    USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid));
CREATE POLICY worker ON external_sign_ins TO {service}_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON external_sign_ins TO {service}_api, {service}_worker;

-- What the first step proved, and how long what it opens may last.
ALTER TABLE pending_sign_ins ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}';
ALTER TABLE pending_sign_ins ADD COLUMN life interval;
