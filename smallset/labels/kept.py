"""Labels from a store: which store of a set a regime asks for, and how the loop reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from smallset.labels.regime import OpenLabels, label_folder
from smallset.labels.shards import LabelStore, stores
from smallset.lazy import Tensor, torch
from smallset.store import TrainingSet
from smallset.train.device import Machine
from smallset.train.mix import MIX_VERSION
from smallset.train.protocol import StudentProtocol
from smallset.train.run import component_versions


@dataclass(frozen=True, kw_only=True)
class KeptLabels(OpenLabels):
    """Labels from a store, which are also the `SoftLabels` of the loop."""

    store: LabelStore

    def soft(self, machine: Machine) -> "KeptLabels":
        """Return the labels themselves."""
        return self

    def __call__(
        self,
        pixels: Float32[Tensor, "b 3 t t"],
        indices: Int64[np.ndarray, " b"],
        epoch: int,
    ) -> Float32[Tensor, "b c"]:
        """Read the logits of the views, or of their images."""
        card = self.store.card
        rows = epoch * card.views + indices if card.of_views else indices // card.of_each
        return torch.from_numpy(self.store.logits(rows)).to(pixels.device)


def what_views_depend_on() -> dict[str, str]:
    """Return the versions of the code that decides which pixels a view shows."""
    versions = component_versions()
    return {name: versions[name] for name in ("decode", "views", "render")} | {"mix": MIX_VERSION}


def find(
    made: TrainingSet,
    protocol: StudentProtocol,
    epochs: int | None,
    asked: Mapping[str, object],
) -> LabelStore:
    """Find the store of a set for students under a protocol.

    `epochs` is the number of epochs with labels that they need, or None for labels of whole images.
    `asked` holds the fields of a card that the store must have; None means any.
    Raises FileNotFoundError if there is no store, and ValueError if none fits or several do.
    """
    folder = label_folder(made)
    kind = "labels of views" if epochs else "labels of whole images"
    flag = f"--epochs {epochs}" if epochs else "--one-per-image"
    make = f"smallset label '{made.path}' --teacher SPEC {flag}"
    found = [store for store in stores(folder) if store.card.of_views == (epochs is not None)]
    if not found:
        raise FileNotFoundError(
            f"the set {made.name!r} has no stored {kind}: needed a store in '{folder}'. Make it "
            f"with: {make}"
        )
    chosen = [store for store in found if _is_asked(store, asked)]
    if not chosen:
        wanted = ", ".join(f"{name}={value}" for name, value in asked.items() if value is not None)
        raise ValueError(
            f"the set {made.name!r} has no stored {kind} with {wanted}, but only {_listed(found)}. "
            f"Ask for one of these, or make others with: {make}"
        )
    problems = [_problem(store, made, protocol, epochs) for store in chosen]
    fitting = [store for store, problem in zip(chosen, problems, strict=True) if problem is None]
    if not fitting:
        raise ValueError(
            f"the labels in '{chosen[0].folder}' {problems[0]} Make others with: {make}"
        )
    alike = {(s.card.teacher_sha256, s.card.format, s.card.view_seed) for s in fitting}
    if len(alike) > 1:
        raise ValueError(
            f"the set {made.name!r} has several stores of {kind}: {_listed(fitting)}. Say which by "
            "its teacher, format or view seed, such as stored(format=float16)."
        )
    return min(fitting, key=lambda store: store.card.epochs)


def _is_asked(store: LabelStore, asked: Mapping[str, object]) -> bool:
    return all(value in (None, getattr(store.card, name)) for name, value in asked.items())


def _problem(
    store: LabelStore, made: TrainingSet, protocol: StudentProtocol, epochs: int | None
) -> str | None:
    """Say why students cannot learn from a store, or return None if they can."""
    card, facts, form = store.card, made.facts, store.form
    if card.view != facts.view:
        return f"are for the view {card.view}, but the set {made.name!r} is seen as {facts.view}."
    if card.set_digest != made.digest:
        return (
            f"belong to another set: that of {card.set!r} with the digest {card.set_digest[:12]}, "
            f"and not {made.name!r} with {made.digest[:12]}."
        )
    if protocol.loss == "mse" and not form.every_class:
        return (
            f"have the format {card.format}, but the protocol {protocol.name!r} needs a logit of "
            "every class."
        )
    if form.only_at not in (None, protocol.temperature):
        return (
            f"hold the rest of their classes at temperature {form.only_at}, but the protocol "
            f"{protocol.name!r} has {protocol.temperature}."
        )
    if epochs is None:
        return None
    if card.mix_alpha != protocol.mix_alpha:
        return (
            f"are of views mixed with alpha {card.mix_alpha}, but the protocol {protocol.name!r} "
            f"mixes with {protocol.mix_alpha}."
        )
    if epochs > card.epochs:
        return (
            f"are of {card.epochs} epochs, but {epochs} are needed under the protocol "
            f"{protocol.name!r}. Take fewer, such as {protocol.name.partition('(')[0]}"
            f"(epochs={card.epochs}) or stored(prune=...)."
        )
    now = what_views_depend_on()
    other = [name for name, version in now.items() if card.made_with.get(name) != version]
    if other:
        return f"are of the views of another version of smallset ({', '.join(other)} differ)."
    return None


def _listed(found: list[LabelStore]) -> str:
    return "; ".join(f"{store.card.words} ('{store.folder.name}')" for store in found)
