"""Where images come from, decoding, held-out data, and the decode-once cache."""

from smallset.data.arrays import from_arrays
from smallset.data.cache import MappedPixels, Pixels, StreamedPixels, pixel_cache
from smallset.data.dataset import Data, ImageDataset
from smallset.data.fit import View, fit_boxes, read_box
from smallset.data.open import SOURCES, open_data

__all__ = [
    "SOURCES",
    "Data",
    "ImageDataset",
    "MappedPixels",
    "Pixels",
    "StreamedPixels",
    "View",
    "fit_boxes",
    "from_arrays",
    "open_data",
    "pixel_cache",
    "read_box",
]
