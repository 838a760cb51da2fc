"""Sets and tables whose scores come without training: of a network that is given, or a file."""

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from cli_toy import in_memory

import smallset
from smallset.data import Data
from smallset.fingerprint import file_sha256
from smallset.methods import Pruned, method_from
from smallset.models import build_model, load_teacher
from smallset.observers import Observer, Pretrained
from smallset.observers import observed as observers
from smallset.scores import File
from smallset.scores.table import read_scores
from smallset.selection import Pool
from smallset.store import read_manifest

NETWORK = "resnet8(weights=w.pt, classes=same)"
SHORT = "observer(model=resnet8, epochs=1)"


@pytest.fixture(autouse=True)
def here(quick) -> None:
    """A folder of our own, in which the weights of a network lie."""
    net = build_model("resnet8", classes=3, size=8, seed=0).net
    torch.save(net.state_dict(), "w.pt")


@pytest.fixture
def data() -> Data:
    return in_memory()


@pytest.fixture
def untrained(monkeypatch) -> None:
    monkeypatch.setattr(observers, "train_kept", None)


@pytest.mark.usefixtures("untrained")
def test_a_set_is_chosen_through_a_network_that_is_given(data):
    made = smallset.compress(data, "set", method=f"el2n(observer={NETWORK})", ipc=2)
    scored = smallset.score(data, "s.parquet", scores=[f"el2n(observer={NETWORK})"])
    (values,) = (scores.values for scores in scored.values())
    for label, chosen in enumerate(made.plan.source.reshape(3, 2)):
        of_class = np.arange(label, 30, 3)
        assert chosen.tolist() == of_class[np.argsort(values[of_class])][:2].tolist()
    manifest = read_manifest(Path("set"))
    given = load_teacher(NETWORK, classes=("ape", "bee", "cow"), size=8)
    assert manifest.seeds.observer == 0
    assert manifest.made_with["observer"] == NETWORK
    assert manifest.made_with["observer_sha256"] == given.sha256
    assert method_from(manifest.spec).looks_through == Pretrained(NETWORK)
    facts = read_scores(Path("s.parquet"))[f"el2n(observer={NETWORK})"].made_by
    assert Path(f"cache/observers/{facts['runs'][:24]}").is_dir()


