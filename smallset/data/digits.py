"""The embedded default: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn."""

import numpy as np

from smallset.data.arrays import from_arrays
from smallset.data.dataset import Data


def open_digits() -> Data:
    """Give the UCI handwritten digits (Alpaydin and Kaynak 1998), 20 % of each held out.

    Their grey values 0..16 are scaled to 0..255. Nothing is downloaded.
    """
    # scikit-learn takes a second to import, which only this source should pay.
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    return from_arrays(images, bunch.target, [str(d) for d in range(10)], name="digits")
