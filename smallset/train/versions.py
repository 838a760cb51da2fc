"""The versions of whatever decides a number: part of every cache key, so changed code is no hit."""

from smallset.data import DECODE_VERSION
from smallset.lazy import torch
from smallset.models import MODELS_VERSION
from smallset.train.render import RENDER_VERSION
from smallset.train.views import VERSION as VIEWS_VERSION


def component_versions() -> dict[str, str]:
    """Name the versions of decoding, networks, views, rendering and torch."""
    return {
        "decode": str(DECODE_VERSION),
        "models": MODELS_VERSION,
        "views": VIEWS_VERSION,
        "render": RENDER_VERSION,
        "torch": torch.__version__,
    }