GEOMETRY = ["herding(observer=N)", "k-center(observer=N)", "moderate(observer=N)"]
SCORED = ["d2(score=el2n(observer=N), k=3)", "ccs(score=el2n(observer=N), strata=3)",
          "el2n(observer=N, select=middle)"]  # fmt: skip


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("text", GEOMETRY + SCORED)
def test_a_selector_reads_the_scores_and_features_of_its_observer(text, data):
    text = text.replace("N", NETWORK)
    listed = smallset.select(data, "list", method=text, ipc=4, seed=5)
    network = load_teacher(NETWORK, classes=("ape", "bee", "cow"), size=8).network.eval()
    features: list[torch.Tensor] = []
    network.net.head.register_forward_pre_hook(lambda _, given: features.append(given[0]))
    pixels = np.stack([data.train.pixels(i) for i in range(30)])
    with torch.no_grad():
        network(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    (scores,) = smallset.score(data, "s.parquet", scores=[f"el2n(observer={NETWORK})"]).values()
    pool = Pool(data.train.labels, 3, scores.values, lambda: features[0].numpy())
    wanted = method_from(text).select(pool, np.full(3, 4), seed=5).indices
    assert listed.index.tolist() == wanted.tolist()


def test_a_network_whose_outputs_are_not_finite_is_refused(data):
    net = build_model("resnet8", classes=3, size=8, seed=0).net
    with torch.no_grad():
        net.head.weight[1, 0] = torch.nan
    torch.save(net.state_dict(), "w.pt")
    said = (
        f"the observer '{NETWORK}' gives numbers that are not finite, for instance of "
        f"{data.train.id(0)!r}. Needed finite ones of every image. Take another network, or "
        "--precision float32."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        smallset.score(
            data, "s.parquet", scores=[f"el2n(observer={NETWORK})"], precision="bfloat16"
        )
    assert not Path("s.parquet").exists()
    assert not [*Path("cache/observers").rglob("moment-*")]


@pytest.mark.parametrize("method", ["el2n(1, observer=O)", "herding(observer=O)"])
def test_a_disk_that_is_full_while_an_observer_trains_is_named(method, data, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(observers, "_train", full)
    with pytest.raises(OSError, match=r"The work folder '.*cache' cannot take more: the disk is"):
        smallset.compress(data, "set", method=method.replace("O", SHORT), ipc=1)
    assert not Path("set").exists()


@pytest.mark.parametrize("method", ["file(s.npy)", "pca(score=file(s.npy))"])
def test_scores_made_elsewhere_need_no_pixels_and_no_network(data, method):
    values = np.random.default_rng(1).permutation(30).astype(float)
    np.save("s.npy", values)
    made = smallset.compress(data, "set", method=method, ipc=1)
    for label, chosen in enumerate(made.plan.source):
        of_class = np.arange(label, 30, 3)
        best = of_class[np.argsort(values[of_class])]
        assert chosen.tolist() == best[: len(chosen)].tolist()
    manifest = read_manifest(Path("set"))
    assert manifest.seeds.observer is None
    assert manifest.made_with == {"scores_sha256": file_sha256(Path("s.npy"))}
    assert (manifest.precision, manifest.device) == ("none", "none")
    assert method_from(manifest.spec).score == File("s.npy")
    assert not Path("cache/pixels").exists()
    assert not Path("cache/observers").exists()


def test_a_table_of_score_is_a_file_of_scores(data):
    spec = f"el2n(epochs=1, observer={SHORT})"
    smallset.score(data, "s.parquet", scores=[spec])
    one = smallset.compress(data, "one", method=spec, ipc=3)
    other = smallset.compress(data, "other", method=f"file(s.parquet, '{spec}')", ipc=3)
    assert np.array_equal(one.plan.source, other.plan.source)
    again = smallset.score(data, "t.parquet", scores=[f"file(s.parquet, '{spec}')"])
    (made,) = again.values()
    assert made.made_by["scores_sha256"] == file_sha256(Path("s.parquet"))
    assert "observer" not in made.made_by
    assert (
        made.made_by["records"] == other.manifest.made_with["records"] == observers.RECORDS_VERSION
    )


def test_a_file_that_does_not_fit_leaves_no_set(data):
    pq.write_table(pa.table({"index": np.arange(29), "aum": np.zeros(29)}), "s.parquet")
    with pytest.raises(ValueError, match="no score for 1 of the 30 training images of 'toy'"):
        smallset.compress(data, "set", method="file(s.parquet)", ipc=1)
    with pytest.raises(FileNotFoundError, match=r"there is no file of scores 'no\.parquet'"):
        smallset.compress(data, "set", method="file(no.parquet)", ipc=1)
    assert not Path("set").exists()


@pytest.mark.usefixtures("untrained")
def test_a_file_that_does_not_fit_is_refused_before_a_selectors_network_is_trained(data):
    np.save("s.npy", np.zeros(29))
    with pytest.raises(ValueError, match=r"'s\.npy' has 29 rows, but 'toy' has 30"):
        smallset.compress(data, "set", method="d2(score=file(s.npy))", ipc=1)
    with pytest.raises(ValueError, match=r"'s\.npy' has 29 rows, but 'toy' has 30"):
        smallset.score(data, "t.parquet", scores=["el2n", "file(s.npy)"])
    assert not Path("t.parquet").exists()


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("cad-prune", "8 snapshots an epoch were asked for, but an epoch of 30 images has 1 step"),
        ("aum(observer=observer(model=convnet-d4))", "ConvNet-D4 halves the image 4 times"),
        ("loss(observer=resnet8(weights=no.pt, classes=same))", "there is no weights file 'no.pt'"),
    ],
)
def test_every_scores_network_is_checked_before_the_first_is_trained(data, second, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        smallset.score(data, "t.parquet", scores=["el2n", second])
    assert not Path("t.parquet").exists()


@pytest.mark.usefixtures("untrained")
def test_a_score_says_before_any_training_that_it_is_impossible(data, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no gradient an image")

    monkeypatch.setattr("smallset.scores.grand.check_gradients", refuse)
    with pytest.raises(ValueError, match="no gradient an image"):
        smallset.score(data, "t.parquet", scores="el2n,grand(layers=all, epochs=1)")
    assert not Path("t.parquet").exists()


def test_columns_stand_in_the_order_asked_for(data):
    np.save("s.npy", np.zeros(30))
    asked = [f"el2n(observer={NETWORK})", "file(s.npy)"]
    assert list(smallset.score(data, "t.parquet", scores=asked)) == asked
    assert pq.read_schema("t.parquet").names == ["index", "label", *asked]


@pytest.mark.parametrize(
    ("out", "offered"), [("s.csv", "s.parquet"), ("s", "s.parquet"), (".", "scores.parquet")]
)
def test_a_table_of_another_kind_is_offered_a_name_that_can_be_made(data, out, offered):
    with pytest.raises(ValueError, match=f"Give for example '{offered}'"):
        smallset.score(data, out)


@pytest.mark.usefixtures("untrained")
def test_a_network_without_the_datas_classes_is_refused_before_decoding(data):
    Path("names.json").write_text(json.dumps(["ape", "bee", "elk"]))
    spec = "el2n(observer=resnet8(weights=w.pt, classes=names.json))"
    with pytest.raises(ValueError, match="has no class for 'cow' of the data's 3"):
        smallset.compress(data, "set", method=spec, ipc=1)
    assert not Path("set").exists()
    assert not Path("cache/pixels").exists()


def test_methods_know_what_they_look_through():
    given = Pretrained(NETWORK)
    assert Pruned(File("s.npy")).looks_through is None
    looking = method_from(f"el2n(observer={NETWORK})")
    assert looking.looks_through == given
    assert looking.through(Observer()).looks_through == Observer()
    with pytest.raises(ValueError, match=r"observer=resnet8.* was given, but select=easiest"):
        Pruned(File("s.npy"), observer=given)


def test_a_column_is_named_without_the_folders_of_files(data, tmp_path):
    (tmp_path / "deep/er").mkdir(parents=True)
    Path("w.pt").rename("deep/er/w.pt")
    typed = f"el2n(observer=resnet8(weights={tmp_path}/deep/er/w.pt, classes=same))"
    name = "el2n(observer=resnet8(weights=w.pt, classes=same))"
    (made,) = smallset.score(data, "deep/s.parquet", scores=[typed]).items()
    assert made[0] == name
    assert pq.read_schema("deep/s.parquet").names == ["index", "label", name]
    assert f"weights={tmp_path}/deep/er/w.pt" in made[1].made_by["spec"]
    again = smallset.score(data, "t.parquet", scores=[f"file(deep/s.parquet, '{name}')"])
    assert list(again) == [f"file(s.parquet, '{name}')"]
    np.testing.assert_array_equal(again[f"file(s.parquet, '{name}')"].values, made[1].values)


@pytest.mark.usefixtures("untrained")
def test_scores_that_would_share_the_name_of_a_column_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("smallset.exchange.set_data.open_data", None)
    specs = [f"loss(observer='{folder}/teacher')" for folder in "ab"]
    with pytest.raises(ValueError, match=re.escape(
        "two of the scores would name their column \"loss(observer='teacher')\", because column "
        "names leave out the folders of files. Needed different names. Rename one of the files, or "
        "run `score` twice."
    )):  # fmt: skip
        smallset.score("digits", "s.parquet", scores=specs)
