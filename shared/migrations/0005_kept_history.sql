-- Up to where this generation holds the same history as the one before it: known when history was cut.
ALTER TABLE event_log ADD COLUMN kept bigint NOT NULL DEFAULT 0;
