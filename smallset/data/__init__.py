"""Open data sets: find, decode and index their images, hold some out, and cache pixels."""

from smallset.data.arrays import from_arrays
from smallset.data.cache import LaterPixels, MappedPixels, Pixels, StreamedPixels, pixel_cache
from smallset.data.dataset import Data, ImageDataset, content_of
from smallset.data.decode import DECODE_VERSION
from smallset.data.fit import View, fit_boxes, read_box
from smallset.data.open import folder_named, folder_of, open_data
from smallset.data.source import Folder
from smallset.data.splits import CUT_OFF
from smallset.data.threads import cores, ordered

__all__ = [
    "CUT_OFF",
    "DECODE_VERSION",
    "Data",
    "Folder",
    "ImageDataset",
    "LaterPixels",
    "MappedPixels",
    "Pixels",
    "StreamedPixels",
    "View",
    "content_of",
    "cores",
    "fit_boxes",
    "folder_named",
    "folder_of",
    "from_arrays",
    "open_data",
    "ordered",
    "pixel_cache",
    "read_box",
]
