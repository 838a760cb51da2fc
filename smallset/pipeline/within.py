"""The most canvases that fit into a number of bytes, found by encoding them."""

from collections.abc import Callable

_LEAP = 16
"""How much larger a try may be than what fits, since few images are a rough guide."""


class NoRoom(ValueError):
    """Not even one image of each class fits into the bytes. `spec` is the method's spec."""

    def __init__(self, message: str, spec: str = "", codec: str = "") -> None:
        super().__init__(message)
        self.spec, self.codec = spec, codec


def most_within(limit: int, most: int | None, bytes_of: Callable[[int], int]) -> tuple[int, int]:
    """Return the largest number whose `bytes_of` is at most `limit`, and the bytes of one.

    The number is at most `most` (None: no maximum), and 0 if not even one fits. If the bytes do not
    always grow with the number, the returned number fits, but the next one does not.

    The next try is where a line through the bytes of the nearest tries meets `limit`. If a try left
    more than half of the range, the next try is in the middle of the range.
    """
    one = bytes_of(1)
    if one > limit:
        return 0, one
    fits, used = 1, one
    over, beyond = (None if most is None else most + 1), 0  # 0 bytes: not measured
    straight = True
    while over is None or over - fits > 1:
        if not beyond or over is None:
            guess = min(int(fits * limit / used), fits * _LEAP)
        elif straight and beyond > used:
            guess = fits + int((limit - used) * (over - fits) / (beyond - used))
        else:
            guess = (fits + over) // 2
        tried = max(guess, fits + 1)
        if over is not None:
            tried = min(tried, over - 1)
        size, width = bytes_of(tried), over and over - fits
        if size <= limit:
            fits, used = tried, size
        else:
            over, beyond = tried, size
        straight = not width or not over or 2 * (over - fits) <= width
    return fits, one
