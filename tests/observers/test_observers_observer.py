import re

import pytest

from smallset.methods import score_from, spec_of
from smallset.observers import Observer, Pretrained
from smallset.observers.observer import require_training
from smallset.scores import EL2N

GIVEN = Pretrained("resnet20(weights=w.th, shortcut=a, classes=same)")


@pytest.mark.parametrize(("size", "model"), [(8, "resnet8"), (64, "resnet8"), (65, "resnet10")])
def test_auto_goes_by_the_size(size, model):
    assert Observer().resolved(size=size).model == model
    assert Observer("resnet20").resolved(size=size).model == "resnet20"


@pytest.mark.parametrize(
    ("images", "epochs"),
    [(50_000, 10), (25_600, 10), (25_599, 11), (5000, 52), (4000, 60), (9, 60)],
)
def test_auto_makes_two_thousand_steps_in_ten_to_sixty_epochs(images, epochs):
    settled = Observer().resolved(size=32, images=images)
    assert settled == Observer("resnet8", epochs=epochs)
    assert settled.trains_for == settled.protocol.epochs == epochs
    assert settled.resolved(size=32, images=1) == settled
    assert Observer(epochs=7).resolved(size=32, images=images).trains_for == 7


def test_auto_is_ten_epochs_or_more_until_the_images_are_known():
    assert Observer().resolved(size=32) == Observer("resnet8", epochs="auto")
    assert Observer().trains_for == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "observer's epochs=0 is too small. Give passes over the data, at least 1."),
        ({"snapshots": 0}, "observer's snapshots=0 is too small. Give the moments to record in an "
         "epoch, at least 1."),
        ({"epochs": 10**18}, "observer's epochs=1000000000000000000 is too large. Give passes "
         "over the data, at most 100000."),
        ({"snapshots": 10**9}, "observer's snapshots=1000000000 is too large. Give the moments to "
         "record in an epoch, at most 100000."),
        ({"recipe": "observer-v2"}, "there is no recipe 'observer-v2'. Did you mean 'observer-v1'? "
         "Known: observer-v1."),
    ],
)  # fmt: skip
def test_a_bad_observer_is_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Observer(**options)


def test_an_observer_of_an_unknown_model_is_refused_before_any_training():
    with pytest.raises(ValueError, match="there is no model 'resnet9'"):
        Observer("resnet9")


def test_a_network_that_is_given_is_one_moment_without_a_seed():
    assert (GIVEN.trains_for, GIVEN.snapshots, GIVEN.seed) == (1, 1, 0)
    assert GIVEN.resolved(size=224) == GIVEN


def test_equal_networks_are_equal_observers_however_they_are_written():
    other = Pretrained("resnet20(classes='same', weights='w.th',shortcut=a,size=none)")
    assert other == GIVEN
    assert hash(other) == hash(GIVEN)
    assert other.network == "resnet20(weights=w.th, shortcut=a, classes=same)"


@pytest.mark.parametrize(
    ("text", "network", "written"),
    [
        ("resnet20(weights=w.th, shortcut=a, classes=same)", GIVEN.network, GIVEN.network),
        ("timm:resnet50(weights=default, classes=c.json, mean=(0.5, 0.5, 1))",
         "timm:resnet50(weights=default, mean=(0.5, 0.5, 1.0), classes=c.json)",
         "timm:resnet50(weights=default, mean=(0.5, 0.5, 1.0), classes=c.json)"),
        ("resnet8(weights='my w (2), x=1.pt', classes=same)",
         'resnet8(weights="my w (2), x=1.pt", classes=same)',
         'resnet8(weights="my w (2), x=1.pt", classes=same)'),
        ("'resnet8(weights=w.pt)'", "resnet8(weights=w.pt)", "resnet8(weights=w.pt)"),
        ("runs/teacher", "runs/teacher", '"runs/teacher"'),
        ("'my teacher'", "my teacher", '"my teacher"'),
        ('"5"', "5", '"5"'),
        ('\'the "best"\'', 'the "best"', "'the \"best\"'"),
    ],
)  # fmt: skip
def test_an_observer_may_be_a_network_with_its_weights_or_a_folder(text, network, written):
    score = score_from(f"el2n(observer={text})")
    assert score == EL2N(observer=Pretrained(network))
    assert spec_of(score) == f"el2n(epochs=late, runs=1, observer={written})"
    assert score_from(spec_of(score)) == score


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("obsever", "there is no observer 'obsever'. Did you mean 'observer'? Known: observer, "
         "NETWORK(weights=..., classes=...)."),
        ("obsever(epochs=3)", "there is no observer 'obsever'. Did you mean 'observer'?"),
        ("resnet21(weights=w.pt)", "there is no observer 'resnet21'. Known: observer, NETWORK("),
        ("resnet20", "the observer 'resnet20' has learned nothing: it names no weights. Give "
         "weights=PATH (weights=default for timm and torchvision), or let it be trained here: "
         "observer(model=resnet20)."),
        ("resnet20(shortcut=a)", 'trained here: observer(model="resnet20(shortcut=a)").'),
        ("timm:resnet18", "the observer 'timm:resnet18' has learned nothing"),
        ("resnet20(weight=w.pt)", "'resnet20' has no option 'weight'. Did you mean 'weights'?"),
        ("resnet20(weights=default)", "'resnet20' comes with no default weights."),
        ("5", "el2n's option 'observer' must name an observer, not 5. Known: observer, NETWORK("),
    ],
)  # fmt: skip
def test_what_is_no_observer_is_refused_with_all_that_works(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        score_from(f"el2n(observer={text})")


def test_scores_that_read_training_refuse_a_network_that_is_given():
    assert require_training(Observer(), "forgetting") == Observer()
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        require_training(GIVEN, "forgetting")
    assert str(caught.value) == (
        "forgetting reads an observer's training, but 'resnet20(weights=w.th, shortcut=a, "
        "classes=same)' is pretrained and has a single moment. Give an observer that is trained "
        "here, such as observer(model=resnet8, epochs=10), or take a score that reads one moment."
    )
