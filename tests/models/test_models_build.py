import re

import pytest
import torch
from models_toy import logits, network, saved

from smallset.models import build_model, check_model, weights_sha256, worth_compiling

PIXELS = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_given_weights_and_normalisation_are_used_whole(tmp_path):
    net, colours = network(), ((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    spec = f"resnet8(weights={saved(tmp_path / 'w.pt', net)}"
    plain, own = (
        build_model(s, classes=4, size=8, seed=9).eval()
        for s in (f"{spec})", f"{spec}, mean={colours[0]}, std={colours[1]})")
    )
    assert torch.equal(plain(PIXELS), logits(net, PIXELS))
    assert torch.equal(own(PIXELS), logits(net, PIXELS, *colours))


def test_finetuning_replaces_the_head_for_other_classes_and_keeps_all_else(tmp_path):
    net = network(classes=9)
    spec = f"resnet8(weights={saved(tmp_path / 'w.pt', net)})"
    one, same, other = (build_model(spec, classes=4, size=8, seed=s).net for s in (1, 1, 2))
    assert all(torch.equal(v, net.body.state_dict()[k]) for k, v in one.body.state_dict().items())
    assert one.head.weight.shape == (4, 64)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_option_a_has_no_weights_in_its_shortcuts(tmp_path):
    plain, a = (
        build_model(n, classes=4, size=8, seed=0) for n in ("resnet8", "resnet8(shortcut=a)")
    )
    fewer = sum(p.numel() for p in plain.parameters()) - sum(p.numel() for p in a.parameters())
    assert fewer == 16 * 32 + 64 + 32 * 64 + 128
    assert a(PIXELS).shape == (3, 4)
    file = saved(tmp_path / "a.pt", a.net)
    build_model(f"resnet8(weights={file}, shortcut=a)", classes=4, size=8, seed=0)
    with pytest.raises(ValueError, match=r"missing body\.4\.shortcut\.0\.weight"):
        build_model(f"resnet8(weights={file})", classes=4, size=8, seed=0)


def test_what_cannot_be_trained_is_heard_of_early(tmp_path):
    (tmp_path / "text.pt").write_text("words")
    for spec, error, said in (
        (
            "resnet8(weights=nowhere.pt)",
            FileNotFoundError,
            "there is no weights file 'nowhere.pt'",
        ),
        (f"resnet8(weights={tmp_path / 'text.pt'})", ValueError, "is not a weights file"),
        ("resnet8(size=32)", ValueError, "size=32 tells how a teacher is used"),
        ("resnet18(shortcut=a)", ValueError, "'resnet18' has no shortcut=a"),
    ):
        with pytest.raises(error, match=re.escape(said)):
            check_model(spec)
    check_model(f"resnet8(weights={saved(tmp_path / 'w.pt', network())})")


def test_only_a_named_file_has_a_hash(tmp_path):
    one, other = (saved(tmp_path / f"{i}.pt", network(seed=i)) for i in (0, 1))
    assert weights_sha256("resnet8") is None
    hashes = {weights_sha256(f"resnet8(weights={file})") for file in (one, other)}
    assert len(hashes) == 2
    assert all(len(str(h)) == 64 for h in hashes)


def test_a_spec_is_worth_compiling_where_its_network_is():
    assert worth_compiling("convnet-d3(mean=(0, 0, 0))")
    assert not worth_compiling("resnet8(shortcut=a)")
    assert not worth_compiling("timm:convnext_tiny")
