import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from smallset.budget import one_budget
from smallset.numbers import check_number, whole

BY_NUMPY = """
import numpy as np
import smallset

draw = np.random.default_rng(0)
images, labels = draw.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8), np.arange(20) % 2
data = smallset.from_arrays(images, labels, ("ape", "bee"), test=(images[:4], labels[:4]), name="x")
work = "cache"
few = smallset.compress(
    data, "few", method="random", ipc=np.int64(2), size=np.int32(8), seed=np.uint8(1), work=work
)
assert (few.manifest.ipc, few.manifest.seeds.set, few.manifest.size) == (2, 1, 8)
most = smallset.select(data, "most", method="random", keep=np.float32(0.65), work=work)
assert len(most) == 14  # 6.5 of 10, halves up
same = smallset.select(data, "same", method="random", keep=0.65, work=work)
assert same.index.tolist() == most.index.tolist()
(result,) = smallset.evaluate(
    few, data, student="resnet8", protocol="small-v1(epochs=1)", seeds=np.arange(5, 6),
    results="r.jsonl", work=work,
)
assert result.student_seed == 5
"""


def test_numbers_of_numpy_are_numbers_and_can_be_written_down(tmp_path):
    # Elsewhere, since the types of everything are checked in this process.
    subprocess.run([sys.executable, "-c", BY_NUMPY], check=True, cwd=tmp_path)


@pytest.mark.parametrize("number", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_is_pythons_own(number):
    found = check_number("ipc", number, least=3, unit="images")
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize(
    "value",
    [2.5, 2.0, "2", True, np.True_, None, np.float32(2), [2], np.array([2]), np.array(2),
     torch.tensor(2), torch.tensor(True)],
    ids=repr,
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(value):
    said = f"ipc={value!r} is not a whole number. Give one, such as ipc=1."
    with pytest.raises(ValueError, match=re.escape(said)):
        whole("ipc", value)
    if value is not None:
        with pytest.raises(ValueError, match=re.escape(said)):
            one_budget(value)


@pytest.mark.parametrize("value", [True, np.True_, "half", [0.5]])
def test_what_is_no_share_is_refused(value):
    said = f"keep={value!r} is not a number. Give a share, such as keep=0.3."
    with pytest.raises(ValueError, match=re.escape(said)):
        one_budget(keep=value)


@pytest.mark.parametrize("share", [0.7, np.float32(0.7), np.float16(0.7), np.float64(0.7)])
def test_a_share_is_the_decimal_number_that_was_typed(share):
    found = one_budget(keep=share).share
    assert (found, type(found)) == (0.7, float)
