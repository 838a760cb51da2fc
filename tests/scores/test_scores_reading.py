import re
from dataclasses import replace

import numpy as np
import pytest
from scores_toy import toy

from smallset.scores import Observer
from smallset.scores.reading import (
    check_reading,
    check_window,
    listed,
    mean_of_records,
    mean_of_runs,
    windows,
)

SHORT = Observer("resnet8", epochs=2)


def test_a_number_is_the_first_epochs_and_a_tuple_itself():
    assert listed(3) == (1, 2, 3)
    assert listed((4, 2)) == (4, 2)


def test_means_are_over_epochs_and_runs(tmp_path):
    observed = toy(tmp_path)
    runs = [observed.dynamics(SHORT, run=run) for run in (0, 1)]
    wanted = np.mean([run.at(epoch)["loss"] for run in runs for epoch in (1, 2)], axis=0)
    found = mean_of_records(
        observed, SHORT, epochs=(1, 2), runs=2, value=lambda records: records["loss"]
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    last = mean_of_runs(observed, SHORT, runs=2, value=lambda dynamics: dynamics.at(2)["loss"])
    np.testing.assert_allclose(
        last, np.mean([run.at(2)["loss"] for run in runs], axis=0), rtol=1e-6
    )


def test_windows_move_on_by_one_row():
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    assert [part[:, 0].tolist() for part in windows(values, 3)] == [[0, 2, 4], [2, 4, 6]]
    assert [part.tolist() for part in windows(values, 4)] == [values.tolist()]
    assert not list(windows(values, 5))


@pytest.mark.parametrize(
    ("epochs", "runs", "said"),
    [
        (1, 0, "x's runs=0 measures nothing. Give at least 1."),
        (0, 1, "x's epochs=0 reads nothing. Give a number from 1, or a tuple of epochs counted "
         "from 1."),
        ((), 1, "x's epochs=() reads nothing."),
        ((1, 3), 1, "x's epochs=(1, 3) reads past the end of its observer, which trains for 2. "
         "Train longer: observer=observer(epochs=3)."),
    ],
)  # fmt: skip
def test_epochs_that_are_not_there_are_refused(epochs, runs, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        check_reading("x", epochs, runs, SHORT)


@pytest.mark.parametrize(
    ("window", "epochs", "trained", "said"),
    [
        (1, None, 10, "x's window=1 has no spread. Give at least 2."),
        (12, None, 10, "x's window=12 needs at least 12 epochs, but it has an observer that trains "
         "for 10. Write observer=observer(epochs=12), or a smaller window."),
        (12, 5, 10, "x's window=12 needs at least 12 epochs, but it reads 5. Write epochs=12, "
         "observer=observer(epochs=12), or a smaller window."),
        (8, 5, 10, "x's window=8 needs at least 8 epochs, but it reads 5. Write epochs=8, or a "
         "smaller window."),
    ],
)  # fmt: skip
def test_a_window_that_does_not_fit_says_what_to_write(window, epochs, trained, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        check_window("x", window, window, epochs, replace(SHORT, epochs=trained))


def test_a_window_of_all_epochs_fits():
    check_window("x", 10, 10, None, Observer())
    check_window("x", 5, 5, 5, Observer())
