"""What an SRE watches of the kernel. Children are kept: a label look-up costs more than the count itself."""

from prometheus_client import Counter, Gauge, Histogram

APPENDS = Histogram("rollbook_append_seconds", "One append call", buckets=(0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5))
BATCH = Histogram("rollbook_append_batch_saves", "Saves in one append call", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
WAITING = Gauge("rollbook_writer_waiting_saves", "Saves in the writer's queue")
RELAYED = Gauge("rollbook_relay_position", "Position up to which Kafka has acknowledged the log")
HEAD = Gauge("rollbook_log_head", "Newest position of the log, as the relay saw it")
POSITION = Gauge(
    "rollbook_consumer_position", "Place of a consumer in a partition", ["consumer", "source", "partition"]
)
BROKEN = Counter("rollbook_chain_broken_records", "Records that did not follow on what was read", ["source"])
PARKED = Gauge(
    "rollbook_parked_facts",
    "Facts that a consumer could not handle, and what waits behind them",
    ["consumer", "source"],
)
HASHED = Gauge("rollbook_hash_chain_position", "Position up to which the log is in the hash chain")
HASHED_SIGNED = Gauge("rollbook_hash_chain_signed_position", "Position up to which checkpoints are signed")
HASHED_BEHIND = Gauge("rollbook_hash_chain_behind_events", "Events of the log that are not in the hash chain yet")
SKIPPED = Counter(
    "rollbook_skipped_records",
    "Records left out as often as they were read: of a type that this release does not know, or written by no relay",
    ["source", "reason"],
)
LAG = Gauge(
    "rollbook_consumer_behind_seconds",
    "For how long a consumer has not come to where its source ended then",
    ["consumer", "source"],
)
FAILED = Counter("rollbook_role_failures", "Times a role failed and started again", ["role", "error"])
LEADS = Gauge("rollbook_leads", "1 where this process leads the role", ["role"])
