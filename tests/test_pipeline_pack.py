"""compress() with `pack`: sheets whose side and codec go by the budget."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_toy import in_memory, refused, tree

import smallset
from smallset.methods import method_from, spec_of
from smallset.store import read_manifest, verify

pytestmark = pytest.mark.usefixtures("quick")

EASY = "score=el2n(epochs=1, observer=observer(epochs=1))"


def packed(budget: str, *, side: object = "fit", enough: int = 50, **options: object):
    """Pack thirty images of noise, ten of each class, at 64 pixels although they have 8."""
    method = f"pack({EASY}, mosaic=sheet(side={side}, enough={enough}))"
    given = {"method": method, "budget": budget, "size": 64, **options}
    return smallset.compress(in_memory(), f"set {len([*Path().iterdir()])}", **given)


def side_of(made: smallset.CompressedDataset) -> int:
    left, _, right, _ = made.plan.tile_box[0, 0].tolist()
    return right - left


def test_the_largest_side_at_which_enough_images_fit_is_taken():
    eight = {side: packed("ipc=8", side=side).manifest.image_bytes for side in (64, 48, 32)}
    assert sorted(eight) == sorted(eight, key=eight.__getitem__)
    for limit, side in (
        (eight[64], 64),
        (eight[64] - 1, 48),
        (eight[48], 48),
        (eight[48] - 1, 32),
        (eight[32] // 2, 32),
    ):
        made = packed(f"bytes={limit}", enough=8)
        manifest = made.manifest
        assert side_of(made) == side
        assert manifest.made_with["side"] == str(side)
        assert len(set(manifest.counts)) == 1
        assert manifest.counts[0] >= 8 or limit < eight[32]
        assert manifest.image_bytes <= limit
        assert manifest.image_bytes == sum(p.stat().st_size for p in made.path.rglob("*.webp"))
        assert manifest.codec == "webp:50"
        assert (manifest.size, made.plan.image_size) == (64, 64)


def test_all_images_at_their_own_size_are_enough_although_they_are_few():
    made = packed("bytes=1MB", enough=50)
    assert made.manifest.counts == (10, 10, 10)
    assert side_of(made) == 64


def test_the_manifest_says_what_the_budget_decided_and_the_method_what_was_asked():
    made = packed("bytes=2kB")
    manifest = read_manifest(made.path)
    count = manifest.counts[0]
    assert manifest.made_with["allow"] == f"{(count / 10) ** 0.2:.3f}"
    assert "bytes_left" not in manifest.made_with
    assert "mosaic=sheet(side=fit, columns=16, enough=50)" in manifest.spec
    assert "codec=webp:50" in manifest.spec
    assert spec_of(method_from(manifest.spec)) == manifest.spec
    verify(made.path)


def test_the_same_set_is_made_again():
    one, other = packed("bytes=3kB"), packed("bytes=3kB")
    assert one.manifest.digest == other.manifest.digest


@pytest.mark.parametrize("budget", ["ipc=3", "keep=0.3"])
def test_a_number_of_images_gives_them_at_their_own_size(budget):
    made = packed(budget)
    assert made.manifest.counts == (3, 3, 3)
    assert side_of(made) == 64
    assert made.manifest.made_with["side"] == "64"


def test_another_codec_that_is_asked_for_is_the_methods_own():
    made = packed("ipc=2", codec="jpeg:80")
    assert made.manifest.codec == "jpeg:80"
    assert "jpeg:80" in made.manifest.spec
    assert "webp" not in made.manifest.spec


def test_a_method_without_a_codec_is_not_changed_by_one_that_is_asked_for():
    made = smallset.compress(in_memory(), "set", method="random", ipc=2, codec="jpeg:80")
    assert "codec" not in made.manifest.spec
    other = smallset.compress(in_memory(), "other", method="prune(select=random, codec=webp:20)")
    assert other.manifest.codec == "webp:20"
    png = smallset.compress(in_memory(), "png", method="random", ipc=2)
    assert png.manifest.codec == "png"


def test_random_images_are_packed_without_an_observer():
    made = smallset.compress(in_memory(), "set", method="pack(select=random)", budget="bytes=3kB")
    assert "observer" not in made.manifest.made_with
    assert made.manifest.image_bytes <= 3000
    np.testing.assert_array_equal(np.bincount(made.labels), made.manifest.counts)


def test_a_set_that_its_images_and_not_its_bytes_bound_says_so(shell):
    tree(Path("data"), {"ape": 8, "bee": 3})
    words = ("compress", "data", "--method", "pack(select=random)", "--budget", "bytes=1MB")
    ran = shell(*words[:2], "set", *words[2:])
    few = (
        "no more than 3 of each class; the smallest class, 'bee', has 3; with --short-classes keep"
    )
    assert few in ran.out
    ran = shell(*words[:2], "all", *words[2:], "--short-classes", "keep")
    assert "no more than 8 of each class; the smallest class, 'bee', has 3\n" in ran.out


def test_an_unbalanced_set_without_further_images_says_so():
    method = f"pack({EASY}, select=easiest(balanced=false))"
    made = smallset.compress(in_memory(), "set", method=method, budget="bytes=1MB")
    left = "the method takes no more than 30 of these images"
    assert made.manifest.made_with["bytes_left"] == left


def test_the_command_packs_and_says_what_one_image_takes(shell):
    tree(Path("data"), {"ape": 8, "bee": 8})
    words = ("--method", "pack(select=random)", "--budget")
    ran = shell("compress", "data", "set", *words, "bytes=900")
    assert ran.code == 0, ran
    assert "sheets, for 8 px in 2 classes" in ran.out
    assert json.loads(Path("set/manifest.json").read_text())["codec"] == "webp:50"
    refused(
        shell("compress", "data", "no", *words, "bytes=90"), "has no room for one image of each"
    )
