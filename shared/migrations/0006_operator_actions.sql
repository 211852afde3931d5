-- What operators did and what was refused them: rows are only added, and never hold personal data.
CREATE TABLE operator_actions (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    action      text NOT NULL,
    arguments   jsonb NOT NULL,
    outcome     text NOT NULL,
    result      jsonb NOT NULL,
    key_hash    bytea
);
-- An Idempotency-Key of an operator has one effect: the row of that effect holds it.
CREATE UNIQUE INDEX operator_actions_key ON operator_actions (actor, key_hash) WHERE key_hash IS NOT NULL;

CREATE FUNCTION refuse_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what operators did is never changed or removed';
END $$;
CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON operator_actions
    FOR EACH ROW EXECUTE FUNCTION refuse_forgetting();
CREATE TRIGGER keep_table BEFORE TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_forgetting();

GRANT SELECT, INSERT ON operator_actions TO {service}_worker;
