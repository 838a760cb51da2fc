"""RDED: which crops stand where, what its options do, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scores_toy import LABELS, toy, weights
from synthesis_toy import canvases, made, resnet8

import smallset
from smallset.methods import method_from, spec_of
from smallset.observers import Pretrained
from smallset.parallel import Here
from smallset.synthesis import crops, rded
from smallset.synthesis.rded import RDED


@pytest.fixture
def method(tmp_path) -> RDED:
    return RDED(resnet8(tmp_path), factor=2, area=(0.2, 0.8))


@pytest.fixture
def ranked(monkeypatch) -> None:
    """Let the loss of each image be its position, whatever the network says."""

    def losses(network, pool, *_):
        return np.repeat(pool.images[:, None], pool.boxes.shape[1], 1).astype(np.float64)

    monkeypatch.setattr(crops, "_losses", losses)


def test_rank_k_ipc_plus_j_is_cell_k_of_canvas_j(method, ranked, tmp_path):
    source = canvases(tmp_path, method, ipc=2).plan.source
    # The images of class 0 are 0, 4, 8, ...; rank r is image 4 r.
    assert source[:2].tolist() == [[0, 8, 16, 24], [4, 12, 20, 28]]
    assert source[2:4].tolist() == [[1, 9, 17, 25], [5, 13, 21, 29]]


def test_a_canvas_shows_the_crops_that_were_scored(method, tmp_path):
    seen = toy(tmp_path)
    begun = canvases(tmp_path, method, seen=seen)
    cut = crops._cut(seen.dataset, 4, (int(begun.plan.source[3, 1]), begun.plan.source_box[3, 1:2]))
    np.testing.assert_array_equal(begun.draw(range(3, 4))[0, :4, 4:], cut[0])
    assert begun.plan.label.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert (LABELS[begun.plan.source] == begun.plan.label[:, None]).all()
    assert len(np.unique(begun.plan.source)) == 32


@pytest.mark.parametrize(
    "change",
    [{"crops": 2}, {"factor": 1}, {"area": (0.5, 0.8)}, {"ratio": (0.5, 2.0)}, {"pool": 8}],
    ids=lambda change: next(iter(change)),
)
def test_each_option_acts(method, change, tmp_path):
    assert (made(tmp_path, method) != made(tmp_path, replace(method, **change))).any()


def test_the_observer_and_the_seed_act(method, tmp_path):
    other = replace(method, observer=resnet8(tmp_path, 1))
    assert (made(tmp_path, method) != made(tmp_path, other)).any()
    assert (made(tmp_path, method) != made(tmp_path, method, seed=1)).any()
    np.testing.assert_array_equal(made(tmp_path, method), made(tmp_path, method))


def test_whole_images_are_the_easiest_images(tmp_path):
    whole = RDED(resnet8(tmp_path), crops=1, area=(1, 1), factor=1)
    seen = toy(tmp_path)
    loss = seen.dynamics(whole.observer).at(1)["loss"]
    easiest = [own[np.argsort(loss[own])][:3] for own in (np.arange(c, 40, 4) for c in range(4))]
    plan = canvases(tmp_path, whole, ipc=3).plan
    assert plan.source[:, 0].tolist() == np.concatenate(easiest).tolist()
    assert (plan.source_box == [0, 0, 8, 8]).all()


def test_an_observer_that_sees_no_difference_leaves_random_crops(tmp_path):
    state = torch.load(weights(tmp_path / "flat.pt"), weights_only=True)
    torch.save({k: v * 0 for k, v in state.items()}, tmp_path / "flat.pt")
    flat = Pretrained(f"resnet8(weights={tmp_path / 'flat.pt'}, classes=same)")
    method, seen = RDED(flat, factor=1), toy(tmp_path)
    plan = canvases(tmp_path, method, ipc=3).plan
    pool = method._pool(seen, 2, 3, 0)
    assert plan.source[6:9, 0].tolist() == pool[:3].tolist()
    rule = crops.CropRule(5, (0.08, 1.0), (1.0, 1.0), 8, 8)
    first = crops._drawn(seen, 2, pool, rule, 0).boxes[:3, 0]
    assert plan.source_box[6:9, 0].tolist() == first.tolist()


def test_a_pool_that_is_too_small_grows(method, monkeypatch, tmp_path):
    monkeypatch.setattr(rded, "_POOL", 3)
    assert len(method._pool(toy(tmp_path), 0, 2, 0)) == 3
    assert len(np.unique(canvases(tmp_path, method).plan.source)) == 32  # not 12


def test_the_factor_is_settled_by_the_size():
    factors = [RDED().resolved(size=size).factor for size in (32, 64, 96, 128, 224)]
    assert factors == [1, 1, 1, 2, 2]
    assert RDED(factor=3).resolved(size=32).factor == 3
    assert method_from("rded(factor=2)").views_an_epoch == 1
    assert method_from("rded(factor=2, view=each-patch)").views_an_epoch == 4


@pytest.mark.parametrize(("options", "ipc", "said"), [
    ({}, 3, "so ipc=3 with factor=2 needs 12 images of the class 'ape', but it has 10. "
            "Use ipc<=2, or factor<=1."),
    ({"factor": "auto", "pool": 5}, 6, "has 5 in a pool of 5. Use ipc<=5, or pool>=6."),
    ({"factor": 1, "pool": 5}, 11, "has 5 in a pool of 5. Use ipc<=5."),
    ({"factor": 4}, 1, "needs 16 images .* has 10. Use factor<=3."),
    ({"factor": 4, "pool": 5}, 2, "has 5 in a pool of 5. Use factor<=1."),
    ({"factor": 3, "pool": 5}, 1, "has 5 in a pool of 5. Use factor<=2, or pool>=9."),
    ({"factor": 9}, 1, "a canvas of 8 px has no room for 9 tiles a side"),
])  # fmt: skip
def test_a_set_that_cannot_be_is_refused_before_anything_is_trained(
    method, options, ipc, said, tmp_path
):
    with pytest.raises(ValueError, match=said):
        canvases(tmp_path, replace(method, **options), ipc=ipc)
    assert not (tmp_path / "crops").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rded(crops=0)", "crops=0 cannot be used. Give the crops of an image, at least 1"),
        ("rded(factor=0)", "factor=0 cannot be used"),
        ("rded(pool=0)", "pool=0 cannot be used"),
        ("rded(area=(0, 1))", r"area=\(0.0, 1.0\) cannot be used"),
        ("rded(ratio=(2, 1))", r"ratio=\(2.0, 1.0\) cannot be used"),
        ("rded(factor=many)", "factor"),
    ],
)
def test_bad_options_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        method_from(text)


def test_the_spec_builds_it_again():
    text = "rded(observer=observer(model=resnet8, epochs=3), factor=2, pool=50, view=patch)"
    assert method_from(spec_of(method_from(text))) == method_from(text)
    assert "factor=auto" in spec_of(method_from("rded"))


@pytest.fixture
def data(tmp_path, monkeypatch) -> smallset.data.Data:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (30, 12, 10, 3), np.uint8), np.arange(30) % 3
    weights(Path("w.pt"), classes=3)
    return smallset.from_arrays(
        images, labels, ["a", "b", "c"], test=(images[:6] + 1, labels[:6]), name="toy"
    )


GIVEN = "rded(observer=resnet8(weights=w.pt, classes=same), factor=2)"


def test_a_set_names_the_source_and_the_box_of_each_crop(data):
    made = smallset.compress(data, "set", method=GIVEN, ipc=2, size=8, work=Path("w"))
    assert smallset.verify(made.path).files == 6
    plan = smallset.open_set(Path("set")).plan
    sides = plan.source_box[..., 2:] - plan.source_box[..., :2]
    assert plan.source.shape == (6, 4)
    assert (plan.source >= 0).all()
    assert (sides[..., 0] == sides[..., 1]).all()
    assert (plan.source_box[..., 2:] <= [10, 12]).all()
    assert made.manifest.made_with["observer_right"]
    smaller = GIVEN.replace("factor=2", "factor=1, crops=2")
    again = smallset.compress("set", "again", method=smaller, ipc=1, work=Path("w"))
    assert again.manifest.made_with["made_from"].startswith(made.digest)
    assert smallset.verify(again.path).files == 3


def test_workers_give_the_same_bytes(data):
    here = smallset.compress(data, "here", method=GIVEN, ipc=2, size=8, work=Path("w"))
    there = smallset.compress(
        data, "there", method=GIVEN, ipc=2, size=8, work=Path("v"), spread=Here(1)
    )
    assert here.manifest.digest == there.manifest.digest


def test_original_bytes_cannot_be_copied(data):
    with pytest.raises(ValueError, match=r"'original' copies .* but this method draws its own"):
        smallset.compress(
            data, "set", method=GIVEN, ipc=2, size=8, codec="original", work=Path("w")
        )
    assert not Path("w/crops").exists()
