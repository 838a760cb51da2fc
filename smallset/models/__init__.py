"""Students, observers and teachers by name."""

from typing import TYPE_CHECKING, Any

from smallset.models.adapters import library_of
from smallset.models.build import build_model, weights_sha256
from smallset.models.spec import MEAN, STD, check_model, worth_compiling
from smallset.models.table import MODELS, Architecture
from smallset.models.teacher import Teacher, check_teacher_files, load_teacher

if TYPE_CHECKING:
    from smallset.models.network import Network
else:
    Network = Any  # for annotations: the file of the class imports torch

MODELS_VERSION = "models-1"

__all__ = [
    "MEAN",
    "MODELS",
    "MODELS_VERSION",
    "STD",
    "Architecture",
    "Network",
    "Teacher",
    "build_model",
    "check_model",
    "check_teacher_files",
    "library_of",
    "load_teacher",
    "weights_sha256",
    "worth_compiling",
]
