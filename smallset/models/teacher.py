"""Teachers: trained networks whose logits are for the data's classes, in the data's order."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smallset.files import at_home
from smallset.fingerprint import file_sha256
from smallset.lazy import Module, Tensor
from smallset.models.adapters import check_runs, pretrained
from smallset.models.build import bare_network
from smallset.models.classes import SAME, ClassList, listed_classes, read_classes, same_classes
from smallset.models.several import Several, read_several
from smallset.models.spec import MEAN, STD, ModelSpec, read_model, weights_file
from smallset.models.table import MODELS
from smallset.models.trained import CARD, WEIGHTS, read_trained
from smallset.models.weights import read_weights, tensors_sha256

if TYPE_CHECKING:
    from smallset.models.network import TeacherNetwork


@dataclass(frozen=True)
class Teacher:
    """A trained network, frozen and in eval mode, with its spec, size and hash.

    `bytes` is the size of the weights file, or of the tensors if there is no file. `sha256` is a
    hash in hex of all that the logits depend on: weights, architecture, size, normalisation and
    classes.
    """

    spec: str
    network: "TeacherNetwork"
    bytes: int
    sha256: str


def load_teacher(spec: str, *, classes: tuple[str, ...], size: int) -> Teacher:
    """Load a teacher for images of these classes and `size` pixels a side.

    `spec` is a folder that `smallset train` made, or a network with its weights:
    `resnet20(weights=PATH, shortcut=a, classes=FILE)`, `timm:NAME(weights=default, classes=FILE)`.
    `teachers(A, B)` names several teachers, whose logits are averaged (see `read_several`).

    FILE lists the classes of the teacher's outputs (see `read_classes`), which may be more than the
    data's. `classes=same` says that they are the data's classes in the data's order.

    If the spec has no `mean` and `std`, pixels are normalised with ImageNet's numbers. If it has no
    `size`, images keep their size. `weights=default` brings its own `mean`, `std` and `size`.
    Raises ValueError or FileNotFoundError if the spec, the weights or the classes do not fit.
    """
    if at_home(spec).is_dir():
        return _from_folder(spec, classes)
    several = read_several(spec)
    if several is not None:
        loaded = [load_teacher(one, classes=classes, size=size) for one in several.specs]
        return _together(several, loaded)
    teacher = _from_spec(spec, classes, size)
    check_runs(teacher.network, name=spec, size=size, outputs=len(classes))
    return teacher


def check_teacher_files(spec: str) -> None:
    """Check a spec and its files without any data. Raises the errors of `load_teacher`."""
    folder = at_home(spec)
    if folder.is_dir():
        read_trained(folder)
        return
    if (several := read_several(spec)) is not None:
        for one in several.specs:
            check_teacher_files(one)
        return
    wanted = _ready(spec)
    file = weights_file(wanted)
    if file is not None:
        read_weights(file)
    _classes_of(wanted, spec, ())


def _ready(spec: str) -> ModelSpec:
    """Read the spec of a network with weights, without opening any file."""
    if "(" not in spec and ":" not in spec and spec not in MODELS:
        raise FileNotFoundError(
            f"there is no teacher {spec!r}. Needed a folder that `smallset train` made, or a "
            "network such as resnet20(weights=PATH, classes=FILE). Check the path."
        )
    wanted = read_model(spec)
    if wanted.weights is None:
        raise ValueError(
            f"the teacher {spec!r} has learned nothing: it names no weights. Give weights=PATH, "
            "weights=default for timm and torchvision, or a folder that `smallset train` made."
        )
    return wanted


def _from_spec(spec: str, classes: tuple[str, ...], size: int) -> Teacher:
    wanted = _ready(spec)
    file = weights_file(wanted)
    known = _classes_of(wanted, spec, classes)
    outputs = known.pick(classes)
    if file is not None:
        net = bare_network(wanted, classes=known.outputs, size=wanted.size or size)
        facts = file.stat().st_size, file_sha256(file)
        return _teacher(spec, wanted, net, outputs, *facts)
    had = pretrained(wanted.library, wanted.own_name)
    if known.outputs != had.outputs:
        raise ValueError(
            f"the teacher {spec!r} has {had.outputs} outputs, but {known.source} is for "
            f"{known.outputs}. Give classes=FILE for all its outputs, or with imagenet_1k_index."
        )
    wanted = replace(
        wanted,
        size=wanted.size or had.size,
        mean=wanted.mean or had.mean,
        std=wanted.std or had.std,
    )
    weights: Mapping[str, Tensor] = had.net.state_dict()
    nbytes = sum(value.numel() * value.element_size() for value in weights.values())
    return _teacher(spec, wanted, had.net, outputs, nbytes, tensors_sha256(weights))


def _from_folder(spec: str, classes: tuple[str, ...]) -> Teacher:
    folder = at_home(spec)
    card = read_trained(folder)
    file = folder / WEIGHTS
    found = file_sha256(file)
    if found != card.weights_sha256:
        raise ValueError(
            f"'{file}' is not the file that {CARD} describes: its sha256 is {found[:12]}... and "
            f"not {card.weights_sha256[:12]}... Restore it, or train the teacher again."
        )
    wanted = replace(
        read_model(card.model), weights=str(file), size=card.size, mean=card.mean, std=card.std
    )
    outputs = listed_classes(card.classes, source=f"the teacher {spec!r}").pick(classes)
    net = bare_network(wanted, classes=len(card.classes), size=card.size)
    return _teacher(spec, wanted, net, outputs, file.stat().st_size, found)


def _together(several: Several, loaded: Sequence[Teacher]) -> Teacher:
    from smallset.models.network import MeanLogits, TeacherNetwork

    networks = [teacher.network for teacher in loaded]
    # Each network normalises the pixels itself and has the data's classes.
    network = TeacherNetwork(
        MeanLogits(networks, rescale=several.rescale),
        outputs=tuple(range(len(networks[0].outputs))),
        size=None,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
    facts = several.rescale, [teacher.sha256 for teacher in loaded]
    sha256 = hashlib.sha256(repr(facts).encode()).hexdigest()
    return Teacher(several.text, network, sum(teacher.bytes for teacher in loaded), sha256)


def _classes_of(wanted: ModelSpec, spec: str, classes: tuple[str, ...]) -> ClassList:
    if wanted.classes is None:
        raise ValueError(
            f"the teacher {spec!r} does not say what its outputs stand for. Needed a file with "
            "their names in order (for a 1,000-class ImageNet teacher: names or wnids with "
            "imagenet_1k_index). Give classes=FILE, or classes=same if they are the data's own "
            "classes in the data's order."
        )
    return same_classes(classes) if wanted.classes == SAME else read_classes(wanted.classes)


def _teacher(
    spec: str, wanted: ModelSpec, net: Module, outputs: tuple[int, ...], bytes: int, weights: str
) -> Teacher:
    from smallset.models.network import TeacherNetwork

    mean, std = wanted.mean or MEAN, wanted.std or STD
    network = TeacherNetwork(net, outputs=outputs, size=wanted.size, mean=mean, std=std)
    facts = (
        weights,
        wanted.name,
        wanted.shortcut,
        network.size,
        network.mean.flatten().tolist(),
        network.std.flatten().tolist(),
        network.outputs.tolist(),
    )
    return Teacher(spec, network, bytes, hashlib.sha256(repr(facts).encode()).hexdigest())
