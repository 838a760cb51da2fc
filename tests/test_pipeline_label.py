"""label(), and students that learn from what it wrote."""

import errno
import importlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from labels_toy import SPEC, bright_data, bright_teacher

import smallset
from smallset.data import Data
from smallset.labels import label_folder, labels_from, online
from smallset.labels.shards import LabelStore
from smallset.train import protocol
from smallset.train.device import Machine
from smallset.train.loop import fit
from smallset.train.protocol import SMALL_V1, StudentProtocol
from smallset.train.shown import InMemory, Shown
from smallset.train.steps import StudentSeeds
from smallset.train.views import view_from

LABEL = importlib.import_module("smallset.pipeline.label")
RELABEL = importlib.import_module("smallset.labels.relabel")
SHARDS = importlib.import_module("smallset.labels.shards")
IMAGES, EPOCHS = 6, 4
EXACT = "stored(format=float32)"
HERE = Machine("cpu", "float32", 1)
SHORT = replace(SMALL_V1, epochs=EPOCHS, batch=4)


@pytest.fixture(autouse=True)
def known(monkeypatch) -> list[str]:
    """Teachers that know brightness by any name, a note of each load, and short trainings."""
    loads: list[str] = []

    def load(spec: str, *, classes: tuple[str, ...], size: int) -> object:
        loads.append(spec)
        return bright_teacher(len(classes), spec=spec)

    for module in (LABEL, online):
        monkeypatch.setattr(module, "load_teacher", load)
        monkeypatch.setattr(module, "check_teacher_files", lambda _: None)
    monkeypatch.setitem(protocol.PROTOCOLS, SHORT.name, SHORT)
    monkeypatch.setattr(protocol, "SMALL_V1", SHORT)
    return loads


@pytest.fixture
def data() -> Data:
    return bright_data()


@pytest.fixture
def made(data, tmp_path) -> smallset.CompressedDataset:
    return smallset.compress(data, tmp_path / "set", method="random", ipc=2, work=tmp_path / "work")


@pytest.fixture
def label(made, tmp_path) -> Callable[..., LabelStore]:
    def make(made: smallset.CompressedDataset = made, **options: object) -> LabelStore:
        known = {"teacher": SPEC, "epochs": EPOCHS, "work": tmp_path / "work"}
        return smallset.label(made, **known | {"precision": "float32"} | options)

    return make


@pytest.fixture
def evaluate(made, data, tmp_path) -> Callable[..., smallset.Result]:
    def run(**options: object) -> smallset.Result:
        known = {"student": "resnet8", "seeds": 1, "precision": "float32"}
        [found] = smallset.evaluate(made, data, work=tmp_path / "work", **known | options)
        return found

    return run


def trained(made: smallset.CompressedDataset, labels: str, rules: StudentProtocol) -> torch.Tensor:
    """The weights of a linear student after a training."""
    opened = labels_from(labels).open(made, rules)
    pixels = InMemory(torch.from_numpy(made.images(workers=1)).permute(0, 3, 1, 2).contiguous())
    torch.manual_seed(0)
    student = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8**2, 3))
    view = view_from(made.facts.view)
    fit(
        student, Shown(pixels, made.tile_box, view, opened.mixed, opened.pool), made.labels,
        protocol=rules, seeds=StudentSeeds.of(5, 0), machine=HERE, soft=opened.soft(HERE),
    )  # fmt: skip
    return torch.cat([p.detach().flatten() for p in student.parameters()])


@pytest.mark.parametrize("batch", [4, 5, 6])
@pytest.mark.parametrize("loss", ["kl", "mse"])
def test_stored_labels_train_as_online_labels_on_the_same_views(made, label, batch, loss):
    label(format="float32")
    rules = replace(SHORT, batch=batch, loss=loss, hard_weight=0.1)
    taught = f"online(teacher={SPEC})"
    assert torch.equal(trained(made, EXACT, rules), trained(made, taught, rules))


def test_labels_of_which_none_is_pruned_or_left_out_train_as_whole_ones(made, label):
    label(format="float32")
    label(format="top(k=3)")  # of three classes, in float16
    none = trained(made, "stored(format=float32, prune=0.0)", SHORT)
    assert torch.equal(none, trained(made, f"online(teacher={SPEC})", SHORT))
    every = trained(made, "stored(format=top(k=3))", SHORT)
    torch.testing.assert_close(every, none, rtol=0, atol=1e-3)
    assert not torch.equal(trained(made, "stored(format=float32, prune=0.5)", SHORT), none)


