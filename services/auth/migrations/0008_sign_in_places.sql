-- From where somebody signed in, for the audit. A row outlives its refresh tokens, and is removed with the user.
CREATE TABLE sign_in_places (
    tenant_id  uuid NOT NULL,
    login      uuid NOT NULL,
    user_id    uuid NOT NULL,
    device     text NOT NULL,
    network    text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, login)
);
CREATE INDEX sign_in_places_user ON sign_in_places (tenant_id, user_id);

ALTER TABLE sign_in_places ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_places FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sign_in_places TO {service}_api
    USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid));
CREATE POLICY worker ON sign_in_places TO {service}_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON sign_in_places TO {service}_api, {service}_worker;
