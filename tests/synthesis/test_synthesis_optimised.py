"""The methods whose images are optimised: what their options do, and what they refuse."""

from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scores_toy import _PIXELS
from synthesis_toy import canvases, made, resnet8

from smallset.fingerprint import fingerprint
from smallset.methods import method_from
from smallset.models import MEAN, STD
from smallset.observers import Observer, Pretrained
from smallset.synthesis import SYNTHESES
from smallset.synthesis.cda import CDA
from smallset.synthesis.dwa import DWA
from smallset.synthesis.edc import EDC
from smallset.synthesis.g_vbsm import GVBSM
from smallset.synthesis.lpld import LPLD
from smallset.synthesis.noise import PureNoise
from smallset.synthesis.optimised import Optimised
from smallset.synthesis.rded import RDED
from smallset.synthesis.sre2l import SRe2L

ONE, TWO = (Pretrained(f"resnet8(weights=w{seed}.pt, classes=same)") for seed in (0, 1))
PLAIN = Observer("convnet-d3", epochs=1)
NUMBERS = {"iterations": 3, "rate": 0.2, "area": (0.3, 1.0), "flip": 0.5, "roll": (0, 4)}
SRE2L = SRe2L(ONE, r_bn=0.1, **NUMBERS)
CDA_ = CDA(ONE, r_bn=0.1, **NUMBERS)
DWA_ = DWA(ONE, r_bn=0.1, **NUMBERS)
LPLD_ = LPLD(ONE, r_bn=0.1, **NUMBERS)
G_VBSM = GVBSM((ONE, TWO), r_match=0.1, **NUMBERS, pad=0, batch=4)
EDC_ = EDC((ONE, TWO), r_match=0.1, **NUMBERS, batch=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("optimised")
    for seed in (0, 1):
        resnet8(folder, seed)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)


@cache
def pixels(synthesis: Optimised) -> np.ndarray:
    return made(Path(), synthesis)


MECHANISMS = {
    SRE2L: [{"r_bn": 0.0}, {"roll": (0, 0)}, {"area": (1.0, 1.0)}, {"flip": 0.0}, {"first": 1.0},
            {"rate": 0.1}, {"iterations": 2}, {"batch": 3}],
    CDA_: [{"milestone": 0.0}, {"milestone": 0.5}, {"curve": "step"}],
    DWA_: [{"steps": 0}, {"steps": 3}, {"radius": 0.1}, {"r_var": 1.0}, {"init": "noise"}],
    LPLD_: [{"statistics": "running"}],
    replace(LPLD_, statistics="running"): [{"together": "rank"}],
    G_VBSM: [{"memory": 0.0}, {"drop": 0.0}, {"drop": 1.0}, {"convolutions": False}, {"patch": 2},
             {"together": "rank"}, {"pad": 2}, {"first": 1.0}, {"r_match": 0.0}, {"batch": 8},
             {"pool": (ONE,)}, {"pool": (TWO, ONE)}],
    EDC_: [{"shared": 1.0}, {"shared": 0.2}, {"class_term": "code"}, {"flatness": 50.0},
           {"init": "noise"}, {"init": "rded"}, {"memory": 0.0}, {"convolutions": False}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "change"),
    [(method, change) for method, changes in MECHANISMS.items() for change in changes],
    ids=lambda part: str(part) if isinstance(part, dict) else type(part).__name__,
)
def test_each_mechanism_acts(method, change):
    assert (pixels(method) != pixels(replace(method, **change))).any()


@pytest.mark.parametrize(("off", "plain"), [
    (replace(CDA_, milestone=0.0), SRE2L),
    (replace(DWA_, steps=0, r_var=1.0, init="noise"), SRE2L),
    (replace(DWA_, radius=0.0, r_var=1.0, init="noise"), SRE2L),
    (replace(LPLD_, together="rank", statistics="running"), SRE2L),
    (GVBSM((ONE,), r_match=0.1, **NUMBERS, pad=0, memory=0, convolutions=False, density=0,
           together="rank"), SRE2L),
    (replace(EDC_, shared=1.0, init="noise", pad=2, memory=0.8, drop=0.4),
     replace(G_VBSM, density=0.0, pad=2)),
], ids=lambda method: type(method).__name__)  # fmt: skip
def test_with_its_changes_off_it_is_the_method_before_it_bit_for_bit(off, plain):
    np.testing.assert_array_equal(pixels(off), pixels(plain))


@pytest.mark.parametrize(
    "method", [SRE2L, G_VBSM, replace(EDC_, init="rded", iterations=0)],
    ids=lambda method: type(method).__name__,
)  # fmt: skip
def test_a_worker_draws_the_same(method):
    begun = canvases(Path(), method)
    for rows in begun.parts:
        np.testing.assert_array_equal(begun.carried(rows)(), begun.draw(rows))


@pytest.mark.parametrize(
    ("method", "classes"),
    [
        (SRE2L, [[0, 1, 2, 3]] * 3),
        (replace(LPLD_, batch=2), [[0, 0], [0], [1, 1], [1], [2, 2], [2], [3, 3], [3]]),
        (G_VBSM, [[0, 0, 0, 1], [1, 1, 2, 2], [2, 3, 3, 3]]),
        (replace(EDC_, batch=None), [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]]),  # as for CIFAR-10
    ],
    ids=lambda part: "" if isinstance(part, list) else type(part).__name__,
)
def test_the_images_of_these_classes_are_made_together(method, classes):
    begun = canvases(Path(), method, ipc=3)
    assert [begun.plan.label[[*rows]].tolist() for rows in begun.parts] == classes


def test_observers_go_on_taking_turns_from_batch_to_batch():
    begun = canvases(Path(), G_VBSM)
    assert begun._batch(begun.parts[1]).turn == 3