def test_a_result_of_stored_labels_is_that_of_online_labels_but_for_its_bytes(label, evaluate):
    store = label(format="float32")
    stored, taught = evaluate(labels=EXACT), evaluate(labels="online", teacher=SPEC)
    same = ("top1", "top5", "per_class", "loss", "steps", "teacher", "teacher_sha256")
    for name in same:
        assert getattr(stored, name) == getattr(taught, name)
    assert stored.fingerprint != taught.fingerprint
    assert (stored.view_seed, taught.view_seed) == (0, None)
    on_disk = sum(file.stat().st_size for file in store.folder.iterdir())
    assert stored.cost == replace(taught.cost, labels=on_disk, teacher=0)
    assert (taught.cost.labels, taught.cost.teacher) == (0, 1234)
    assert stored.labels == (f"stored(teacher={SPEC}, format=float32, prune=0.0, view_seed=0)")
    assert evaluate(labels=stored.labels).fingerprint == stored.fingerprint


def test_pruning_nothing_is_stored_labels_and_pruning_uses_fewer_bytes(made, label, evaluate):
    store = label()
    whole, nothing = evaluate(labels="stored"), evaluate(labels="stored(prune=0.0)")
    assert whole.fingerprint == nothing.fingerprint
    half = evaluate(labels="stored(prune=0.5)")
    assert half.cost.labels == whole.cost.labels - 2 * IMAGES * store.row_bytes
    assert half.fingerprint != whole.fingerprint
    assert half.steps == whole.steps
    other = label(epochs=2)  # what half of the labels are when they are shipped
    assert sum(f.stat().st_size for f in other.folder.iterdir()) == half.cost.labels
    again = evaluate(labels="stored(prune=0.5)")
    assert (again.loss, again.cost) == (half.loss, half.cost)


def test_labels_of_whole_images_are_learned_by_every_view(made, label, evaluate):
    store = label(one_per_image=True, epochs=None, format="float16")
    assert (store.card.epochs, store.card.views, store.card.view_seed) == (1, IMAGES, None)
    pixels = torch.from_numpy(made.images(workers=1)).permute(0, 3, 1, 2) / 255
    wanted = bright_teacher().network(pixels).detach().numpy()
    np.testing.assert_allclose(store.logits(np.arange(IMAGES)), wanted, rtol=1e-3)
    result = evaluate(labels="one-per-image")
    assert result.cost.labels == sum(f.stat().st_size for f in store.folder.iterdir())
    assert result.view_seed is None
    assert result.labels == f"one-per-image(teacher={SPEC}, format=float16)"


def test_each_view_of_a_tile_gets_its_label(data, label, tmp_path):
    method = "prune(select=random, mosaic=grid(factor=2), view=each-patch)"
    tiles = smallset.compress(data, tmp_path / "tiles", method=method, ipc=1, work=tmp_path)
    card = label(tiles, format="float32").card
    assert (card.of_each, card.views) == (4, 12)
    rules = replace(SHORT, batch=5)
    taught = trained(tiles, f"online(teacher={SPEC})", rules)
    assert torch.equal(trained(tiles, EXACT, rules), taught)


@pytest.fixture
def small_shards(monkeypatch) -> None:
    """Shards of five rows, which end in the middle of an epoch."""
    monkeypatch.setattr(SHARDS, "SHARD_ROWS", 5)


def rows(store: LabelStore) -> np.ndarray:
    return store.logits(np.arange(EPOCHS * IMAGES))


@pytest.mark.usefixtures("small_shards")
def test_a_stopped_run_goes_on_at_its_shard_and_a_damaged_shard_is_made_again(made, label, known):
    store = label()
    assert [len(shard) for shard in store.shards] == [5, 5, 5, 5, 4]
    before, files = rows(store), [store.file(shard) for shard in store.shards]
    content = [file.read_bytes() for file in files]
    kept = files[0].stat().st_mtime_ns
    files[1].unlink()
    files[2].write_bytes(content[2][:-9])
    files[3].write_bytes(b"x" + content[3][1:])
    said = r"are not whole: 3 of 5 shards are missing or damaged, the first is '00001.rows'"
    with pytest.raises(ValueError, match=said):
        labels_from("stored").open(made, SHORT)
    shards = []
    label(progress=lambda stage, done, total: shards.append((stage, done, total)))
    assert shards[-1] == ("label", 15, 15)
    assert [file.read_bytes() for file in files] == content
    assert files[0].stat().st_mtime_ns == kept
    np.testing.assert_array_equal(rows(label()), before)


