"""Syntheses as methods: sets on disk, resumed, on workers, and what a manifest says."""

import sys
from pathlib import Path

import pytest
from cli_toy import in_memory
from PIL import Image
from scores_toy import weights

import smallset
from smallset.methods import METHODS, method_from
from smallset.parallel import Here
from smallset.store.past import PAST
from smallset.synthesis import SYNTHESES


@pytest.fixture
def data(tmp_path, monkeypatch) -> smallset.data.Data:
    monkeypatch.chdir(tmp_path)
    weights(Path("w.pt"), classes=3)
    return in_memory()


GIVEN = "resnet8(weights=w.pt, classes=same)"


def test_every_synthesis_is_a_method():
    assert set(SYNTHESES) < set(METHODS)


def test_a_set_is_written_like_any_other(data):
    method = f"sre2l(observer={GIVEN}, iterations=2)"
    made = smallset.compress(data, "set", method=method, ipc=2, seed=5, work=Path("w"))
    assert smallset.verify(made.path).files == 6
    assert made.manifest.counts == (2, 2, 2)
    assert made.manifest.seeds == smallset.store.Seeds(set=5, observer=0)
    assert made.manifest.precision != "none"
    assert "observer_sha256" in made.manifest.made_with
    assert made.manifest.method == method
    assert method_from(made.manifest.spec) == method_from(method)
    assert not list(Path("w/parts").iterdir())


def test_a_fact_of_the_second_observer_has_its_number(data):
    method = f"g-vbsm(pool=(observer(model=resnet8, epochs=1), {GIVEN}), iterations=0)"
    made = smallset.compress(data, "set", method=method, ipc=1, work=Path("w"), precision="float32")
    about = made.manifest.made_with
    assert "observer_sha256" not in about
    assert about["observer_sha256_2"]


@pytest.mark.parametrize("name", SYNTHESES)
def test_every_published_setting_can_be_asked_for(name):
    for setting in getattr(SYNTHESES[name], "settings", ()):
        assert method_from(f"{name}(setting={setting})").synthesis.setting == setting


def test_a_worker_gives_the_same_bytes(data):
    method = f"dwa(observer={GIVEN}, iterations=2)"
    here = smallset.compress(data, "here", method=method, ipc=2, work=Path("w"))
    there = smallset.compress(data, "there", method=method, ipc=2, work=Path("w"), spread=Here(1))
    assert here.manifest.digest == there.manifest.digest
    assert Path("here", PAST).read_bytes() == Path("there", PAST).read_bytes()


def test_a_set_shows_how_its_first_images_came_about(data):
    sizes = {}
    for iterations in (0, 1, 11):
        method = f"sre2l(observer={GIVEN}, iterations={iterations})"
        made = smallset.compress(data, f"{iterations}", method=method, ipc=2, work=Path("w"))
        if (made.path / PAST).exists():
            sizes[iterations] = Image.open(made.path / PAST).size
    assert smallset.verify(made.path).files == 6  # the picture is none of them
    side = 68  # an image and the gap
    # Three classes; iteration 0 and the last, then 10 too.
    assert sizes == {1: (44 + 3 * side, 2 * side - 4), 11: (44 + 3 * side, 3 * side - 4)}
    smallset.compress(data, "noise", method="noise", ipc=2, work=Path("w"))
    assert not Path("noise", PAST).exists()


def test_a_killed_set_loses_one_batch_at_most(data, monkeypatch):
    from smallset.synthesis import recovered

    method, done = f"sre2l(observer={GIVEN}, iterations=2)", []

    def stops(batch, *rest, **options):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(batch)
        return whole(batch, *rest, **options)

    whole = recovered.recover
    monkeypatch.setattr(recovered, "recover", stops)
    with pytest.raises(KeyboardInterrupt):
        smallset.compress(data, "set", method=method, ipc=3, work=Path("w"))
    assert not Path("set").exists()
    again = []
    monkeypatch.setattr(recovered, "recover", lambda *a, **k: (again.append(a), whole(*a, **k))[1])
    made = smallset.compress(data, "set", method=method, ipc=3, work=Path("w"))
    assert len(again) == 2
    fresh = smallset.compress(data, "fresh", method=method, ipc=3, work=Path("other"))
    assert made.manifest.plan_sha256 == fresh.manifest.plan_sha256
    assert (made.path / PAST).read_bytes() == (fresh.path / PAST).read_bytes()


def test_an_ipc_that_cannot_be_is_refused_before_anything_is_trained(data):
    with pytest.raises(ValueError, match="dwa starts each image from another real image"):
        smallset.compress(data, "set", method="dwa", ipc=11, work=Path("w"))
    assert not Path("w/observers").exists()


@pytest.mark.parametrize("method", ["rded", "dwa", "noise"])
def test_short_classes_cannot_be_kept(data, method):
    with pytest.raises(ValueError, match=r"keep' .* draws its own images, .* Leave it out"):
        smallset.compress(data, "set", method=method, ipc=11, short_classes="keep", work=Path("w"))


@pytest.mark.parametrize(
    "method",
    ["edc(pool=imagenet-edc)", "g-vbsm(pool=cifar)",
     "rded(observer=observer(model=torchvision:resnet18))"],
)  # fmt: skip
def test_a_missing_library_is_named_before_the_data_is_opened(method, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(ValueError, match=r"needs torchvision, .* pip install 'smallset\[torchv"):
        smallset.compress("no such data", "set", method=method)


def test_an_observer_is_trained_and_asked_at_its_last_epoch(data):
    made = smallset.compress(
        data, "set", method="cda(observer=observer(model=resnet8, epochs=2), iterations=1)",
        ipc=1, work=Path("w"), precision="float32",
    )  # fmt: skip
    networks = sorted(Path("w/observers").glob("*/network-*.pt"))
    assert [file.name for file in networks] == ["network-00001.pt", "network-00002.pt"]
    assert made.manifest.made_with["observer"].startswith("observer(model=resnet8, epochs=2")
