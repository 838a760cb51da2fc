"""The renderer of views against Pillow, against no rendering at all, and its two ways compared.

Pillow takes an image at a time, as usual: crop, bilinear resize, mirror, to a float tensor. "No
rendering" only turns the same uint8 batch into network input, the least that any loop must do. The
last block times the renderer's two ways against each other: one `grid_sample` for the whole batch,
against an antialiased resize for each image. `_BATCHED_UP_TO` in smallset/train/render.py is the
largest side at which the first way is faster.

    python benchmarks/views.py [--threads 1] [--json FILE]
"""

import numpy as np
import torch
from paired import Session, parser
from PIL import Image
from torch import Tensor

from smallset.shapes import Float32, UInt8
from smallset.train.device import Machine
from smallset.train.render import _batched, _one_by_one, render, to_unit
from smallset.train.views import Drawn, Patch

BATCH = 50
SIZES = (32, 64, 96, 224)
CROSSING = (32, 48, 64, 80, 96, 128, 224)


def main() -> None:
    session = Session(parser(__doc__, rounds=9))
    for size in SIZES:
        against_peers(size, session)
    for size in CROSSING:
        ways(size, session)
    session.write()


def against_peers(size: int, session: Session) -> None:
    """Compare the renderer with Pillow and with not rendering, at one image size."""
    images, drawn = batch(size, session.desk)

    def ours() -> int:
        return len(render(images, drawn, size=size))

    def pillow() -> int:
        return len(with_pillow(images.cpu(), drawn, size).to(session.desk.device))

    def nothing() -> int:
        return len(to_unit(images))

    session.compare(f"render against Pillow, {size} px", ours, pillow, seconds=0.1)
    session.compare(f"render against no rendering, {size} px", ours, nothing, seconds=0.1)


def ways(size: int, session: Session) -> None:
    """Compare the renderer's two ways at one image size."""
    images, drawn = batch(size, session.desk)

    def batched() -> int:
        return len(_batched(images, drawn, size))

    def one_by_one() -> int:
        return len(_one_by_one(images, drawn, size))

    session.compare(f"batched against one by one, {size} px", batched, one_by_one, seconds=0.1)


def batch(size: int, desk: Machine) -> tuple[UInt8[Tensor, "b 3 s s"], Drawn]:
    """Return random canvases of 2 x 2 tiles as the loop holds them, and views of them."""
    draw = np.random.default_rng(0)
    pixels = torch.from_numpy(draw.integers(0, 256, (BATCH, 3, size, size), dtype=np.uint8))
    half = size // 2
    corners = [(0, 0), (half, 0), (0, half), (half, half)]
    tiles = np.array([(x, y, x + half, y + half) for x, y in corners], np.int32)
    tile_box = np.broadcast_to(tiles, (BATCH, 4, 4))
    return pixels.to(desk.device), Patch().draw(tile_box, np.arange(BATCH), seed=0, epoch=0)


def with_pillow(
    images: UInt8[Tensor, "b 3 s s"], drawn: Drawn, size: int
) -> Float32[Tensor, "b 3 s s"]:
    """Render image by image as a transform does: crop, resize, mirror, float tensor, stack."""
    views = []
    held = images.permute(0, 2, 3, 1).numpy()
    for pixels, box, flip in zip(held, drawn.box.tolist(), drawn.flip, strict=True):
        view = Image.fromarray(pixels).crop(box)
        view = view.resize((size, size), Image.Resampling.BILINEAR)
        if flip:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        views.append(torch.from_numpy(np.array(view)).permute(2, 0, 1).float().div_(255))
    return torch.stack(views)


if __name__ == "__main__":
    main()