def test_a_file_in_the_place_of_a_store_says_what_to_do(label):
    folder = label().folder
    shutil.rmtree(folder)
    folder.write_text("mine")
    with pytest.raises(OSError, match=r"cannot be written: File exists\. .* Mend this, and run"):
        label()
    assert folder.read_text() == "mine"


@pytest.mark.usefixtures("small_shards")
def test_a_full_disk_keeps_the_finished_shards(label, monkeypatch):
    write, written = SHARDS.write_whole, []

    def full(path: Path, content: bytes) -> None:
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path.name)
        write(path, content)

    monkeypatch.setattr(SHARDS, "write_whole", full)
    said = (
        r"set.labels/.*' cannot be written: the disk is full\. The finished shards are kept\. "
        r"Free some space, and run the same command again to go on\."
    )
    with pytest.raises(OSError, match=said):
        label()
    assert written == ["labels.json", "00000.rows", "00001.rows"]
    monkeypatch.setattr(SHARDS, "write_whole", write)
    totals = []
    store = label(progress=lambda stage, done, total: totals.append(total))
    assert {*totals} == {EPOCHS * IMAGES - 10}
    store.check()


@pytest.mark.parametrize("form", ["float32", "top(k=2)"])
def test_labels_do_not_depend_on_how_many_views_are_kept(label, monkeypatch, form):
    store = label(format=form)
    found = [store.file(shard).read_bytes() for shard in store.shards]
    monkeypatch.setattr(RELABEL, "_KEPT_BYTES", 0)
    store.file(store.shards[0]).unlink()
    assert [label(format=form).file(shard).read_bytes() for shard in store.shards] == found


