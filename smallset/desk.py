"""The desk: the device, precision, threads, work folder and callbacks with which a verb works."""

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
    """The options that all verbs share.

    `device` is auto, cpu, cuda or cuda:N. `precision` is auto, float32 or bfloat16. `workers` is
    the number of CPU threads (0: all cores). `work` is the folder for files that later calls use
    again (None: the user's cache folder). `cache=False` keeps no decoded pixels there. `skip_bad`
    leaves out unreadable images, `drop_leaks` training images that are also held out. `progress` is
    called during the work, and `opened` once with the opened data.
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
    """The options of a verb with their defaults, see `Options`."""

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
        """The device, precision and threads. Imports torch, so use it as late as possible."""
        return machine(device=self.device, precision=self.precision, workers=self.workers)

    @property
    def options(self) -> Options:
        """The desk as options, for calling another verb."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[return-value]

    @property
    def pixels(self) -> Path | None:
        """The work folder, or None if decoded pixels are not kept there."""
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
    """Check the options and fill in defaults. Raises ValueError or OSError for a wrong option.

    Torch is only imported to check a GPU that `device` names.
    """
    folder = Path(options.get("work") or platformdirs.user_cache_path("smallset"))
    desk = Desk(**options | {"work": folder})  # type: ignore[arg-type]  # no longer None
    check_words(device=desk.device, precision=desk.precision, workers=desk.workers)
    if desk.device.startswith("cuda"):
        _ = desk.machine
    check_work(folder)
    return desk
