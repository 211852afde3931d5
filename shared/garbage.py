"""How often a process looks for garbage: the collector's defaults are for programs that make less."""

import gc

EVERY = (10_000, 50, 50)


def collect_rarely() -> None:
    """What stands at the start stays for good; a batch of facts is thousands of objects, and none of them garbage.
    A live view took a quarter less CPU, an append a twentieth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*EVERY)
