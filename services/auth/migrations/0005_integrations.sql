-- Secrets of integrations, sealed with a key of the school: set, used, never shown.
CREATE TABLE integration_secrets (
    tenant_id      uuid NOT NULL,
    secret_id      uuid NOT NULL,
    integration_id uuid NOT NULL,
    sealed         bytea NOT NULL,
    kept_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, secret_id)
);
CREATE INDEX integration_secrets_integration ON integration_secrets (tenant_id, integration_id);

ALTER TABLE integration_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE integration_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_secrets TO {service}_api
    USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid));
CREATE POLICY worker ON integration_secrets TO {service}_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON integration_secrets TO {service}_api, {service}_worker;
