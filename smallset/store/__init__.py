"""Compressed sets on disk: written whole or not at all, read back, verified."""

from smallset.store.about import About
from smallset.store.canvases import Canvases, Rendered
from smallset.store.codec import Codec
from smallset.store.folders import class_folders, renamed_folders
from smallset.store.manifest import Asked, Manifest, Seeds, Source, read_manifest
from smallset.store.match import check_classes
from smallset.store.plan_table import ImageFile
from smallset.store.read import CompressedDataset, open_set
from smallset.store.render import render
from smallset.store.verify import Verification, verify
from smallset.store.version import smallset_version
from smallset.store.write import write

__all__ = [
    "About",
    "Asked",
    "Canvases",
    "Codec",
    "CompressedDataset",
    "ImageFile",
    "Manifest",
    "Rendered",
    "Seeds",
    "Source",
    "Verification",
    "check_classes",
    "class_folders",
    "open_set",
    "read_manifest",
    "renamed_folders",
    "render",
    "smallset_version",
    "verify",
    "write",
]
