"""Compressed sets on disk: write (whole or not at all), read back, verify."""

from smallset.store.canvases import Canvases, Drawing, Rendered, Rows, render
from smallset.store.codec import Codec
from smallset.store.folders import class_folders, renamed_folders
from smallset.store.images import ImageFile
from smallset.store.manifest import About, Asked, Manifest, read_manifest
from smallset.store.parts import Encoding, Sizes
from smallset.store.read import CompressedDataset, TrainingSet, open_set
from smallset.store.training_set import PlainSet, Seeds, SetFacts
from smallset.store.verify import Verification, verify
from smallset.store.write import write

__all__ = [
    "About",
    "Asked",
    "Canvases",
    "Codec",
    "CompressedDataset",
    "Drawing",
    "Encoding",
    "ImageFile",
    "Manifest",
    "PlainSet",
    "Rendered",
    "Rows",
    "Seeds",
    "SetFacts",
    "Sizes",
    "TrainingSet",
    "Verification",
    "class_folders",
    "open_set",
    "read_manifest",
    "renamed_folders",
    "render",
    "verify",
    "write",
]
