"""A set as a dataset for torch's own DataLoader."""

import pickle

import numpy as np
import pytest
import torch
from cli_toy import tree
from torch.utils.data import DataLoader

import smallset


def make(folder, method, **options):
    if not (folder / "data").exists():
        tree(folder / "data", {"ape": 12, "bee": 12})
    return smallset.compress(
        folder / "data", folder / "set", method=method, work=folder / "work", **options
    ).path


SHEETS = "prune(select=random, mosaic=sheet(columns=2), view=canvas({view}))"


def test_items_of_sheets_without_augmentation_are_the_images(tmp_path):
    made = make(tmp_path, SHEETS.format(view="flip=0.0, scale=(1.0, 1.0), ratio=(1.0, 1.0)"), ipc=7)
    opened = smallset.open_set(str(made))
    whole = torch.from_numpy(opened.images()).permute(0, 3, 1, 2) / 255
    shown = DataLoader(opened, batch_size=5)
    pixels, labels = (torch.cat(parts) for parts in zip(*shown, strict=True))
    assert labels.tolist() == [0] * 7 + [1] * 7
    assert pixels.dtype == torch.float32
    assert (pixels - whole).abs().max() < 1e-6
    assert len([*opened]) == 14
    with pytest.raises(IndexError, match=r"has no image 14\. It has 14\."):
        opened[14]


def test_spawned_workers_give_views_that_differ_by_epoch_and_repeat_by_seed(tmp_path):
    made = make(tmp_path, SHEETS.format(view="scale=(0.3, 1.0)"), ipc=3, codec="webp:80")
    opened = smallset.open_set(made)
    spawn = {"num_workers": 2, "multiprocessing_context": "spawn", "persistent_workers": True}
    loader = DataLoader(opened, batch_size=3, **spawn)

    def epoch(loader):
        batches = [*loader]
        assert torch.cat([labels for _, labels in batches]).tolist() == [0, 0, 0, 1, 1, 1]
        return torch.cat([pixels for pixels, _ in batches])

    torch.manual_seed(0)
    first, second = epoch(loader), epoch(loader)
    assert first.shape == (6, 3, 8, 8)
    assert not torch.equal(first, second)
    torch.manual_seed(0)
    assert torch.equal(epoch(DataLoader(opened, batch_size=3, **spawn)), first)
    assert first.min() >= 0
    assert first.max() <= 1


@pytest.mark.parametrize("method", [SHEETS.format(view="scale=(0.3, 1.0)"), "random(factor=2)"])
def test_a_set_travels_without_what_was_decoded_and_gives_the_same_views(method, tmp_path):
    opened = smallset.open_set(make(tmp_path, method, ipc=3, codec="webp:80"))
    torch.manual_seed(0)
    first = torch.stack([pixels for pixels, _ in opened])
    sent = pickle.dumps(opened)
    assert len(sent) < 100_000
    torch.manual_seed(0)
    assert torch.equal(torch.stack([pixels for pixels, _ in pickle.loads(sent)]), first)


def test_no_view_of_a_sheet_reads_a_neighbouring_tile(tmp_path):
    rng = np.random.default_rng(0)
    images = np.repeat(rng.integers(0, 256, (20, 1, 1, 3), np.uint8), 12, 1).repeat(12, 2)
    labels = np.arange(20) % 2
    data = smallset.from_arrays(images, labels, test=(images[:2], labels[:2]))
    made = smallset.compress(
        data, tmp_path / "set", method="prune(select=random, mosaic=sheet(columns=3))", ipc=10
    )
    for _ in range(5):
        for (pixels, _), own in zip(made, made.images(), strict=True):
            assert (pixels - torch.from_numpy(own[0, 0])[:, None, None] / 255).abs().max() < 1e-6
