import inspect
import pickle
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from torch.utils.data import DataLoader, Dataset

from smallset.mosaic import Grid
from smallset.records import Selection
from smallset.train.patchcrop import PatchCrop
from smallset.train.views import Patch

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def tiled(height: int, width: int, factor: int) -> np.ndarray:
    """A canvas (h, w, 3) whose tiles have distinct colours, far from each other."""
    canvas = np.zeros((height, width, 3), np.uint8)
    for k in range(factor**2):
        row, column = divmod(k, factor)
        top, bottom = row * height // factor, (row + 1) * height // factor
        left, right = column * width // factor, (column + 1) * width // factor
        canvas[top:bottom, left:right] = (k * 97 % 256, 255 * (k % 2), 255 - k)
    return canvas


def colours(image: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, image.reshape(-1, 3).tolist()))


def chw(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)


@pytest.mark.parametrize("scale", [(0.0001, 0.001), (0.08, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize(("height", "width"), [(7, 7), (32, 32), (33, 33), (97, 65), (20, 225)])
def test_a_view_has_one_tile_only(height, width, factor, scale):
    torch.manual_seed(0)
    canvas = tiled(height, width, factor)
    crop, known = PatchCrop(16, factor=factor, scale=scale), colours(canvas)
    seen = set()
    for _ in range(8):
        pil = colours(np.asarray(crop(Image.fromarray(canvas))))
        tensor = colours(crop(chw(canvas)).permute(1, 2, 0).numpy())
        assert len(pil) == len(tensor) == 1
        seen |= pil | tensor
    assert seen <= known


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [7, 32, 33, 65])
def test_a_neighbours_nan_never_gets_in(dtype, size):
    torch.manual_seed(1)
    canvas = torch.full((40, 3, size, size), float("nan"), dtype=dtype)
    half = size // 2
    canvas[:, :, :half, :half] = 0.5
    seen = PatchCrop()(canvas)
    one_tile = seen.isnan().flatten(1)
    assert (one_tile.all(1) | ~one_tile.any(1)).all()
    assert 0 < int((~one_tile.any(1)).sum()) < 40
    clean = seen[~one_tile.any(1)].float()
    torch.testing.assert_close(clean, torch.full_like(clean, 0.5), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.uint8, *FLOATS])
def test_tensors_keep_their_kind(dtype):
    image = (torch.rand(3, 20, 31) * 200).to(dtype)
    for given, shape in ((image, (3, 20, 31)), (image[None].repeat(4, 1, 1, 1), (4, 3, 20, 31))):
        seen = PatchCrop()(given)
        assert (seen.dtype, seen.shape) == (dtype, shape)
        assert PatchCrop(9)(given).shape == (*shape[:-2], 9, 9)
    assert PatchCrop()(image.to(dtype)[None][:0]).shape == (0, 3, 20, 31)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "F"])
def test_pil_images_keep_their_mode(mode):
    image = Image.fromarray(tiled(20, 31, 2)).convert("RGB" if mode == "RGBA" else mode)
    image = image.convert(mode) if mode == "RGBA" else image
    seen = PatchCrop()(image)
    assert isinstance(seen, Image.Image)
    assert (seen.mode, seen.size) == (mode, (31, 20))
    assert PatchCrop(9)(image).size == (9, 9)


def test_the_input_is_left_as_it_was():
    canvas = chw(tiled(16, 16, 2)).clone()
    before = canvas.clone()
    PatchCrop()(canvas).zero_()
    PatchCrop(scale=(1, 1), factor=1, flip=0)(canvas).zero_()
    assert torch.equal(canvas, before)


@pytest.mark.parametrize("kind", ["pil", "uint8", "float"])
def test_the_whole_of_one_tile_is_the_image_itself(kind):
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    for flip in (0.0, 1.0):
        crop = PatchCrop(factor=1, scale=(1, 1), ratio=(1, 1), flip=flip)
        wanted = image[:, ::-1] if flip else image
        if kind == "pil":
            seen = np.asarray(crop(Image.fromarray(image)))
        else:
            tensor = chw(image) if kind == "uint8" else chw(image).float()
            seen = crop(tensor).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(seen, wanted)


def test_pil_and_tensor_show_the_same_pixels_for_the_same_seed():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for seed in range(10):
        torch.manual_seed(seed)
        pil = np.asarray(PatchCrop()(Image.fromarray(image))).astype(int)
        torch.manual_seed(seed)
        tensor = PatchCrop()(chw(image)).permute(1, 2, 0).numpy().astype(int)
        torch.manual_seed(seed)
        floats = PatchCrop()(chw(image).float()).permute(1, 2, 0).numpy()
        assert abs(pil - tensor).max() <= 1
        assert abs(floats - tensor).max() <= 1.01


