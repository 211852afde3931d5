"""The panels of the Grafana dashboard, by the question that somebody has who looks at it."""

from typing import NamedTuple

OF = 'job=~"$job"'
IN = "$__rate_interval"


class Panel(NamedTuple):
    """`queries`: legend → expression."""

    title: str
    unit: str
    queries: dict[str, str]
    description: str = ""
    kind: str = "timeseries"


def now(metric: str) -> str:
    return f"{metric}{{{OF}}}"


def rate(metric: str, by: str = "job") -> str:
    return f"sum by ({by}) (rate({now(metric)}[{IN}]))"


def slope(metric: str, by: str = "job") -> str:
    return f"max by ({by}) (deriv({now(metric)}[{IN}]))"


def ratio(part: str, whole: str) -> str:
    return f"{part} / {whole}"


def quantile(share: float, metric: str, by: str = "job") -> str:
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', f'{by}, le')})"


def leads(metric: str, by: str = "job") -> str:
    """Of the process that leads; the others say nothing."""
    return f"max by ({by}) ({now(metric)})"


CONSUMER, NAMED = "consumer, source", "{{consumer}} of {{source}}"
PROCESS = "{{job}} {{instance}}"
ERRORS = f'sum by (job) (rate(http_requests_total{{{OF},status=~"5.."}}[{IN}]))'
AGE = f"(time() - {now('process_start_time_seconds')})"

