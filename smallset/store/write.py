"""Write a plan as a set: image files by class, plan.parquet, manifest.json and README.md."""

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset, cores, ordered
from smallset.files import check_output, whole_folder, write_file, writing
from smallset.fingerprint import smallset_version
from smallset.parallel import Workers
from smallset.records import Plan, Progress
from smallset.store.card import CARD, card
from smallset.store.chunks import drawn_apart
from smallset.store.codec import Codec, check_original, extension_of, own_bytes
from smallset.store.folders import class_folders
from smallset.store.manifest import MANIFEST, About, Manifest, Origin
from smallset.store.plan_table import PLAN, ImageFile, plan_bytes
from smallset.store.read import CompressedDataset, open_set
from smallset.store.render import check_plan, render

# At least five digits: a set of ipc 10 has the first ten file names of a set of ipc 1000.
_DIGITS = 5


def write(
    plan: Plan,
    dataset: ImageDataset,
    out: Path,
    *,
    codec: Codec,
    about: About,
    workers: int,
    may_vanish: bool = False,
    spread: Workers | None = None,
    progress: Progress | None = None,
) -> CompressedDataset:
    """Draw every canvas of `plan` and write the set to the new folder `out`.

    With `may_vanish` a class may have no image: it has no folder then, and all others are numbered.
    The codec "original" draws nothing and copies the bytes of each image. Canvases are drawn in
    `workers` threads (0: one a core), at most two a thread at a time in memory, or by the workers
    `spread`; the bytes written do not depend on it. Files sort in order of choice. `progress` hears
    of ("write", images done, images in all). The folder appears whole or not at all. Raises as
    `check_output`, `check_plan` and `check_original`, and OSError where the disk is full or
    read-only.
    """
    check_output(out)
    check_plan(plan, dataset, may_vanish=may_vanish)
    if codec.is_original:
        check_original(plan, dataset, about.fit)
    filled = np.bincount(plan.label, minlength=len(dataset.classes)) > 0
    folders = class_folders(dataset.classes, numbered=not filled.all())
    stems = _stems(plan, folders)
    with whole_folder(out) as partial:
        with writing(out):
            for label in np.flatnonzero(filled):
                (partial / folders[label]).mkdir()

        def keep(row: int, encoded: bytes) -> ImageFile:
            path = f"{stems[row]}.{extension_of(encoded)}"
            with writing(out):
                write_file(partial / path, encoded)
            return ImageFile(path, hashlib.sha256(encoded).hexdigest(), len(encoded))

        def draw(row: int) -> ImageFile:
            return keep(row, _encoded(plan, row, dataset, codec))

        if spread is None or codec.is_original:
            files = _drawn(draw, len(stems), workers or cores(), progress)
        else:
            files = _kept(drawn_apart(plan, dataset, codec, spread), keep, len(stems), progress)
        content = plan_bytes(plan, files, dataset)
        manifest = _manifest(plan, dataset, codec, about, folders, files, content)
        with writing(out):
            write_file(partial / PLAN, content)
            write_file(partial / CARD, card(manifest).encode())
            write_file(partial / MANIFEST, manifest.to_json().encode())
    return open_set(out)


def _stems(plan: Plan, folders: tuple[str, ...]) -> list[str]:
    """Give each canvas its path inside the set, less the extension: class folder and rank in it."""
    ranks = np.zeros(len(folders), dtype=np.int64)
    digits = max(_DIGITS, len(str(int(np.bincount(plan.label).max()) - 1)))
    stems: list[str] = []
    for label in plan.label:
        stems.append(f"{folders[label]}/{ranks[label]:0{digits}d}")
        ranks[label] += 1
    return stems


def _encoded(plan: Plan, row: int, dataset: ImageDataset, codec: Codec) -> bytes:
    if codec.is_original:
        return own_bytes(dataset, int(plan.source[row, 0]))
    return codec.encode(render(plan, row, dataset))


def _drawn(
    draw: Callable[[int], ImageFile], rows: int, threads: int, progress: Progress | None
) -> list[ImageFile]:
    files: list[ImageFile] = []
    # Closing waits for the canvases in flight: nothing may write into a folder being removed.
    with closing(ordered(draw, range(rows), threads=threads)) as drawn:
        for file in drawn:
            files.append(file)
            if progress is not None:
                progress("write", len(files), rows)
    return files


def _kept(
    drawn: Generator[tuple[int, bytes], None, None],
    keep: Callable[[int, bytes], ImageFile],
    rows: int,
    progress: Progress | None,
) -> list[ImageFile]:
    """Write what workers have drawn, and give the files in the order of the plan."""
    files: dict[int, ImageFile] = {}
    with closing(drawn):
        for row, encoded in drawn:
            files[row] = keep(row, encoded)
            if progress is not None:
                progress("write", len(files), rows)
    return [files[row] for row in range(rows)]


def _manifest(
    plan: Plan,
    dataset: ImageDataset,
    codec: Codec,
    about: About,
    folders: tuple[str, ...],
    files: list[ImageFile],
    plan_content: bytes,
) -> Manifest:
    counts = tuple(np.bincount(plan.label, minlength=len(folders)).tolist())
    asked = about.asked
    return Manifest(
        smallset=smallset_version(),
        method=about.method,
        spec=about.spec,
        seeds=about.seeds,
        source=Origin(
            given=about.given,
            fingerprint=dataset.fingerprint,
            split=dataset.split,
            images=len(dataset),
            bytes=dataset.encoded_bytes,
            held_out=about.held_out,
            skipped=dataset.skipped,
        ),
        classes=dataset.classes.names,
        folders=folders,
        counts=counts,
        size=plan.size,
        fit=about.fit,
        view=about.view,
        codec=str(codec),
        precision=about.precision,
        device=about.device,
        made_with=about.made_with,
        image_bytes=sum(f.bytes for f in files),
        plan_sha256=hashlib.sha256(plan_content).hexdigest(),
        asked=None if asked is None or asked.is_said_by(counts) else asked,
    )