def test_every_item_of_a_batch_has_its_own_crop():
    torch.manual_seed(0)
    batch = chw(tiled(32, 32, 2)).repeat(64, 1, 1, 1)
    seen = PatchCrop()(batch)
    assert {tuple(image[:, 0, 0].tolist()) for image in seen} == colours(tiled(32, 32, 2))


def test_the_draw_follows_torchs_seed():
    canvas = torch.rand(8, 3, 32, 32)
    torch.manual_seed(5)
    one = PatchCrop()(canvas)
    other = PatchCrop()(canvas)
    torch.manual_seed(5)
    assert torch.equal(PatchCrop()(canvas), one)
    assert not torch.equal(one, other)


def test_boxes_are_spread_as_those_of_the_patch_view():
    torch.manual_seed(0)
    n, side = 20_000, 64
    ours = PatchCrop().draw(n, height=side, width=side)
    labels, boxes = np.zeros(4 * n, np.int64), np.zeros((4 * n, 4), np.int32)
    tiles = Grid(2)(Selection(np.arange(4 * n)), labels, boxes, size=side).tile_box
    theirs = Patch().draw(tiles, np.arange(n), seed=0, epoch=0)
    for edge in range(4):
        assert ks_2samp(ours.box[:, edge], theirs.box[:, edge]).statistic < 0.02
    for one, other in ((0, 1), (2, 3), (0, 2), (1, 3)):
        spans = [box[:, one].astype(int) - box[:, other] for box in (ours.box, theirs.box)]
        assert ks_2samp(*spans).statistic < 0.02
    assert abs(ours.flip.mean() - theirs.flip.mean()) < 0.02


def test_a_canvas_that_is_no_square_has_tiles_of_its_own_shape():
    torch.manual_seed(0)
    box = PatchCrop(factor=3, scale=(1, 1), ratio=(0.05, 20)).draw(3000, height=10, width=50).box
    assert set(box[:, 0].tolist()) >= {0, 16, 33}
    assert box[:, 2].max() == 50
    assert box[:, 3].max() == 10


def compose(*transforms: Callable[..., object]) -> Callable[..., object]:
    """torchvision.transforms.v2.Compose, as its forward is written."""

    def forward(*inputs: object) -> object:
        several = len(inputs) > 1
        for transform in transforms:
            outputs = transform(*inputs)
            inputs = outputs if several else (outputs,)
        return outputs

    return forward


def test_it_works_in_a_v2_compose_with_and_without_a_label():
    image, both = torch.rand(3, 16, 16), compose(PatchCrop(8), PatchCrop(4))
    assert both(image).shape == (3, 4, 4)
    seen, label, name = both(image, 7, "cat")
    assert (seen.shape, label, name) == ((3, 4, 4), 7, "cat")
    seen, label = both((image, 7))
    assert (seen.shape, label) == ((3, 4, 4), 7)


def test_a_subclass_of_tensor_stays_one():
    class Picture(torch.Tensor):
        pass

    picture = torch.rand(3, 8, 8).as_subclass(Picture)
    assert type(PatchCrop()(picture)) is Picture


class Canvases(Dataset):
    """Canvases through a transform, as other people's data sets do it."""

    def __init__(self) -> None:
        self.transform = PatchCrop(8)

    def __len__(self) -> int:
        return 8

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(chw(tiled(16, 16, 2)), i)


def test_a_loader_with_workers_draws_by_its_seed():
    def epoch() -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(0)
        images, labels = zip(*DataLoader(Canvases(), batch_size=4, num_workers=2), strict=True)
        return torch.cat(images), torch.cat(labels)

    images, labels = epoch()
    assert images.shape == (8, 3, 8, 8)
    assert labels.tolist() == list(range(8))
    assert len(images.unique(dim=0)) > 1
    assert torch.equal(epoch()[0], images)


def test_it_survives_pickling_and_shows_its_options():
    crop = PatchCrop(96, factor=3, scale=(0.1, 0.9))
    again = pickle.loads(pickle.dumps(crop))
    assert repr(crop) == (
        "PatchCrop(size=96, factor=3, scale=(0.1, 0.9), ratio=(0.75, 1.3333333333333333), flip=0.5)"
    )
    assert repr(again) == repr(crop)
    canvas, seen = torch.rand(4, 3, 32, 32), []
    for each in (crop, again):
        torch.manual_seed(0)
        seen.append(each(canvas))
    assert torch.equal(*seen)


def test_it_nests_in_a_sequential_moves_and_prints_itself():
    layers = torch.nn.Sequential(PatchCrop(8), torch.nn.Flatten()).to("meta").to(torch.float16)
    assert layers.eval()(torch.rand(2, 3, 16, 16)).shape == (2, 3 * 8 * 8)
    assert str(layers).splitlines()[1] == f"  (0): {PatchCrop(8)}"
    assert not list(layers.parameters())
    assert not layers.state_dict()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16])
