-- Keys of service accounts: what they are known by, and when they were last used. What a key may do, and until when,
-- is in its account's history: a row without an event opens nothing.
CREATE TABLE api_keys (
    tenant_id    uuid NOT NULL,
    key_id       uuid NOT NULL,
    hash         bytea NOT NULL,
    school_id    uuid NOT NULL,
    account_id   uuid NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, key_id),
    UNIQUE (tenant_id, hash)
);
CREATE INDEX api_keys_school ON api_keys (tenant_id, school_id);

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO {service}_api
    USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO {service}_api;
