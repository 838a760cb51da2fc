import re
from dataclasses import replace

import pytest
import torch

from smallset.fingerprint import fingerprint
from smallset.models import build_model
from smallset.train.protocol import (
    CROSS_V1,
    GVBSM_V1,
    PROTOCOLS,
    RETHINKDC_V1,
    SMALL_V1,
    STANDARD_V1,
    protocol_for,
    protocol_named,
    steps_of,
)
from smallset.train.steps import batches


def test_the_cosine_is_torchs():
    one = replace(STANDARD_V1, epochs=7)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], one.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7)
    for epoch in range(7):
        assert one.rate_at(epoch) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_only_kernels_and_matrices_decay(kind):
    model = build_model("resnet8", classes=3, size=8, seed=0)
    optimizer = replace(STANDARD_V1, optimizer=kind).optimizer_for(model)
    decays, plain = optimizer.param_groups
    assert (decays["weight_decay"], plain["weight_decay"]) == (0.01, 0.0)
    assert all(p.ndim > 1 for p in decays["params"])
    assert all(p.ndim == 1 for p in plain["params"])
    assert len(decays["params"]) + len(plain["params"]) == len(list(model.parameters()))


def test_frozen_parameters_are_left_out():
    model = build_model("resnet8", classes=3, size=8, seed=0)
    for p in model.net.body.parameters():
        p.requires_grad_(False)
    groups = STANDARD_V1.optimizer_for(model).param_groups
    assert [len(g["params"]) for g in groups] == [1, 1]


def test_the_optimiser_is_the_one_the_protocol_names():
    model = build_model("resnet8", classes=3, size=8, seed=0)
    adamw = STANDARD_V1.optimizer_for(model)
    assert isinstance(adamw, torch.optim.AdamW)
    assert (adamw.defaults["lr"], adamw.defaults["betas"]) == (1e-3, (0.9, 0.999))
    sgd = replace(STANDARD_V1, optimizer="sgd", rate=0.1, momentum=(0.8, 0.0)).optimizer_for(model)
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["momentum"], sgd.defaults["nesterov"]) == (0.8, True)


def test_what_a_protocol_says_never_changes_under_its_name():
    assert {name: fingerprint(p.numbers())[:8] for name, p in PROTOCOLS.items()} == {
        "standard-v1": "aaa58768",
        "small-v1": "b9bdd1a4",
        "rethinkdc-v1": "91a90327",
        "cross-v1": "d8e175f3",
        "finetune-v1": "cdae0ce2",
        "gvbsm-v1": "ac67107d",
        "gvbsm-cifar-v1": "efd06299",
    }
    assert all(protocol.name == name for name, protocol in PROTOCOLS.items())


def test_the_published_way_peeks_at_the_test_set_and_says_so():
    assert "peeks at the test set" in RETHINKDC_V1.line
    tested = [epoch for epoch in range(300) if RETHINKDC_V1.tests_after(epoch)]
    assert tested == [0, 50, 100, 150, 200, 250, 299]
    assert not any(STANDARD_V1.tests_after(epoch) for epoch in range(300))


def test_the_loss_counts_only_under_soft_labels_and_only_another_than_the_standard_one():
    told = {"loss", "hard_weight"}
    assert not told & {*STANDARD_V1.facts("resnet18", soft=True)}
    assert not told & {*GVBSM_V1.facts("resnet18", soft=False)}
    assert GVBSM_V1.facts("resnet18", soft=True)["hard_weight"] == 0.1


def test_across_architectures_only_the_rate_differs():
    for student in ("resnet18", "convnet-d3", "timm:mobilenetv2_100", "torchvision:resnet50"):
        assert CROSS_V1.suited_to(student).rate == 1e-3
    for student in ("timm:swin_tiny_patch4_window7_224", "torchvision:swin_t"):
        suited = CROSS_V1.suited_to(student)
        assert (suited.rate, suited.rate_at(0), suited.rates) == (3e-4, 3e-4, ())
    assert STANDARD_V1.suited_to("torchvision:swin_t") == STANDARD_V1


