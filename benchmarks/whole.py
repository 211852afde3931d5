"""The whole product in a folder of its own, for one workload."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.native.running import Running


@contextmanager
def product_of() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        product = Running("all", folder)
        try:
            product.start()
            yield product
        finally:
            product.stop()
