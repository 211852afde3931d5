-- Mails that are to be sent, or were. A row names the event that is told, never an address or a text: who is erased
-- meanwhile gets none, and nothing here has to be forgotten.
CREATE TABLE mails (
    tenant_id uuid NOT NULL,
    mail_id   uuid NOT NULL,
    mailing   text NOT NULL,
    position  bigint NOT NULL,
    state     text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'unneeded', 'refused', 'given-up')),
    tries     integer NOT NULL DEFAULT 0,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz,
    reason    text,
    PRIMARY KEY (tenant_id, mail_id)
);
CREATE INDEX mails_due ON mails (due_at) WHERE state = 'due';

ALTER TABLE mails ENABLE ROW LEVEL SECURITY;
ALTER TABLE mails FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON mails TO {service}_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON mails TO {service}_worker;
