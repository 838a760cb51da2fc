import os
import pickle
import re

import pytest
import torch
from models_toy import network, saved
from safetensors.torch import save_file
from torch import nn

from smallset.models.weights import (
    head_name,
    load_weights,
    read_weights,
    tensors_sha256,
)

WEIGHTS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2)}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(
    "wrapped",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": WEIGHTS},
        {f"module.{key}": value for key, value in WEIGHTS.items()},
        {"state_dict": {f"module.{key}": value for key, value in WEIGHTS.items()}},
        {f"net.{key}": value for key, value in WEIGHTS.items()},
    ],
)
def test_a_state_dict_is_found_however_it_was_wrapped(wrapped, tmp_path):
    torch.save(wrapped, tmp_path / "w.pt")
    assert equal(read_weights(tmp_path / "w.pt"), WEIGHTS)


def test_a_prefix_that_some_keys_lack_is_a_part_of_the_names(tmp_path):
    mixed = {"module.a": torch.ones(1), "b": torch.ones(1)}
    torch.save(mixed, tmp_path / "w.pt")
    assert equal(read_weights(tmp_path / "w.pt"), mixed)


def test_safetensors_are_read(tmp_path):
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    found = read_weights(tmp_path / "w.safetensors")
    assert equal({key: found[key] for key in WEIGHTS}, WEIGHTS)


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("trapped",))


def cut_in_two(path) -> None:
    saved(path, network())
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize(
    "write",
    [
        lambda p: p.write_bytes(b""),
        lambda p: p.write_text("just words"),
        lambda p: p.write_bytes(bytes(range(256)) * 9),
        lambda p: p.write_bytes(pickle.dumps(Trap())),
        lambda p: torch.save(Trap(), p),
        lambda p: torch.save({}, p),
        lambda p: torch.save([1, 2], p),
        lambda p: torch.save({"epoch": 3, "a": torch.ones(1)}, p),
        lambda p: torch.save({1: torch.ones(1)}, p),
        cut_in_two,
    ],
)
def test_a_file_that_holds_no_weights_is_refused_and_runs_nothing(
    write, suffix, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"w.{suffix}"
    write(path)
    with pytest.raises(ValueError, match="is not a weights file") as caught:
        read_weights(path)
    said = str(caught.value)
    assert said.startswith(f"{str(path)!r} is not a weights file (")
    assert said.endswith(
        "Needed a state dict that torch.save or safetensors wrote, of tensors only. "
        "Save model.state_dict() to a new file."
    )
    assert "\n" not in said
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("words", [pickle.dumps({"a": Trap}), b"hello", b""])
def test_a_file_that_cannot_be_read_is_refused_in_our_own_words(words, tmp_path, recwarn):
    path = tmp_path / "w.pt"
    path.write_bytes(words)
    with pytest.raises(
        ValueError, match=r"not a weights file \(it cannot be read as tensors alone\)"
    ):
        read_weights(path)
    assert not recwarn


def test_weights_are_loaded_whole():
    net, other = network(seed=0), network(seed=1)
    load_weights(net, other.state_dict(), name="resnet8", source="w.pt", new_head=False)
    assert equal(dict(net.state_dict()), dict(other.state_dict()))


def test_old_files_without_batch_counters_are_loaded():
    net, other = network(seed=0), network(seed=1)
    given = {k: v for k, v in other.state_dict().items() if not k.endswith("num_batches_tracked")}
    load_weights(net, given, name="resnet8", source="w.pt", new_head=False)
    assert all(torch.equal(net.state_dict()[key], value) for key, value in given.items())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("head.bias"), "missing head.bias."),
        (lambda w: w.update(extra=torch.ones(1)), "unknown extra."),
        (lambda w: w.update({f"e{i}": torch.ones(1) for i in range(5)}),
         "unknown e0, e1, e2 and 2 more."),
        (lambda w: w.update({"head.bias": torch.ones(7)}), "shapes head.bias is (7,) and not (4,)"),
    ],
)  # fmt: skip
def test_weights_of_another_network_are_refused_and_change_nothing(change, said):
    net, given = network(seed=0), dict(network(seed=1).state_dict())
    before = {key: value.clone() for key, value in net.state_dict().items()}
    change(given)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        load_weights(net, given, name="resnet8", source="w.pt", new_head=False)
    assert "the weights 'w.pt' are not those of 'resnet8' with these options" in str(caught.value)
    assert str(caught.value).endswith("with its options (shortcut=a, size, classes).")
    assert equal(dict(net.state_dict()), before)


def test_weights_under_two_names_are_refused():
    given = dict(network().state_dict())
    given["linear.weight"] = given["head.weight"]
    with pytest.raises(
        ValueError, match=r"'w\.pt' holds some weights of 'resnet8' under two names"
    ):
        load_weights(network(), given, name="resnet8", source="w.pt", new_head=False)


def test_a_new_head_is_kept_only_where_the_number_of_classes_differs():
    for classes, kept in ((4, False), (9, True)):
        net, given = network(seed=0), network(classes=classes, seed=1).state_dict()
        fresh = net.head.weight.clone()
        load_weights(net, given, name="resnet8", source="w.pt", new_head=True)
        assert torch.equal(net.head.weight, fresh) is kept
        assert torch.equal(net.body[0].weight, given["body.0.weight"])


def test_the_head_is_the_last_linear_layer():
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 4)), nn.Dropout())
    assert head_name(net) == "1.1"
    with pytest.raises(ValueError, match="Sequential has no linear classifier to replace"):
        head_name(nn.Sequential(nn.Conv2d(1, 1, 1)))


def test_hashes_change_with_every_name_and_value():
    hashes = {
        tensors_sha256(WEIGHTS),
        tensors_sha256({**WEIGHTS, "a.bias": torch.zeros(2)}),
        tensors_sha256({"a.weight": WEIGHTS["a.weight"], "b.bias": WEIGHTS["a.bias"]}),
        tensors_sha256({**WEIGHTS, "a.bias": torch.ones(2, dtype=torch.float64)}),
        tensors_sha256({**WEIGHTS, "a.weight": WEIGHTS["a.weight"].view(3, 2)}),
    }
    assert len(hashes) == 5
    assert tensors_sha256(dict(reversed(WEIGHTS.items()))) in hashes
