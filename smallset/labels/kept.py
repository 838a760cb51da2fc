"""Labels from a store: which store of a set a regime asks for, and how the loop reads it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smallset.labels.regime import OpenLabels, Regime, ToStore, label_folder
from smallset.labels.shards import LabelStore, stores
from smallset.lazy import Tensor, torch
from smallset.models import Teacher, load_teacher
from smallset.shapes import Float32, Int64
from smallset.store import TrainingSet
from smallset.train.device import Machine
from smallset.train.mix import MIX_VERSION
from smallset.train.protocol import StudentProtocol
from smallset.train.run import component_versions


@dataclass(frozen=True, kw_only=True)
class KeptLabels(OpenLabels):
    """Labels from a store. The object itself is the `SoftLabels` of the training loop."""

    store: LabelStore

    @classmethod
    def of(
        cls,
        regime: Regime,
        made: TrainingSet,
        protocol: StudentProtocol,
        asked: ToStore,
        pool: int | None = None,
    ) -> "KeptLabels":
        """Find the store of the labels that a regime asks for, and check it.

        Raises FileNotFoundError if there is no store. Raises ValueError if no store fits, if stores
        of several teachers fit, or if a shard is missing or damaged.
        """
        store = find(made, protocol, asked, regime.teacher_spec)
        card = store.card
        facts: dict[str, object] = {"store": store.check()}
        return cls(
            regime=regime.taught_by(card.teacher),
            facts=facts | ({"pool": pool} if card.of_views else {}),
            label_bytes=store.bytes(asked.epochs),
            teacher=card.teacher,
            teacher_sha256=card.teacher_sha256,
            view_seed=card.view_seed,
            mixed=card.of_views,
            pool=pool,
            store=store,
        )

    def teacher_top1(self, measured: Callable[[Teacher], float]) -> float | None:
        """Measure the teacher, or return None if its network is no longer there or has changed."""
        card = self.store.card
        try:
            loaded = load_teacher(card.teacher, classes=card.classes, size=card.size)
        except (ValueError, OSError):
            return None
        return measured(loaded) if loaded.sha256 == card.teacher_sha256 else None

    def soft(self, machine: Machine) -> "KeptLabels":
        """Return this object."""
        return self

    def __call__(
        self,
        pixels: Float32[Tensor, "b 3 t t"],
        indices: Int64[np.ndarray, " b"],
        epoch: int,
    ) -> Float32[Tensor, "b c"]:
        """Read the logits of the views `indices` of an epoch, or of their images."""
        card = self.store.card
        rows = epoch * card.views + indices if card.of_views else indices // card.of_each
        return torch.from_numpy(self.store.logits(rows)).to(pixels.device)


def what_views_depend_on() -> dict[str, str]:
    """Return the versions of the code that decides which pixels a view shows."""
    versions = component_versions()
    return {name: versions[name] for name in ("decode", "views", "render")} | {"mix": MIX_VERSION}


def find(
    made: TrainingSet, protocol: StudentProtocol, asked: ToStore, teacher: str | None
) -> LabelStore:
    """Find the store of a set that holds the labels `asked`. Any teacher fits if `teacher` is None.

    If several stores fit, a complete one comes first, then the one with the fewest epochs. Raises
    FileNotFoundError if there is no store of the kind asked, views or whole images. Raises
    ValueError if no store fits, or if the stores that fit are of several teachers.
    """
    folder = label_folder(made)
    of_views = not asked.one_per_image
    kind = "labels of views" if of_views else "labels of whole images"
    flag = f"--epochs {asked.epochs}" if of_views else "--one-per-image"
    by = f"'{teacher}'" if teacher else "SPEC"
    make = f"smallset label '{made.path}' --teacher {by} {flag} --format '{asked.format}'"
    if asked.view_seed:
        make += f" --view-seed {asked.view_seed}"
    found = [store for store in stores(folder) if store.card.of_views == of_views]
    if not found:
        raise FileNotFoundError(
            f"the set {made.name!r} has no stored {kind}: needed a store in '{folder}'. Make it "
            f"with: {make}"
        )
    wanted: dict[str, object] = {"format": asked.format}
    if of_views:
        wanted["view_seed"] = asked.view_seed
    if teacher is not None:
        wanted["teacher"] = teacher
    chosen = [s for s in found if all(getattr(s.card, k) == v for k, v in wanted.items())]
    if not chosen:
        said = ", ".join(f"{name}={value}" for name, value in wanted.items())
        raise ValueError(
            f"the set {made.name!r} has no stored {kind} with {said}, but only {_listed(found)}. "
            f"Ask for one of these, or make others with: {make}"
        )
    problems = [_problem(store, made, protocol, asked) for store in chosen]
    fitting = [store for store, problem in zip(chosen, problems, strict=True) if problem is None]
    if not fitting:
        raise ValueError(
            f"the labels in '{chosen[0].folder}' {problems[0]} Make others with: {make}"
        )
    if len({store.card.teacher_sha256 for store in fitting}) > 1:
        raise ValueError(
            f"the set {made.name!r} has {kind} of several teachers: {_listed(fitting)}. Say which "
            "with teacher=SPEC."
        )
    # A half-made store, such as one of another precision, must not hide a complete one.
    return min(fitting, key=lambda store: (store.lacking > 0, store.card.epochs))


def _problem(
    store: LabelStore, made: TrainingSet, protocol: StudentProtocol, asked: ToStore
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
    if asked.one_per_image:
        return None
    if card.mix_alpha != protocol.mix_alpha:
        return (
            f"are of views mixed with alpha {card.mix_alpha}, but the protocol {protocol.name!r} "
            f"mixes with {protocol.mix_alpha}."
        )
    if asked.epochs > card.epochs:
        return (
            f"are of {card.epochs} epochs, but {asked.epochs} are needed under the protocol "
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
