"""What an SRE watches of the write side and of queries, in every process that has a store."""

from prometheus_client import Counter, Gauge, Histogram

APPENDS = Histogram("rollbook_append_seconds", "One append call", buckets=(0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5))
BATCH = Histogram("rollbook_append_batch_saves", "Saves in one append call", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
WAITING = Gauge("rollbook_writer_waiting_saves", "Saves in the writer's queue")
SAVES = Counter("rollbook_saves", "Saves that the store answered, by what became of them", ["outcome"])
CONFLICTS = Counter(
    "rollbook_version_conflicts", "Saves that lost against another process, by kind of aggregate", ["aggregate"]
)
REFUSED_CLAIMS = Counter("rollbook_refused_claims", "Saves whose unique key was held by another owner", ["claim"])
REPEATED = Counter(
    "rollbook_repeated_commands", "Commands whose idempotency key came before, by what they were answered", ["answer"]
)
WAITED = Histogram(
    "rollbook_freshness_wait_seconds",
    "For how long queries waited for a position that a token named",
    ["outcome"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
)
TOO_EARLY = Counter("rollbook_too_early_answers", "Answers 425, by their code", ["code"])