UP = (
    Panel("Processes that answer", "short", {PROCESS: now("up")}, kind="stat"),
    Panel(
        "Release and age",
        "s",
        {f"{PROCESS} {{{{version}}}}": f"{AGE} * on (job, instance) group_left (version) {now('rollbook_build_info')}"},
        "Two versions for longer than an upgrade takes: it did not end.",
        kind="stat",
    ),
    Panel(
        "Roles that fail",
        "ops",
        {"{{job}} {{role}} {{error}}": rate("rollbook_role_failures_total", "job, role, error")},
    ),
    Panel("Loop comes late, p99", "s", {PROCESS: quantile(0.99, "rollbook_loop_lag_seconds", "job, instance")}),
    Panel("CPU", "percentunit", {PROCESS: rate("process_cpu_seconds_total", "job, instance")}),
    Panel("Memory", "bytes", {PROCESS: now("process_resident_memory_bytes")}),
)
CLIENTS = (
    Panel("Requests", "reqps", {"{{job}} {{status}}": rate("http_requests_total", "job, status")}),
    Panel("Server errors", "percentunit", {"{{job}}": ratio(ERRORS, rate("http_requests_total"))}),
    Panel(
        "Latency",
        "s",
        {f"{{{{job}}}} p{share * 100:g}": quantile(share, "http_request_seconds") for share in (0.5, 0.99)},
    ),
    Panel(
        "Slowest routes, p99",
        "s",
        {"{{job}} {{method}} {{route}}": f"topk(10, {quantile(0.99, 'http_request_seconds', 'job, method, route')})"},
    ),
    Panel(
        "Services behind the gateway, p99", "s", {"{{service}}": quantile(0.99, "rollbook_upstream_seconds", "service")}
    ),
    Panel(
        "Calls without an answer",
        "ops",
        {
            "{{service}} {{reason}}": rate("rollbook_upstream_failures_total", "service, reason"),
            "{{service}} sent again": rate("rollbook_upstream_repeats_total", "service"),
        },
    ),
    Panel(
        "Waits for what was written, p99",
        "s",
        {"{{job}} {{outcome}}": quantile(0.99, "rollbook_freshness_wait_seconds", "job, outcome")},
        "Queries that carry a token wait for their view, 2 s at most.",
    ),
    Panel("Answers 425", "ops", {"{{job}} {{code}}": rate("rollbook_too_early_answers_total", "job, code")}),
)
APPENDS = (
    Panel(
        "Append call",
        "s",
        {f"{{{{job}}}} p{share * 100:g}": quantile(share, "rollbook_append_seconds") for share in (0.5, 0.99)},
    ),
    Panel("Saves", "ops", {"{{job}} {{outcome}}": rate("rollbook_saves_total", "job, outcome")}),
    Panel(
        "Saves in one call",
        "short",
        {"{{job}}": ratio(rate("rollbook_append_batch_saves_sum"), rate("rollbook_append_batch_saves_count"))},
    ),
    Panel("Queue of the writer", "short", {PROCESS: now("rollbook_writer_waiting_saves")}),
    Panel("Version conflicts", "ops", {"{{aggregate}}": rate("rollbook_version_conflicts_total", "aggregate")}),
    Panel(
        "Refused keys and repeats",
        "ops",
        {
            "taken {{claim}}": rate("rollbook_refused_claims_total", "claim"),
            "{{job}} {{answer}}": rate("rollbook_repeated_commands_total", "job, answer"),
        },
    ),
    Panel(
        "Oldest transaction",
        "s",
        {"{{job}}": leads("rollbook_oldest_transaction_seconds")},
        "It holds back the database's cleanup: tables grow, appends slow down.",
    ),
    Panel("Open snapshots", "short", {"{{job}}": leads("rollbook_open_snapshots")}),
    Panel(
        "Pools",
        "short",
        {
            f"{PROCESS} {{{{state}}}}": now("rollbook_pool_connections"),
            f"{PROCESS} limit": now("rollbook_pool_max_connections"),
            f"{PROCESS} waiting": now("rollbook_pool_waiting_requests"),
        },
    ),
    Panel(
        "Mean wait for a connection",
        "s",
        {"{{job}}": ratio(rate("rollbook_pool_wait_seconds_total"), rate("rollbook_pool_requests_total"))},
    ),
    Panel("Connections that did not come", "ops", {"{{job}}": rate("rollbook_pool_failed_requests_total")}),
)
BEHIND = (
    Panel("Behind", "s", {NAMED: leads("rollbook_consumer_behind_seconds", CONSUMER)}),
    Panel(
        "Positions passed",
        "ops",
        {NAMED: slope("rollbook_consumer_position", CONSUMER)},
        "In the fastest partition. Positions count the events of all partitions.",
    ),
    Panel("Events stored", "ops", {"{{job}}": slope("rollbook_log_head")}),
    Panel("Events not in Kafka", "short", {"{{job}}": leads("rollbook_relay_behind_events")}),
    Panel("Oldest event not in Kafka", "s", {"{{job}}": leads("rollbook_oldest_unpublished_event_seconds")}),
    Panel("Events published", "ops", {"{{job}}": slope("rollbook_relay_position")}),
    Panel("Broken chains", "ops", {"{{source}}": rate("rollbook_chain_broken_records_total", "source")}),
    Panel(
        "Skipped records", "ops", {"{{source}} {{reason}}": rate("rollbook_skipped_records_total", "source, reason")}
    ),
    Panel(
        "Hash chain",
        "short",
        {
            "{{job}} not chained": leads("rollbook_hash_chain_behind_events"),
            "{{job}} not signed": f"{leads('rollbook_hash_chain_position')}"
            f" - {leads('rollbook_hash_chain_signed_position')}",
        },
    ),
)
PARKED = (
    Panel(
        "Parked facts",
        "short",
        {NAMED: f"{leads('rollbook_parked_facts', CONSUMER)} > 0"},
        "`rollbook parked list` names them; after a fix `rollbook parked retry`.",
        kind="table",
    ),
    Panel("Parked facts over time", "short", {NAMED: leads("rollbook_parked_facts", CONSUMER)}),
)
LEADERS = (
    Panel("Leaders", "short", {"{{job}} {{role}} at {{instance}}": f"{now('rollbook_leads')} == 1"}, kind="table"),
)

MAIL = (
    Panel("Mails that wait", "short", {"{{job}}": leads("rollbook_mails_waiting")}),
    Panel("Oldest mail that waits", "s", {"{{job}}": leads("rollbook_oldest_mail_seconds")}),
    Panel("Mails", "ops", {"{{job}} {{outcome}}": rate("rollbook_mails_total", "job, outcome")}),
)

QUESTIONS: dict[str, tuple[Panel, ...]] = {
    "Is it up?": UP,
    "What do clients get?": CLIENTS,
    "How fast are appends?": APPENDS,
    "How far behind is each view?": BEHIND,
    "What is parked?": PARKED,
    "Does mail go out?": MAIL,
    "Who leads?": LEADERS,
}
