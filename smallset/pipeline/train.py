"""train_teacher(): train a network on the full data, as a teacher for soft labels."""

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from smallset.data import Data
from smallset.data.work import keeping
from smallset.desk import Desk, Options, desk_for
from smallset.exchange.set_data import AnyData, check_held_out, open_any
from smallset.files import whole_folder, write_file, writing
from smallset.fingerprint import file_sha256, fingerprint
from smallset.lazy import Tensor
from smallset.methods import spec_of
from smallset.models import Network, check_model, library_of, weights_sha256
from smallset.models.trained import CARD, FORMAT, WEIGHTS, Trained
from smallset.numbers import check_number
from smallset.pipeline.desk import check_place, side_of
from smallset.records import Fit
from smallset.seeds import derive
from smallset.spec import nearest
from smallset.train.device import hardware
from smallset.train.evaluation import accuracy
from smallset.train.processes import first_alone, first_before_others, is_first
from smallset.train.protocol import Protocol, check_epochs
from smallset.train.run import component_versions, save, train_kept, versions_behind
from smallset.train.shown import Shown
from smallset.train.views import Canvas

VERSION = "train-1"
TEACHER_V1 = Protocol(
    "teacher-v1",
    "SGD 0.1 nesterov, cosine, 30 epochs, batch 128, crops (area 0.25-1) and flips",
    batch=128, epochs=30, optimizer="sgd", rate=0.1, weight_decay=5e-4, momentum=(0.9, 0.0),
)  # fmt: skip
RECIPES: dict[str, Protocol] = {TEACHER_V1.name: TEACHER_V1}
# Wider crops than an observer's: a teacher labels crops, mixed images and enlarged patches.
VIEW = Canvas(scale=(0.25, 1.0))


def train_teacher(
    data: AnyData,
    out: str | Path,
    *,
    model: str,
    recipe: str = "teacher-v1",
    epochs: int | None = None,
    size: int | None = None,
    fit: Fit = "squash",
    seed: int = 0,
    **options: Unpack[Options],
) -> Trained:
    """Train a network on the full training split, and write it to the new folder `out`.

    The folder holds `weights.pt` (a state dict) and `teacher.json` (`Trained`). `load_teacher` and
    `--teacher` accept the folder. `epochs=None` uses the epochs of the recipe. A killed run goes on
    after its last whole epoch, which the work folder keeps until `out` is written.

    Raises ValueError or OSError if anything is wrong, and FloatingPointError if the loss diverges.
    Then there is no output.
    """
    out = Path(out)
    first_alone(lambda: check_place(out, data))
    check_model(model)
    if recipe not in RECIPES:
        raise ValueError(f"there is no recipe {recipe!r}. {nearest(recipe, RECIPES)}")
    chosen = RECIPES[recipe]
    if epochs is not None:
        chosen = replace(chosen, epochs=check_epochs("epochs", epochs))
    seed = check_number("seed", seed, least=0, unit="a seed")
    desk = desk_for(**options)
    with first_before_others():
        source = open_any(data, desk)
    check_held_out(source)
    job = _Job(source, model, chosen, side_of(source.train, size), fit, seed)
    state = desk.work / "teachers" / job.fingerprint(desk)[:24] / "state.pt"
    with keeping(desk.work):
        state.parent.mkdir(parents=True, exist_ok=True)
        with first_before_others():
            images = desk.decoded(source.train, job.size, view=fit)
        network = train_kept(
            Shown.whole(images, VIEW),
            source.train.labels,
            model=model,
            classes=len(source.train.classes),
            protocol=chosen,
            seed=derive(seed, "teacher"),
            machine=desk.machine,
            state=state,
            progress=desk.progress,
        )
    made = first_alone(lambda: _write(job, network, desk, out))
    if is_first():
        state.unlink(missing_ok=True)
        with suppress(OSError):  # not empty if another process makes the same run
            state.parent.rmdir()
    return made


@dataclass(frozen=True)
class _Job:
    """Everything that the weights depend on, except the machine."""

    data: Data
    model: str
    recipe: Protocol
    size: int
    fit: Fit
    seed: int

    def fingerprint(self, desk: Desk) -> str:
        """Return a hash of everything that the weights depend on."""
        facts: dict[str, object] = {
            "versions": {"train": VERSION, **component_versions(), **library_of(self.model)},
            "model": self.model,
            "weights": weights_sha256(self.model),
            "recipe": self.recipe.numbers(),
            "view": spec_of(VIEW),
            "source": f"{self.data.train.fingerprint} {self.data.train.split}",
            "size": self.size,
            "fit": self.fit,
            "seed": self.seed,
            "precision": desk.machine.precision,
            "device": desk.machine.kind,
            "threads": desk.machine.threads,
        }
        if desk.machine.processes > 1:
            facts["processes"] = desk.machine.processes
        return fingerprint(facts)


def _write(job: _Job, network: Network, desk: Desk, out: Path) -> Trained:
    """Test the network, write the weights and the card, and return the card."""
    data, here = job.data, desk.machine
    found = accuracy(
        network,
        desk.decoded(data.test, job.size, view="test"),
        data.test.labels,
        classes=len(data.train.classes),
        machine=here,
        progress=desk.progress,
    )
    weights = {key: value.cpu().contiguous() for key, value in network.net.state_dict().items()}
    with whole_folder(out) as partial, writing(out):
        save(partial / WEIGHTS, weights)
        made = Trained(
            format=FORMAT,
            model=job.model,
            classes=data.train.classes.names,
            size=job.size,
            mean=_colour(network.mean),
            std=_colour(network.std),
            fit=job.fit,
            recipe=job.recipe.numbers(),
            view=spec_of(VIEW),
            epochs=job.recipe.epochs,
            seed=job.seed,
            source={
                "given": data.name,
                "fingerprint": data.fingerprint,
                "images": len(data.train),
                "held_out": data.held_out,
            },
            top1=found.top1,
            per_class=tuple(None if math.isnan(v) else v for v in found.per_class.tolist()),
            weights_sha256=file_sha256(partial / WEIGHTS),
            weights_bytes=(partial / WEIGHTS).stat().st_size,
            precision=here.precision,
            device=here.kind,
            threads=here.threads,
            hardware=hardware(here.device, here.processes),
            versions=versions_behind(job.model),
        )
        write_file(partial / CARD, made.to_json().encode())
    return made


def _colour(values: Tensor) -> tuple[float, float, float]:
    # The shortest decimals that read back as the same float32: 0.485, not 0.48500001.
    red, green, blue = (float(str(v)) for v in values.flatten().cpu().numpy())
    return red, green, blue