@pytest.mark.usefixtures("small_shards")
def test_labels_do_not_depend_on_shards(label, made, monkeypatch):
    found = rows(label())
    monkeypatch.setattr(SHARDS, "SHARD_ROWS", 1 << 14)
    for store in SHARDS.stores(label_folder(made)):
        for file in store.folder.iterdir():
            file.unlink()
    np.testing.assert_array_equal(rows(label()), found)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "float8"}, "there is no format 'float8'. Did you mean 'float32'?"),
        ({"format": "top(k=4)"}, "top's k=4 is more than the 3 classes. Give k=3 or less."),
        ({"epochs": 0}, "epochs=0"),
        ({"view_seed": -1}, "view_seed=-1"),
        ({"one_per_image": True}, "labels of whole images have neither epochs nor a seed of views"),
        ({"one_per_image": True, "epochs": 1, "view_seed": 4}, "and view_seed=4 were given"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(label, made, options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        label(**options)
    assert not label_folder(made).exists()


def test_labels_stay_within_a_budget_in_bytes(data, label, tmp_path):
    given = {"method": "random", "budget": "bytes=100kB", "work": tmp_path / "work"}
    made = smallset.compress(data, tmp_path / "small", **given)
    with pytest.raises(
        ValueError, match=r"the set's budget is bytes=100kB, of which its images take"
    ):
        label(made, epochs=300, format="float32")
    assert not label_folder(made).exists()
    store = label(made, epochs=1)
    assert made.manifest.image_bytes + store.bytes(1) <= 100_000
    label(made, epochs=100, format="float32")
    with pytest.raises(ValueError, match="but its labels would take"):
        label(made, epochs=200, format="float32")  # with those that are there


def test_labels_that_another_error_stops_say_to_mend_it(made, label):
    label_folder(made).write_text("in the way")
    with pytest.raises(OSError, match=r"finished shards are kept\. Mend this, and run the same"):
        label()


def test_a_set_without_a_manifest_is_refused(tmp_path):
    (tmp_path / "other" / "ape").mkdir(parents=True)
    with pytest.raises(
        ValueError, match=r"other' has no manifest, so nothing is known of its bytes and views"
    ):
        smallset.label(tmp_path / "other", teacher=SPEC, work=tmp_path / "work")


def refused(made: smallset.CompressedDataset, labels: str, said: str, **rules: object) -> None:
    """Check that labels of a set do not open under a protocol with these changes."""
    with pytest.raises((ValueError, OSError), match=re.escape(said)) as caught:
        labels_from(labels).open(made, replace(SHORT, **rules))
    assert "\n" not in str(caught.value)


def test_a_set_without_labels_says_how_to_make_them(made, label):
    said = f"the set {made.name!r} has no stored labels of views: needed a store in"
    refused(made, "stored", said)
    refused(made, "stored", f"smallset label '{made.path}' --teacher SPEC --epochs 4")
    label()
    refused(made, "one-per-image", f"smallset label '{made.path}' --teacher SPEC --one-per-image")


def test_labels_of_another_set_or_view_are_refused(made, data, label, tmp_path):
    label()
    other = smallset.compress(
        data, tmp_path / "other", method="random", ipc=2, seed=1, work=tmp_path
    )
    label_folder(made).rename(label_folder(other))
    refused(other, "stored", "belong to another set: that of 'set' with the digest")
    patch = "prune(select=random, view=patch)"
    other = smallset.compress(data, tmp_path / "patch", method=patch, ipc=2, work=tmp_path)
    (tmp_path / "other.labels").rename(label_folder(other))
    refused(other, "stored", "are for the view canvas(scale=(0.08, 1.0)")


def test_other_rules_than_those_of_the_labels_are_refused(made, label):
    label(format="top(k=2)")
    top = "stored(format=top(k=2))"
    refused(made, top, "mixes each batch as a whole, but stored labels are of", mix="batch")
    refused(made, top, "views mixed with alpha 1.0, but the protocol", mix_alpha=0.5)
    refused(made, top, "are of 4 epochs, but 9 are needed under the protocol", epochs=9)
    refused(made, top, "rest of their classes at temperature 20.0, but", temperature=4.0)
    refused(made, top, "but the protocol 'small-v1' needs a logit of every", loss="mse")
    refused(
        made, "stored(format=top(k=2), view_seed=3)", "temperature=20.0), view_seed=3, but only"
    )
    refused(
        made, "stored(format=int8)", "labels of views with format=int8, view_seed=0, but only top("
    )
    refused(made, "stored(other.pt, top(k=2))", "view_seed=0, teacher=other.pt, but only top(")


def test_labels_of_views_of_another_version_are_refused(made, label, monkeypatch):
    store = label()
    card = json.loads((store.folder / "labels.json").read_text())
    card["made_with"]["views"] = "views-0"
    (store.folder / "labels.json").write_text(json.dumps(card))
    refused(made, "stored", "are of the views of another version of smallset (views differ)")
    (store.folder / "labels.json").write_text("{}")
    refused(made, "stored", "labels.json' has no field 'set', which must be a text")


def test_of_several_stores_the_smallest_that_does_is_taken(made, label):
    label(), label(epochs=9), label(format="int8"), label(view_seed=3)

    def epochs(labels: str, rules: StudentProtocol = SHORT) -> int:
        return labels_from(labels).open(made, rules).store.card.epochs

    assert epochs("stored") == epochs("stored(format=int8)") == epochs("stored(view_seed=3)") == 4
    assert epochs("stored", replace(SHORT, epochs=5)) == 9


def test_half_of_a_store_does_not_hide_a_whole_one(made, label, evaluate):
    half, whole = label(), label(device="cpu", view_seed=0, epochs=EPOCHS + 1)
    half.file(half.shards[0]).unlink()
    assert (half.lacking, whole.lacking) == (1, 0)
    assert evaluate(labels="stored").cost.labels == whole.bytes(EPOCHS)
    assert "not whole" in smallset.size(made).here[1].name
    whole.file(whole.shards[0]).unlink()
    with pytest.raises(ValueError, match="are not whole: 1 of 1 shards"):
        evaluate(labels="stored")


def test_the_error_of_another_view_seed_says_how_to_make_its_labels(made, label):
    label()
    refused(made, f"stored(teacher='{SPEC}', view_seed=3)", f"--teacher '{SPEC}' --epochs")
    refused(made, "stored(view_seed=3)", "--view-seed 3")


def test_of_several_teachers_one_must_be_named(made, label, monkeypatch):
    label()
    other = bright_teacher(spec="other.pt", sha256="b" * 64)
    monkeypatch.setattr(LABEL, "load_teacher", lambda spec, **_: other)
    label(teacher="other.pt")
    refused(made, "stored", "has labels of views of several teachers: ")
    assert labels_from("stored(other.pt)").open(made, SHORT).teacher_sha256 == "b" * 64


def test_a_share_of_pruned_labels_is_below_one():
    for prune in ("1.0", "-0.1"):
        with pytest.raises(ValueError, match=f"stored's prune={prune} is not a share of the lab"):
            labels_from(f"stored(prune={prune})")
