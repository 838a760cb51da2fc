import re

import numpy as np
import pytest
import torch
from scores_toy import LABELS, toy

from smallset.methods import score_from
from smallset.observers import Observer
from smallset.observers.observed import looked_with
from smallset.scores import EL2N, SCORES, GraNd, Loss
from smallset.train.evaluation import predict

TEN = Observer()


@pytest.mark.parametrize(
    ("epochs", "read"),
    [
        (3, (1, 2, 3)),
        ((4, 2), (4, 2)),
        (None, (10,)),
        (10, tuple(range(1, 11))),
        ("late", (8, 9, 10)),
    ],
)
def test_a_number_is_the_first_a_tuple_those_and_none_the_last(epochs, read):
    assert Loss(epochs=epochs).reads(TEN) == read


@pytest.mark.parametrize(("trained", "first"), [(1, 1), (2, 2), (4, 4), (5, 4), (20, 15), (52, 37)])
def test_late_is_the_last_third_nearly_and_one_epoch_at_least(trained, first):
    assert EL2N().reads(Observer(epochs=trained)) == tuple(range(first, trained + 1))


def test_the_default_reads_late_epochs_of_as_many_as_the_images_need(work):
    observed = toy(work)  # forty images, a step an epoch
    run = observed.dynamics(Observer())
    assert run.epochs == 60
    for name, values in {"el2n": lambda m: m["el2n"], "grand": GraNd().of_moment}.items():
        found = SCORES[name]()(observed)
        mean = np.mean([values(run.at(epoch)) for epoch in range(43, 61)], axis=0)
        np.testing.assert_allclose(found, mean, rtol=1e-6)
        assert SCORES[name]().reads(Observer(epochs=60)) == tuple(range(43, 61))


def test_what_an_observer_has_learned_is_its_accuracy_on_clean_training_images(work):
    observed, two = toy(work), Observer("resnet8", epochs=2)
    right = []
    for run in range(2):
        network = observed.network(two, run=run, epoch=2)
        seen = predict(network, observed.images, machine=observed.machine)
        logits = torch.cat([z for _, z in seen])
        right.append(float((logits.argmax(1).numpy() == LABELS).mean()))
    for runs, mean in ((1, right[0]), (2, np.mean(right))):
        assert looked_with(two, observed, runs=runs)["observer_right"] == f"{mean:.4f}"


@pytest.mark.parametrize("name", ["el2n", "grand", "aum", "loss", "entropy", "margin"])
@pytest.mark.parametrize("epochs", [0, (), (0, 1)])
def test_epochs_that_read_nothing_are_refused(name, epochs):
    said = f"{name}'s epochs={epochs} reads nothing. Give a number from 1, or a tuple of epochs cou"
    with pytest.raises(ValueError, match=re.escape(said)):
        SCORES[name](epochs=epochs)


@pytest.mark.parametrize(
    ("name", "epochs", "last"),
    [
        ("el2n", (3, 12), 12),
        ("aum", 11, 11),
        ("least-confidence", 12, 12),
        ("tdds", 12, 12),
        ("dual", 10**18, 10**18),  # more than memory holds
    ],
)
def test_epochs_past_the_end_are_refused_at_once(name, epochs, last):
    said = (
        f"{name}'s epochs={epochs} reads past the end of its observer, which trains for 10. "
        f"Train longer: observer=observer(epochs={last}), or read less: epochs=10."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        SCORES[name](epochs=epochs, observer=Observer(epochs=10))
    depends = "for 10 epochs or more, depending on the number of images."
    open_ended = said.replace("for 10.", depends)
    with pytest.raises(ValueError, match=re.escape(open_ended)):
        SCORES[name](epochs=epochs)


@pytest.mark.parametrize("name", [name for name in SCORES if name != "file"])
def test_more_runs_than_anybody_trains_are_refused(name):
    said = f"{name}'s runs=1000000000 is too large. Give the trainings to average, at most 1000."
    with pytest.raises(ValueError, match=re.escape(said)):
        SCORES[name](runs=10**9)


@pytest.mark.parametrize(("name", "least"), [("tdds", 3), ("dyn-unc", 2), ("cad-prune", 2)])
def test_a_window_that_does_not_fit_is_refused(name, least):
    with pytest.raises(ValueError, match=rf"{name}'s window=99 needs \d+ moments .*smaller window"):
        SCORES[name](window=99)
    said = rf"{name}'s window={least - 1} has no spread\. Give at least {least}\."
    with pytest.raises(ValueError, match=said):
        SCORES[name](window=least - 1)


@pytest.mark.parametrize(
    ("spec", "given"),
    [
        ("tdds(window=5, observer=observer(epochs=4))", "observer=observer(epochs=5)"),
        ("tdds(window=5, epochs=4)", "epochs=5"),
        ("dual(epochs=5)", "epochs=10"),
        (
            "dual(window=20, epochs=10)",
            "epochs=20, observer=observer(epochs=20)",
        ),
        ("dyn-unc(observer=observer(epochs=9))", "observer=observer(epochs=10)"),
        (
            "cad-prune(observer=observer(epochs=1, snapshots=4))",
            "observer=observer(epochs=1, snapshots=7)",
        ),
        (
            "cad-prune(observer=observer(epochs=3, snapshots=2))",
            "observer=observer(epochs=3, snapshots=3)",
        ),
    ],
)
def test_what_a_window_that_does_not_fit_is_told_to_give_makes_it_fit(spec, given):
    with pytest.raises(ValueError, match=re.escape(f"Give {given}, or a smaller window.")):
        score_from(spec)
    name, _, options = spec.removesuffix(")").partition("(")
    window = [option for option in options.split(", ") if option.startswith("window")]
    score_from(f"{name}({', '.join([*window, given])})")
