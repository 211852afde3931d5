-- What was refused to somebody whom a token named: ids and codes, never what was sent. Rows are only added.
CREATE TABLE refused_actions (
    tenant_id      uuid NOT NULL,
    number         bigint GENERATED ALWAYS AS IDENTITY,
    at             timestamptz NOT NULL,
    actor_kind     text NOT NULL,
    actor_id       text NOT NULL,
    actor_role     text NOT NULL,
    login          uuid,
    on_behalf_of   text,
    action         text NOT NULL,
    outcome        text NOT NULL,
    tries          integer NOT NULL,
    correlation_id uuid,
    PRIMARY KEY (tenant_id, number)
);

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was refused is never changed or removed';
END $$;
CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON refused_actions
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER keep_table BEFORE TRUNCATE ON refused_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

ALTER TABLE refused_actions ENABLE ROW LEVEL SECURITY;
ALTER TABLE refused_actions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON refused_actions TO {service}_api
    USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid));
GRANT SELECT, INSERT ON refused_actions TO {service}_api;
