"""How far a metric of this process went while something was done."""

from prometheus_client import REGISTRY


class Watch:
    """How far a metric went since the watch began."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._before = self._value()

    def _value(self) -> float:
        return REGISTRY.get_sample_value(self._name, self._labels) or 0.0

    @property
    def gained(self) -> float:
        return self._value() - self._before
