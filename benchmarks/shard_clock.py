"""A shard looked at by a worker, with the worker's own CPU seconds; workers import it from here."""

import time

from smallset.observers.shards import Shard, look


def looked(shard: Shard) -> float:
    """Look at a shard; give the CPU seconds that it took."""
    started = time.process_time()
    look(shard)
    return time.process_time() - started
