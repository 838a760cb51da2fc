"""The best crop of each image: against a naive search, and what it may not depend on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scores_toy import toy
from serial_toy import Serial
from synthesis_toy import resnet8

from smallset.data import read_box
from smallset.observers.shards import Shards
from smallset.synthesis import crops
from smallset.synthesis.crops import CropRule, best_crops

RULE = CropRule(3, (0.1, 0.6), (1.0, 1.0), side=5, size=8)
POOLS = [np.arange(label, 40, 4)[:n] for label, n in enumerate((10, 7, 4, 9))]


def best(seen, folder, *, pools=POOLS, rule=RULE, seed=0):
    observer = resnet8(folder)
    network = seen.network(observer, epoch=1)
    return best_crops(seen, observer, network, pools, rule, seed=seed)


def test_the_best_crop_is_that_of_a_naive_search(seen, network, tmp_path):
    for label, (images, found) in enumerate(zip(POOLS, best(seen, tmp_path), strict=True)):
        boxes = crops._drawn(seen, label, images, RULE, 0).boxes
        for image, row, own in zip(images, found, boxes, strict=True):
            losses = []
            for box in own:
                cut = read_box(seen.dataset.pixels(int(image)), box, (5, 5), "antialias")
                shown = torch.zeros(1, 3, 8, 8)
                inner = torch.from_numpy(np.array(cut)).permute(2, 0, 1).float() / 255
                shown[0, :, 1:6, 1:6] = ((inner - network.mean) / network.std)[0]
                with torch.no_grad():
                    logits = network.logits(shown).double()
                losses.append(F.cross_entropy(logits, torch.tensor([label])).item())
            assert row["loss"] == pytest.approx(min(losses), rel=1e-4)
            assert row["box"].tolist() == own[int(np.argmin(losses))].tolist()


def test_crops_lie_in_their_images_and_have_the_share_of_the_area(tmp_path):
    boxes = crops._drawn(toy(tmp_path), 0, POOLS[0], replace(RULE, crops=50), 0).boxes
    side = boxes[..., 2:] - boxes[..., :2]
    assert boxes.min() >= 0
    assert boxes.max() <= 8
    assert (side[..., 0] == side[..., 1]).all()
    assert {*np.unique(side)} == {3, 4, 5, 6}  # of 8 pixels a side, and 0.1 to 0.6 of the area


def test_a_larger_pool_begins_with_the_crops_of_a_smaller_one(tmp_path):
    few, many = (crops._drawn(toy(tmp_path), 0, POOLS[0][:n], RULE, 0).boxes for n in (4, 9))
    np.testing.assert_array_equal(few, many[:4])


def test_workers_find_the_same(seen, tmp_path):
    here = best(seen, tmp_path)
    there = best(
        replace(seen, work=tmp_path / "other", spread=Shards(Serial(pickled=True))), tmp_path
    )
    for one, other in zip(here, there, strict=True):
        assert (one == other).all()


def test_neither_company_nor_the_batch_changes_a_crop(tmp_path, monkeypatch):
    whole = best(toy(tmp_path), tmp_path)
    monkeypatch.setattr(crops, "inference_batch", lambda _: 4)
    alone = best(toy(tmp_path / "other"), tmp_path, pools=[*POOLS[:2], POOLS[2], POOLS[3][:1]])
    assert (whole[2]["box"] == alone[2]["box"]).all()
    np.testing.assert_allclose(whole[2]["loss"], alone[2]["loss"], rtol=1e-5)


def test_a_killed_search_loses_one_class_at_most(tmp_path, monkeypatch):
    whole, asked = crops._losses, []

    def stops(network, pool, *rest):
        asked.append(pool.label)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return whole(network, pool, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(crops, "_losses", stops)
        with pytest.raises(KeyboardInterrupt):
            best(toy(tmp_path), tmp_path)
    again = []
    monkeypatch.setattr(crops, "_losses", lambda *a: (again.append(a[1].label), whole(*a))[1])
    found = best(toy(tmp_path), tmp_path)
    assert (asked, again) == ([0, 1, 2], [2, 3])
    fresh = best(toy(tmp_path / "fresh"), tmp_path)
    assert all((one == other).all() for one, other in zip(found, fresh, strict=True))


def test_a_damaged_file_is_made_again(tmp_path):
    found = best(toy(tmp_path), tmp_path)
    for file in (tmp_path / "crops").rglob("class-0000[01]*"):
        file.write_bytes(file.read_bytes()[:-9])
    assert all((a == b).all() for a, b in zip(found, best(toy(tmp_path), tmp_path), strict=True))


@pytest.mark.parametrize("change", [{"seed": 1}, {"rule": replace(RULE, crops=4)},
                                    {"rule": replace(RULE, side=4)}], ids=str)  # fmt: skip
def test_what_is_kept_is_not_taken_for_something_else(change, tmp_path):
    one, other = best(toy(tmp_path), tmp_path), best(toy(tmp_path), tmp_path, **change)
    assert (one[0] != other[0]).any()
    assert len([*(tmp_path / "crops").iterdir()]) == 2


def test_progress_counts_the_images_of_all_pools(tmp_path):
    told = []
    best(toy(tmp_path, progress=lambda *news: told.append(news)), tmp_path)
    assert [news for news in told if news[0] == "crops"] == [
        ("crops", n, 30) for n in (10, 17, 21, 30)
    ]


def test_losses_that_are_not_finite_are_refused(seen, network, tmp_path):
    network.std[:] = float("nan")
    with pytest.raises(ValueError, match=r"not finite, .* of a crop of '.*0'. Needed"):
        best_crops(seen, resnet8(tmp_path), network, POOLS, RULE, seed=0)
