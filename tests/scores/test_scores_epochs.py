import re

import pytest

from smallset.scores import SCORES, Observer
from smallset.scores.epochs import read_epochs

TEN = Observer()


@pytest.mark.parametrize(
    ("epochs", "read"), [(3, (1, 2, 3)), ((4, 2), (4, 2)), (None, (10,)), (10, tuple(range(1, 11)))]
)
def test_a_number_is_the_first_a_tuple_those_and_none_the_last(epochs, read):
    assert read_epochs("loss", epochs, TEN) == read


@pytest.mark.parametrize("name", ["el2n", "grand", "aum", "loss", "entropy", "margin"])
@pytest.mark.parametrize("epochs", [0, (), (0, 1)])
def test_epochs_that_read_nothing_are_refused(name, epochs):
    with pytest.raises(ValueError, match=re.escape(f"{name}'s epochs={epochs} reads nothing.")):
        SCORES[name](epochs=epochs)


@pytest.mark.parametrize("name", ["el2n", "aum", "least-confidence", "tdds", "dual"])
def test_epochs_past_the_end_are_refused(name):
    said = (
        f"{name}'s epochs=12 reads past the end of its observer, which trains for 10. "
        "Train longer: observer=observer(epochs=12)."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        SCORES[name](epochs=12)


@pytest.mark.parametrize("name", ["tdds", "dyn-unc", "dual", "cad-prune"])
def test_a_window_that_does_not_fit_is_refused(name):
    with pytest.raises(
        ValueError, match=rf"{name}'s window=99 does not fit the \d+ moments .*smaller"
    ):
        SCORES[name](window=99)
    with pytest.raises(ValueError, match=rf"{name}'s window=1 has no spread\. Give at least 2"):
        SCORES[name](window=1)
