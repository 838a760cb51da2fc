"""The desk: where and how the work of a verb is done, where it is kept, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TypedDict, Unpack

import platformdirs

from smallset.data import Data, ImageDataset, Pixels, View, pixel_cache
from smallset.data.work import check_work
from smallset.records import Progress
from smallset.train.device import Machine, check_words, machine


class Options(TypedDict, total=False):
    """What every verb takes besides its own options.

    `device` is auto, cpu, cuda or cuda:N, `precision` auto, float32 or bfloat16, `workers` the CPU
    threads (0: all cores). `work` is the folder that keeps what a later call can use again (None:
    the user's cache folder); `cache=False` keeps no decoded pixels there. `skip_bad` goes on
    without unreadable images, `drop_leaks` without training images that are also held out.
    `progress` is told of the work, and `opened` of the data, before the work begins.
    """

    device: str
    precision: str
    workers: int
    work: str | Path | None
    cache: bool
    skip_bad: bool
    drop_leaks: bool
    progress: Progress | None
    opened: Callable[[Data], None] | None


@dataclass(frozen=True)
class Desk:
    """The options of a verb, settled: see `Options`."""

    work: Path
    device: str = "auto"
    precision: str = "auto"
    workers: int = 0
    cache: bool = True
    skip_bad: bool = False
    drop_leaks: bool = False
    progress: Progress | None = None
    opened: Callable[[Data], None] | None = None

    @cached_property
    def machine(self) -> Machine:
        """The device, precision and threads. Asked for late, since this imports torch."""
        return machine(device=self.device, precision=self.precision, workers=self.workers)

    @property
    def options(self) -> Options:
        """The same as options, for a verb that is to work at this desk."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[return-value]

    @property
    def pixels(self) -> Path | None:
        """The work folder, if decoded pixels are kept there."""
        return self.work if self.cache else None

    def decoded(self, images: ImageDataset, size: int, *, view: View) -> Pixels:
        """Return images at `size` pixels: see `pixel_cache`."""
        return pixel_cache(
            images,
            size,
            view=view,
            work=self.pixels,
            workers=self.workers,
            progress=self.progress,
        )


def desk_for(**options: Unpack[Options]) -> Desk:
    """Settle the options. Raises ValueError or OSError for whatever is wrong with them.

    Only whether a GPU that is named is there needs torch.
    """
    folder = Path(options.get("work") or platformdirs.user_cache_path("smallset"))
    desk = Desk(**options | {"work": folder})  # type: ignore[arg-type]  # no longer None
    check_words(device=desk.device, precision=desk.precision, workers=desk.workers)
    if desk.device.startswith("cuda"):
        _ = desk.machine
    check_work(folder)
    return desk
