"""Write canvases as a set: image files by class, plan.parquet, manifest.json and README.md."""

import hashlib
from contextlib import closing
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.files import check_output, whole_folder, write_file, writing
from smallset.fingerprint import smallset_version
from smallset.records import Plan
from smallset.store.canvases import Canvases, check_plan
from smallset.store.card import CARD, card
from smallset.store.codec import Codec, extension_of
from smallset.store.folders import class_folders
from smallset.store.images import ImageFile
from smallset.store.manifest import MANIFEST, About, Manifest, Origin
from smallset.store.parts import Encoding, Parts
from smallset.store.past import PAST
from smallset.store.plan_table import PLAN, class_ranks, plan_bytes
from smallset.store.read import CompressedDataset, open_set

# The least number of digits in a file name, so that small and large sets share their names.
_DIGITS = 5


def write(
    canvases: Canvases,
    dataset: ImageDataset,
    out: Path,
    *,
    by: Encoding,
    about: About,
    may_vanish: bool = False,
    ordered: bool = False,
) -> CompressedDataset:
    """Draw every canvas and write the set, made from `dataset`, to the new folder `out`.

    Files sort in order of choice. `ordered` says that the first files of each class are the set of
    a smaller budget. With `may_vanish` a class may be without images: then it has no folder, and
    the other folders are numbered. The codec "original" copies the bytes of each image and draws
    nothing. Parts that `by` keeps are removed after the set was written. Progress is reported as
    ("write", files done, files in all). The folder appears whole or not at all.

    Raises ValueError if the plan cannot be drawn from `dataset` or its images cannot be copied, and
    OSError if `out` exists or cannot be written.
    """
    plan = canvases.plan
    check_output(out)
    check_plan(plan, dataset, may_vanish=may_vanish)
    if by.codec.is_original:
        canvases.check_copies(about.fit)
    filled = np.bincount(plan.label, minlength=len(dataset.classes)) > 0
    folders = class_folders(dataset.classes, numbered=not filled.all())
    stems = _stems(plan, folders)
    parts = Parts(canvases, by)
    with whole_folder(out) as partial:
        with writing(out):
            for label in np.flatnonzero(filled):
                (partial / folders[label]).mkdir()
        files: dict[int, ImageFile] = {}
        # Closing waits for unfinished canvases, so that none is drawn while the folder is removed.
        with closing(parts.encoded()) as encoded:
            for row, content in encoded:
                path = f"{stems[row]}.{extension_of(content)}"
                with writing(out):
                    write_file(partial / path, content)
                files[row] = ImageFile(path, hashlib.sha256(content).hexdigest(), len(content))
                if by.progress is not None:
                    by.progress("write", len(files), len(stems))
        in_order = [files[row] for row in range(len(stems))]
        content = plan_bytes(plan, in_order, dataset)
        manifest = _manifest(plan, dataset, by.codec, about, folders, in_order, content)
        with writing(out):
            write_file(partial / PLAN, content)
            write_file(partial / CARD, card(manifest, ordered=ordered).encode())
            for picture in parts.pictures:
                write_file(partial / PAST, picture)
            write_file(partial / MANIFEST, manifest.to_json().encode())
    parts.forget()
    return open_set(out)


def _stems(plan: Plan, folders: tuple[str, ...]) -> list[str]:
    """Return each canvas's path in the set without its extension: class folder and rank."""
    ranks = class_ranks(plan.label)
    digits = max(_DIGITS, len(str(ranks.max())))
    return [
        f"{folders[label]}/{rank:0{digits}d}" for label, rank in zip(plan.label, ranks, strict=True)
    ]


def _manifest(
    plan: Plan,
    dataset: ImageDataset,
    codec: Codec,
    about: About,
    folders: tuple[str, ...],
    files: list[ImageFile],
    plan_content: bytes,
) -> Manifest:
    counts = plan.counts(len(folders))
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
        size=plan.image_size or plan.size,
        sheet=None if plan.image_size is None else plan.size,
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