def test_under_soft_labels_the_mixing_and_the_temperature_count():
    soft = STANDARD_V1.facts("resnet18", soft=True)
    assert soft == STANDARD_V1.facts("resnet18", soft=False) | {
        "temperature": 20.0, "mix_alpha": 1.0, "mix": "image",
    }  # fmt: skip
    assert RETHINKDC_V1.facts("resnet18", soft=False)["best_of"] == 50


def test_the_rate_that_counts_is_the_students():
    assert CROSS_V1.facts("torchvision:swin_t", soft=False)["rate"] == 3e-4
    assert CROSS_V1.facts("resnet18", soft=False)["rate"] == 1e-3
    more = replace(CROSS_V1, rates=(*CROSS_V1.rates, ("timm:vit", 1e-4)))
    assert more.facts("resnet18", soft=False) == CROSS_V1.facts("resnet18", soft=False)


@pytest.mark.parametrize(
    ("name", "images", "wanted"),
    [
        (None, 1279, SMALL_V1),
        (None, 1280, STANDARD_V1),
        ("standard-v1", 10, STANDARD_V1),
        ("small-v1", 10**6, SMALL_V1),
    ],
)
def test_the_size_of_the_set_chooses_unless_a_name_does(name, images, wanted):
    assert protocol_for(name, images=images) is wanted


def test_an_unknown_protocol_gets_the_nearest_and_the_list():
    said = (
        "there is no protocol 'standard'. Did you mean 'standard-v1'? Known: standard-v1, "
        "small-v1, rethinkdc-v1, cross-v1, finetune-v1, gvbsm-v1, gvbsm-cifar-v1."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        protocol_for("standard", images=10)


def test_a_protocol_with_other_epochs_says_so_in_its_name():
    short = protocol_for("small-v1( epochs=3 )", images=5000)
    assert short == replace(SMALL_V1, name="small-v1(epochs=3)", epochs=3)
    assert short.rate_at(3) == pytest.approx(0)
    assert short.facts("resnet8", soft=False) != SMALL_V1.facts("resnet8", soft=False)
    assert protocol_named("small-v1()", views=1) == SMALL_V1


@pytest.mark.parametrize(
    ("views", "epochs"),
    [(100, 300), (101, 300), (102, 200), (1140, 26), (30_000, 1), (10**6, 1), (1, 600), (50, 600)],
)
def test_a_protocol_of_so_many_steps_takes_the_nearest_whole_epochs(views, epochs):
    """Each epoch of 1,140 images has 23 steps of 50: 26 epochs have 598, 27 have 621."""
    protocol = protocol_named("small-v1( steps=600 )", views=views)
    assert protocol == replace(SMALL_V1, name="small-v1(steps=600)", epochs=epochs)
    assert steps_of(views, 50) == len(batches(views, 50, seed=0, epoch=0))


def test_steps_are_counted_in_views():
    assert protocol_for("small-v1(steps=600)", images=100, views=400).epochs == 75


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("small-v1(steps=0)", "does not name a whole number of steps. Give at least 1: 'small-v1("),
        ("small-v1(steps=10000001)", "is too long. Give at most 10000000 steps."),
        ("small-v1(steps=9, epochs=9)", "but only its length can change"),
        ("smal-v1(epochs=3)", "there is no protocol 'smal-v1'. Did you mean 'small-v1'"),
        ("small-v1(epochs=0)", "does not name a whole number of epochs. Give at least 1"),
        (
            "small-v1(epochs=100001)",
            "'small-v1(epochs=100001)': epochs=100001 is too large. Give "
            "passes over the data, at most 100000.",
        ),
        ("small-v1(epochs=1.5)", "does not name a whole number of epochs"),
        ("small-v1(epochs=true)", "does not name a whole number of epochs"),
        ("small-v1(batch=9)", "but only its length can change. Write 'small-v1(epochs=N)'"),
        ("small-v1(9)", "but only its length can change"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        protocol_for(text, images=100)
