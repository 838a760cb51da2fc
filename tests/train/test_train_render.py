import numpy as np
import pytest
import torch

from smallset.mosaic import Grid
from smallset.records import Selection
from smallset.train.render import _batched, _one_by_one, paste, render, to_unit
from smallset.train.views import Drawn, Patch

PATHS = pytest.mark.parametrize("path", [_batched, _one_by_one], ids=["batched", "one by one"])
SIZES = (7, 31, 32, 33, 63, 65, 97, 225)


def tile_boxes(images: int, size: int, factor: int) -> np.ndarray:
    n = images * factor**2
    labels, boxes = np.zeros(n, np.int64), np.zeros((n, 4), np.int32)
    return Grid(factor)(Selection(np.arange(n)), labels, boxes, size=size).tile_box


def pictures(images: int, size: int) -> torch.Tensor:
    return torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (images, 3, size, size), dtype=np.uint8)
    )


def checkerboard(boxes: np.ndarray, size: int) -> tuple[torch.Tensor, np.ndarray]:
    """Canvases whose tiles have distinct constant colours, and the colours (m, tiles, 3)."""
    m, count, _ = boxes.shape
    rng = np.random.default_rng(0)
    colours = np.stack([rng.permutation(256)[:count] for _ in range(m * 3)])
    colours = colours.reshape(m, 3, count).transpose(0, 2, 1).astype(np.uint8)
    canvas = np.zeros((m, 3, size, size), np.uint8)
    for i in range(m):
        for k, (left, top, right, bottom) in enumerate(boxes[i]):
            canvas[i, :, top:bottom, left:right] = colours[i, k, :, None, None]
    return torch.from_numpy(canvas), colours


def naive(image: np.ndarray, box: np.ndarray, flip: bool, size: int) -> np.ndarray:
    """Bilinear enlargement of a box of (3, s, s) in float64, its edge pixels continued outwards."""
    left, top, right, bottom = (int(edge) for edge in box)
    crop = image[:, top:bottom, left:right].astype(np.float64) / 255
    out = np.empty((3, size, size))

    def taps(j: int, extent: int) -> tuple[int, int, float]:
        at = min(max((j + 0.5) * extent / size - 0.5, 0), extent - 1)
        low = int(at)
        return low, min(low + 1, extent - 1), at - low

    for j in range(size):
        y0, y1, v = taps(j, bottom - top)
        for i in range(size):
            x0, x1, u = taps(i, right - left)
            upper = crop[:, y0, x0] * (1 - u) + crop[:, y0, x1] * u
            lower = crop[:, y1, x0] * (1 - u) + crop[:, y1, x1] * u
            out[:, j, i] = upper * (1 - v) + lower * v
    return out[:, :, ::-1] if flip else out


@PATHS
@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("size", SIZES)
def test_no_pixel_of_a_neighbouring_tile_is_sampled(path, size, factor):
    images = 60 if size < 100 else 12
    boxes = tile_boxes(images, size, factor)
    canvas, colours = checkerboard(boxes, size)
    for number, scale in enumerate([(0.0001, 0.001), (0.001, 0.08), (0.08, 1.0), (1.0, 1.0)]):
        views = Patch(scale=scale).draw(boxes, np.arange(images), seed=number, epoch=0)
        middle = (views.box[:, None, :2] + views.box[:, None, 2:]) / 2
        inside = (middle >= boxes[..., :2]) & (middle < boxes[..., 2:])
        tile = inside.all(-1).argmax(1)
        colour = torch.from_numpy(colours[np.arange(images), tile])[:, :, None, None]
        seen = path(canvas, views, size)
        # Between equal neighbours the interpolation itself may be off by a rounding error.
        assert float((seen - colour.float() / 255).abs().max()) <= 2e-7


@PATHS
@pytest.mark.parametrize("size", [*SIZES, 64, 96, 224])
def test_what_lies_outside_the_box_has_no_weight_at_all(path, size):
    images = 60 if size < 100 else 12
    boxes = tile_boxes(images, size, 2)
    for number, scale in enumerate([(0.0001, 0.001), (0.08, 1.0), (1.0, 1.0)]):
        views = Patch(scale=scale).draw(boxes, np.arange(images), seed=number, epoch=0)
        canvas = torch.full((images, 3, size, size), 255, dtype=torch.uint8)
        for i, (left, top, right, bottom) in enumerate(views.box):
            canvas[i, :, top:bottom, left:right] = 0
        assert not path(canvas, views, size).any()