def test_a_batch_keeps_its_memory_format(dtype):
    plain = (torch.rand(4, 3, 20, 31) * 200).to(dtype)
    last = plain.contiguous(memory_format=torch.channels_last)
    seen = []
    for batch in (plain, last):
        for size in (None, 9):
            torch.manual_seed(0)
            seen.append(PatchCrop(size)(batch))
    assert [s.is_contiguous() for s in seen] == [True, True, False, False]
    assert all(s.is_contiguous(memory_format=torch.channels_last) for s in seen[2:])
    # the kernels of the two formats round differently
    for one, other in zip(seen[:2], seen[2:], strict=True):
        torch.testing.assert_close(one.float(), other.float(), rtol=0.01, atol=1)
    one_by_one = PatchCrop()(chw(tiled(16, 16, 2)))  # a picture in numpy's order
    assert one_by_one.is_contiguous()


def unchecked(options: dict[str, object]) -> PatchCrop:
    """Make a PatchCrop as in use, without the tests' type checks."""
    crop = PatchCrop.__new__(PatchCrop)
    inspect.unwrap(PatchCrop.__init__)(crop, **options)
    return crop


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("size", ["32", 32.0, True, (32, 32)], "is not a whole number. Give one, such as size=1."),
        ("factor", ["2", 2.0, True, None], "is not a whole number. Give one, such as factor=1."),
        (
            "scale",
            [0.5, "0.5", None, (0.1, 0.5, 1), ("0.1", 1), (True, 1)],
            "is not a pair of numbers. Give the lowest and the highest, such as scale=(0.8, 1.0).",
        ),
        ("flip", ["0.5", True, None], "is not a number. Give a probability, such as flip=0.5."),
    ],
)
def test_an_option_of_another_type_is_refused(name, values, said):
    for value in values:
        with pytest.raises(ValueError, match=re.escape(f"PatchCrop's {name}={value!r} {said}")):
            unchecked({name: value})


def test_numpys_numbers_and_lists_are_options_too():
    options = {"size": np.int64(8), "factor": np.int32(2), "scale": [0.1, 1], "flip": np.float32(1)}
    crop = unchecked(options)
    assert repr(crop).startswith("PatchCrop(size=8, factor=2, scale=(0.1, 1.0), ratio=")
    assert crop(torch.rand(3, 16, 16)).shape == (3, 8, 8)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PatchCrop(0), "PatchCrop's size=0 is too small. Give the side in pixels, at "
         "least 1."),
        (lambda: PatchCrop(factor=0), "PatchCrop's factor=0 is too small. Give the tiles a "
         "side, at least 1."),
        (lambda: PatchCrop(scale=(0.5, 0.1)), "patch's scale=(0.5, 0.1) is not a range of area "
         "shares. Give (low, high) with 0 < low <= high <= 1."),
        (lambda: PatchCrop(ratio=(2, 1)), "patch's ratio=(2.0, 1.0) is not a range of width to "
         "height. Give (low, high) with 0 < low <= high."),
        (lambda: PatchCrop(flip=2),
         "patch's flip=2.0 is not a probability. Give a number in 0..1."),
        (lambda: PatchCrop(factor=5)(torch.rand(3, 4, 9)), "a canvas of 9 x 4 px has no room for "
         "PatchCrop's factor=5 tiles a side. Use factor<=4 or larger images."),
        (lambda: PatchCrop()(np.zeros((4, 4, 3))), "PatchCrop was given a numpy.ndarray, but needs "
         "a PIL image or a tensor of shape (3, h, w) or (b, 3, h, w). Convert it first, for "
         "example with torch.from_numpy(array).permute(2, 0, 1)."),
        (lambda: PatchCrop()(torch.zeros(8, 8, 3)), "PatchCrop was given a torch.float32 tensor of "
         "shape (8, 8, 3), but needs uint8 or floating point of shape (3, h, w) or (b, 3, h, w). "
         "Convert it first."),
        (lambda: PatchCrop()(torch.zeros(3, 8, 8, dtype=torch.int64)), "PatchCrop was given a "
         "torch.int64 tensor of shape (3, 8, 8), but needs uint8 or floating point of shape "
         "(3, h, w) or (b, 3, h, w). Convert it first."),
        (lambda: PatchCrop()(Image.new("P", (8, 8))), "PatchCrop was given a PIL image of mode "
         "'P', but needs one whose pixels can be blended. Convert it first: image.convert('RGB')."),
    ],
)  # fmt: skip
def test_what_it_cannot_do_is_said(make, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        make()
