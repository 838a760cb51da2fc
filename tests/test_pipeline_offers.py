"""offers(), and `smallset compress` without a budget."""

import re
from pathlib import Path

import numpy as np
import pytest
from cli_toy import in_memory, refused, tree

import smallset
from smallset.budget import Bytes, PerClass, Share
from smallset.pipeline.offers import Offer, offers

UNEVEN = np.repeat(np.arange(3), (20, 30, 50))


@pytest.mark.usefixtures("quick")
def test_an_offer_is_what_such_a_set_of_random_images_holds():
    data = in_memory(UNEVEN)
    (ipc, keep, size), codec = offers(data, "set", method="el2n", codec="webp:50")
    made = smallset.compress(data, "set", method="random", ipc=10, codec="webp:50")
    assert str(codec) == "webp:50"
    assert ipc == Offer(PerClass(10), 30, made.manifest.image_bytes)
    assert keep == Offer(Share(0.1), 2 + 3 + 5, made.manifest.image_bytes // 3)
    assert size.budget == Bytes(size.bytes)
    assert 0.9 * size.images < 30 * size.bytes / ipc.bytes < 1.1 * size.images
    assert not Path("cache/observers").exists()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("method", "images"),
    [("pca", 7), ("pca(pool=9)", 2), ("pack", 10), ("random", 10), ("sre2l", 10)],
)
def test_no_more_is_offered_than_a_class_has_images(method, images):
    data = in_memory(np.repeat(np.arange(3), (28, 30, 33)))
    (ipc, *_), codec = offers(data, "set", method=method)
    assert ipc.budget == PerClass(images)
    assert ipc.images == 3 * images
    assert str(codec) == ("webp:50" if method == "pack" else "png")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("counts", [(400, 400, 400), (30, 3, 30)])
def test_the_offer_of_bytes_is_what_random_images_packed_into_them_give(counts):
    data = in_memory(np.repeat(np.arange(3), counts))
    (*_, offer), _ = offers(data, "set", method="pack", size=32)
    made = smallset.compress(
        data, "set", method="pack(select=random)", budget=str(offer.budget), size=32
    )
    assert offer.images % 3 == 0
    assert 0.8 * made.manifest.images <= offer.images <= 1.2 * made.manifest.images


@pytest.mark.usefixtures("quick")
def test_an_offer_of_bytes_holds_one_image_of_each_class_at_least():
    data = in_memory(np.arange(3))
    for codec in ("png", "webp:90", "webp:10", "jpeg:20"):
        (ipc, _, offer), _ = offers(data, "set", method="random", codec=codec)
        assert (ipc.images, offer.images) == (3, 3)
        assert ipc.bytes <= offer.bytes == offer.budget.limit


def test_without_a_budget_one_line_says_what_each_would_give(shell):
    tree(Path("data"))
    ran = shell("compress", "data", "set", "--method", "random")
    assert ran.code == 2
    [line] = [line for line in ran.err.splitlines() if line.startswith("Error: ")]
    assert re.fullmatch(
        r"Error: nothing says how much to keep\. Needed one of --ipc, --keep and --budget\. About, "
        r"for random images as png: --budget ipc=8: 24 images, [\d,]+ bytes; "
        r"--budget keep=0\.1: 3 images, [\d,]+ bytes; "
        r"--budget bytes=[\d.]+k?B: 2\d images, [\d,]+ bytes\.",
        line,
    )
    assert not Path("set").exists()


def test_a_list_has_no_bytes_to_offer(shell):
    tree(Path("data"))
    ran = shell("compress", "data", "list", "--method", "random", "--plan-only")
    assert ran.code == 2
    assert "About: --budget ipc=8: 24 images; --budget keep=0.1: 3 images." in ran.err
    assert not Path("list").exists()


def test_other_errors_come_before_the_budget(shell):
    tree(Path("data"))
    Path("set").mkdir()
    refused(shell("compress", "data", "set"), "'set' exists already")
    refused(shell("compress", "data", "new", "--codec", "gif"), "codec 'gif' is not known")