@PATHS
@pytest.mark.parametrize("size", [7, 8, 31, 33, 64, 65, 97])
def test_the_whole_image_comes_back_exactly_and_mirrored_exactly(path, size):
    images = pictures(6, size)
    whole = np.tile(np.array([[0, 0, size, size]], np.int32), (6, 1))
    flip = np.arange(6) % 2 == 1
    wanted = images.float() / 255
    wanted[1::2] = wanted[1::2].flip(-1)
    assert torch.equal(path(images, Drawn(whole, flip), size), wanted)


@PATHS
@pytest.mark.parametrize("size", [8, 32, 33, 65])
def test_a_mirrored_view_is_the_view_mirrored(path, size):
    boxes, images = tile_boxes(20, size, 2), pictures(20, size)
    box = Patch().draw(boxes, np.arange(20), seed=0, epoch=0).box
    plain = path(images, Drawn(box, np.zeros(20, bool)), size)
    mirrored = path(images, Drawn(box, np.ones(20, bool)), size)
    tolerance = 0 if path is _one_by_one else 1e-5
    torch.testing.assert_close(mirrored.flip(-1), plain, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("size", "target"), [(8, 8), (9, 9), (12, 17), (16, 16)])
def test_pixels_are_those_of_naive_bilinear_enlargement(size, target):
    images = pictures(12, size)
    views = Patch().draw(tile_boxes(12, size, 2), np.arange(12), seed=0, epoch=0)
    wanted = np.stack(
        [naive(images[i].numpy(), views.box[i], views.flip[i], target) for i in range(12)]
    )
    np.testing.assert_allclose(_batched(images, views, target).numpy(), wanted, atol=1e-5)
    np.testing.assert_allclose(_one_by_one(images, views, target).numpy(), wanted, atol=1.01 / 255)


@pytest.mark.parametrize("size", [7, 32, 33, 65, 96])
def test_both_paths_agree_within_the_rounding_of_uint8(size):
    images = pictures(24, size)
    for scale in ((0.001, 0.1), (0.08, 1.0), (1.0, 1.0)):
        views = Patch(scale=scale).draw(tile_boxes(24, size, 2), np.arange(24), seed=1, epoch=0)
        difference = _batched(images, views, size) - _one_by_one(images, views, size)
        assert float(difference.abs().max()) <= 1.5 / 255


@pytest.mark.parametrize(("side", "size"), [(32, 32), (96, 96), (16, 40), (96, 32), (32, 7)])
def test_any_size_in_any_size_out_in_the_range_of_a_pixel(side, size):
    views = Patch().draw(tile_boxes(5, side, 2), np.arange(5), seed=0, epoch=0)
    seen = render(pictures(5, side), views, size=size)
    assert seen.shape == (5, 3, size, size)
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1


def test_shrinking_is_antialiased():
    stripes = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    stripes[..., ::2] = 255
    whole = Drawn(np.array([[0, 0, 64, 64]], np.int32), np.array([False]))
    seen = render(stripes, whole, size=8)
    assert float((seen - 0.5).abs().max()) < 0.02


def test_unit_pixels_are_the_bytes_over_255_and_leave_them_alone():
    images = pictures(2, 5)
    before = images.clone()
    seen = to_unit(images)
    assert torch.equal(seen, images.float() / 255)
    assert torch.equal(images, before)


@pytest.mark.parametrize("size", [6, 96])
def test_a_pasted_box_holds_the_partners_pixels_and_nothing_else_changes(size):
    own, partners = to_unit(pictures(4, size)), 1 - to_unit(pictures(4, size))
    before = own.clone()
    boxes = np.array([[0, 0, 6, 6], [1, 2, 5, 3], [3, 3, 3, 6], [0, 0, 1, 1]], np.int32)
    wanted = own.clone()
    for i, (left, top, right, bottom) in enumerate(boxes.tolist()):
        wanted[i, :, top:bottom, left:right] = partners[i, :, top:bottom, left:right]
    assert torch.equal(paste(own, partners, boxes), wanted)
    assert torch.equal(wanted[2], own[2])
    assert torch.equal(own, before)
