-- Where Kafka keeps the last record that the relay noted: an equal record at another place is not that one.
ALTER TABLE relay_partitions ADD COLUMN kafka_offset bigint NOT NULL DEFAULT -1;
