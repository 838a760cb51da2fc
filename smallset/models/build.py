"""Build networks for training from a spec, with fresh or given weights."""

import copy
from typing import TYPE_CHECKING

from smallset.fingerprint import file_sha256
from smallset.lazy import Module, torch
from smallset.models.adapters import adapt, check_runs, pretrained, replace_head
from smallset.models.spec import (
    DEFAULT,
    MEAN,
    STD,
    ModelSpec,
    read_model,
    student_spec,
    weights_file,
    worth_compiling,
)
from smallset.models.table import MODELS
from smallset.models.weights import load_weights, read_weights, tensors_sha256

if TYPE_CHECKING:
    from smallset.models.network import Network


def weights_sha256(name: str) -> str | None:
    """Return the sha256 of the weights that a spec names, or None if it names none.

    The weights behind a path or "default" may change while the spec stays the same.
    """
    spec = read_model(name)
    if spec.weights == DEFAULT:
        with torch.random.fork_rng(devices=[]):
            had = pretrained(spec.library, spec.own_name)
        return tensors_sha256(had.net.state_dict())
    file = weights_file(spec)
    return None if file is None else file_sha256(file)


def build_model(name: str, *, classes: int, size: int, seed: int) -> "Network":
    """Build the network of a spec with fresh weights. The same seed gives the same weights.

    `size` is the side of the square images in pixels. A spec may name weights to start from, as in
    `resnet18(weights=PATH)` or `timm:resnet18(weights=default)`, and the `mean` and `std` of pixels
    that belong to them. If these weights are for another number of classes, their classifier is
    replaced by a fresh one. All other weights must fit. The global random state does not change.

    Raises the errors of `check_model`, and ValueError if the weights do not fit or another
    library's network does not take this size.
    """
    from smallset.models.network import Network

    spec = student_spec(name)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed the GPUs
        if spec.weights == DEFAULT:
            had = pretrained(spec.library, spec.own_name)
            net, mean, std = had.net, had.mean, had.std
            if had.outputs != classes:
                replace_head(net, classes)
        else:
            net = bare_network(spec, classes=classes, size=size, new_head=True)
            mean, std = MEAN, STD
        if spec.library:
            trial = copy.deepcopy(net).train()
            check_runs(trial, name=spec.name, size=size, outputs=classes)
    return Network(
        net,
        worth_compiling=worth_compiling(spec.name),
        mean=spec.mean or mean,
        std=spec.std or std,
    )


def bare_network(spec: ModelSpec, *, classes: int, size: int, new_head: bool = False) -> Module:
    """Build the network of a spec, whose input is normalised pixels.

    The weights are those of the spec's file, or fresh ones. With `new_head`, the classifier stays
    fresh if the file has another number of classes.
    """
    if spec.library:
        net = adapt(spec.library, spec.own_name, classes)
    else:
        entry = MODELS[spec.name]
        build = entry.build_a if spec.shortcut == "a" and entry.build_a else entry.build
        net = build(classes, size)
    if file := weights_file(spec):
        weights, source = read_weights(file), str(file)
        load_weights(net, weights, name=spec.name, source=source, new_head=new_head)
    return net