def test_one_image_a_class_is_enough_for_statistics_of_the_class():
    assert made(Path(), LPLD_, ipc=1).shape == (4, 8, 8, 3)


@pytest.mark.parametrize(
    ("method", "start"),
    [(SRE2L, PureNoise(MEAN, STD)), (replace(EDC_, setting="imagenet"), RDED(ONE))],
    ids=["noise", "canvases"],
)
def test_without_an_iteration_the_images_are_what_they_start_from(method, start):
    images = made(Path(), replace(method, iterations=0))
    np.testing.assert_array_equal(images, made(Path(), start))


@pytest.mark.parametrize(
    ("method", "mirrored"), [(DWA_, range(1)), (EDC_, range(9, 32))], ids=["dwa", "edc"]
)
def test_without_an_iteration_each_image_is_a_real_one_or_in_edc_its_mirror(method, mirrored):
    real = _PIXELS.transpose(0, 2, 3, 1)
    images = made(Path(), replace(method, iterations=0), ipc=10)
    plain, turned, found = (
        {image.tobytes() for image in side} for side in (real, real[:, :, ::-1], images)
    )
    assert len(found & (plain | turned)) == 40
    assert len(found & turned) in mirrored


@pytest.mark.parametrize(("method", "said"), [
    (DWA_, "dwa starts each image from another real .* 'ape' has 10 and 11 are wanted. "
           "Use ipc<=10, or init=noise"),
    (EDC_, "edc starts each image from another real .* 'ape' has 10 and 11 are wanted. "
           "Use ipc<=10, or init=noise"),
    (replace(EDC_, init="rded"),
     "edc starts from canvases of rded: the crops .* so ipc=11 with factor=1 needs 11 "
     "images of the class 'ape', but it has 10. Use ipc<=10. Or give init=noise"),
], ids=["dwa", "edc", "rded"])  # fmt: skip
def test_more_images_than_there_are_real_ones_are_refused(method, said):
    with pytest.raises(ValueError, match=said):
        canvases(Path(), method, ipc=11)


@pytest.mark.parametrize(
    "method",
    [SRe2L(PLAIN), GVBSM((Observer("resnet8", epochs=1), PLAIN), convolutions=False)],
    ids=["sre2l", "g-vbsm"],
)
def test_an_observer_without_batch_norm_is_refused_before_one_is_trained(method, tmp_path):
    with pytest.raises(ValueError, match=r"are to match statistics .* but 'convnet-d3' has none. "
                       r"Needed .* Without BatchNorm there are noise and rded, and g-vbsm and edc "
                       r"with convolutions=true"):  # fmt: skip
        canvases(tmp_path, method)
    assert not (tmp_path / "observers").exists()


def test_the_numbers_are_those_of_the_size_unless_others_are_given():
    settings = SRe2L.settings
    for size, near in ((32, "cifar"), (33, "tiny"), (64, "tiny"), (65, "imagenet")):
        assert SRe2L().numbers(size) == settings[near]
    assert SRe2L(setting="tiny").numbers(8) == settings["tiny"]
    assert SRe2L(iterations=7, flip=0.0).numbers(64) == replace(
        settings["tiny"], iterations=7, flip=0.0
    )


def test_the_published_numbers_never_change_under_their_name():
    assert {
        name: {
            setting: fingerprint(asdict(method(setting=setting).numbers(8)))[:8]
            for setting in method.settings
        }
        for name, method in SYNTHESES.items()
        if issubclass(method, Optimised)
    } == {
        "cda": {"imagenet": "bfe687bc", "tiny": "62331d7e", "cifar": "9cdc6dad"},
        "dwa": {"imagenet": "877c751e", "tiny": "cb01c7a5", "cifar": "dc0ee0a2"},
        "edc": {"imagenet": "0f42cd86", "tiny": "11239070", "cifar": "34717066"},
        "g-vbsm": {"imagenet": "6fc9209a", "tiny": "dfbab3d3", "cifar": "d5a038eb"},
        "lpld": {"imagenet": "bfe687bc", "tiny": "f06087ae", "cifar": "d7b35738"},
        "sre2l": {"imagenet": "bfe687bc", "tiny": "bdda375f", "cifar": "d7b35738"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sre2l(iterations=-1)", "iterations=-1 cannot be used. Give 0 or more"),
        ("sre2l(rate=0)", r"rate=0.0 cannot be used. Give a learning rate above 0"),
        ("sre2l(batch=0)", "batch=0 cannot be used. Give the images made together, at least 1"),
        ("sre2l(roll=(3, 1))", r"roll=\(3, 1\) cannot be used"),
        ("sre2l(area=(0, 1))", r"area=\(0.0, 1.0\) cannot be used"),
        ("sre2l(setting=mnist)", "sre2l's option 'setting' must be one of auto, imagenet"),
        ("cda(milestone=1.5)", "milestone=1.5 cannot be used. Give a share of the iterations"),
        ("lpld(first=-1)", "first=-1.0 cannot be used. Give a weight of 0 or more"),
        ("lpld(together=rank)", r"rank\) puts many classes .* statistics=running"),
        ("g-vbsm(density=-1)", "density=-1.0 cannot be used. Give a weight of 0 or more"),
        ("g-vbsm(tau=0)", "tau=0.0 cannot be used. Give a temperature above 0"),
        ("edc(shared=1.5)", "shared=1.5 cannot be used. Give a share in 0..1"),
        ("edc(flatness=-1)", "flatness=-1.0 cannot be used. Give a weight of 0 or more"),
        ("edc(memory=1)", "memory=1.0 cannot be used. Give a share of 0 or more, below 1"),
    ],
)
def test_bad_options_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        method_from(text)
