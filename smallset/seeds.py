"""Seeds derived by key: from what a number is for, never from rank, time or order."""

import hashlib

import numpy as np


def derive(seed: int, *keys: str | int) -> int:
    """Derive a seed in 0..2**63-1 from a parent seed and `keys`, which name its purpose.

    `derive(0, "render", 7)` is the same number on every machine and in every process, and
    independent of `derive(0, "render", 8)`. Keys keep their type: 7 and "7" differ.
    """
    text = repr(
        (int(seed), *(int(k) if isinstance(k, (int, np.integer)) else str(k) for k in keys))
    )
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *keys: str | int) -> np.random.Generator:
    """Return a counter-based random generator for `derive(seed, *keys)`.

    Philox fills an array from its first element on, so a longer draw begins with the values of a
    shorter one: row i of `random((n, k))` does not depend on n.
    """
    return np.random.Generator(np.random.Philox(key=derive(seed, *keys)))
