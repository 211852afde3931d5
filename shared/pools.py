"""What an SRE watches of the pools of a process: asked when somebody looks, so that nothing is counted on the way."""

from collections.abc import Iterator
from weakref import WeakSet

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.database import Pool

WATCHED: WeakSet[Pool] = WeakSet()


class Pools(Collector):
    def collect(self) -> Iterator[Metric]:
        pools = [pool.get_stats() for pool in WATCHED if not pool.closed]

        def total(name: str) -> int:
            return sum(stats.get(name, 0) for stats in pools)

        connections = GaugeMetricFamily("rollbook_pool_connections", "Connections of the pool", labels=["state"])
        idle = total("pool_available")
        connections.add_metric(["idle"], idle)
        connections.add_metric(["used"], total("pool_size") - idle)
        yield connections
        yield GaugeMetricFamily("rollbook_pool_max_connections", "The pool's limit", total("pool_max"))
        waiting = total("requests_waiting")
        yield GaugeMetricFamily("rollbook_pool_waiting_requests", "Who waits for a connection now", waiting)
        requests = total("requests_num")
        yield CounterMetricFamily("rollbook_pool_requests", "Connections that were asked for", requests)
        waited = total("requests_wait_ms") / 1000
        yield CounterMetricFamily("rollbook_pool_wait_seconds", "Time spent waiting for a connection", waited)
        failed = total("requests_errors")
        yield CounterMetricFamily("rollbook_pool_failed_requests", "Connections that did not come in time", failed)


REGISTRY.register(Pools())
