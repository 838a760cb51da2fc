"""Shards without a cluster: where they are cut, and what a worker needs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scores_toy import toy
from torch import nn

from smallset.models import build_model
from smallset.observers import shards
from smallset.observers.shards import Shard, Shards, look, shard_length
from smallset.parallel import Here
from smallset.train.device import Machine
from smallset.train.evaluation import predict

HERE = Machine("cpu", "float32", 1)


class Seen(Exception):
    """How many images were asked for at once."""


class Asked:
    """Many images of a side that are never given."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return 100_000

    def batch(self, indices):
        raise Seen(len(indices))


@pytest.mark.parametrize("size", [8, 32, 64, 96, 128, 224, 384, 1024])
def test_shards_end_where_predict_cuts(size):
    with pytest.raises(Seen) as seen:
        next(predict(nn.Identity(), Asked(size), machine=HERE))
    batch = seen.value.args[0]
    assert shard_length(size) == shards.SHARD // batch * batch


def test_images_that_are_in_no_file_are_an_error_and_leave_no_weights(tmp_path):
    data = replace(toy(tmp_path), spread=Shards(Here(1)))
    model = build_model("resnet8", classes=4, size=8, seed=0)
    with pytest.raises(ValueError, match=r"decoded on demand, but .* Leave out --cache none, or"):
        list(Shards(Here(1))(data, "resnet8", model, tmp_path))
    assert not (tmp_path / "shards.pt").exists()


def test_worker_that_does_not_see_the_work_folder_says_so():
    gone = Path("/nowhere/pixels.uint8")
    shard = Shard(0, np.zeros(3, np.int64), gone, 8, ("a", "b", "c", "d"), "resnet8", gone, HERE)
    said = r"a worker does not see '/nowhere/pixels.uint8'\. Needed a work folder .* --work DIR"
    with pytest.raises(FileNotFoundError, match=said):
        look(shard)
