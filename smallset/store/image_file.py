"""A file of a set, as its plan records it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageFile:
    """One image file: its path inside the set ("cat/00000.png"), its hash and its size."""

    path: str
    sha256: str
    bytes: int
