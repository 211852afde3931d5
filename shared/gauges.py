"""What an SRE watches of a worker: readers, relay, leaders. Children are kept: a look-up costs more than a count."""

from math import nan

from prometheus_client import Counter, Gauge

RELAYED = Gauge("rollbook_relay_position", "Position up to which Kafka has acknowledged the log")
HEAD = Gauge("rollbook_log_head", "Newest position of the log")
UNPUBLISHED = Gauge("rollbook_relay_behind_events", "Events of the log that Kafka has not acknowledged")
OLDEST_UNPUBLISHED = Gauge(
    "rollbook_oldest_unpublished_event_seconds", "Age of the oldest event that Kafka has not acknowledged"
)
OLDEST_TRANSACTION = Gauge(
    "rollbook_oldest_transaction_seconds", "Age of the oldest transaction of the database that holds back its cleanup"
)
SNAPSHOTS = Gauge("rollbook_open_snapshots", "Transactions of the database that hold back its cleanup now")
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
MAILS = Counter("rollbook_mails", "Tries to send a mail, by what came of them", ["outcome"])
MAILS_WAITING = Gauge("rollbook_mails_waiting", "Mails that are queued and not sent yet")
OLDEST_MAIL = Gauge("rollbook_oldest_mail_seconds", "Age of the oldest mail that is queued and not sent yet")
LEADS = Gauge("rollbook_leads", "1 where this process leads the role", ["role"])

OF_VITALS = (RELAYED, HEAD, UNPUBLISHED, OLDEST_UNPUBLISHED, OLDEST_TRANSACTION, SNAPSHOTS)
OF_HASHING = (HASHED, HASHED_SIGNED, HASHED_BEHIND)
OF_MAIL = (MAILS_WAITING, OLDEST_MAIL)


def forget(consumer: str, source: str) -> None:
    """A consumer that is not followed here any more, as a build that was dropped."""
    LAG.remove(consumer, source)
    PARKED.remove(consumer, source)
    POSITION.remove_by_labels({"consumer": consumer, "source": source})


def forget_all() -> None:
    """What a process knew as a leader is stale when it leads no more: others say it now."""
    for labelled in (LEADS, LAG, PARKED, POSITION):
        labelled.clear()
    for known in (*OF_VITALS, *OF_HASHING, *OF_MAIL):
        known.set(nan)


forget_all()
