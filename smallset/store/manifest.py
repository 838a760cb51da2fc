"""manifest.json: what a set is and how it was made."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from smallset.records import Fit
from smallset.store.fields import Fields

MANIFEST = "manifest.json"
FORMAT_VERSION = 2

_FITS: dict[str, Fit] = {"squash": "squash", "crop": "crop", "pad": "pad"}


@dataclass(frozen=True)
class Seeds:
    """The seeds of a set: `set` is None for a foreign one, `observer` where no network looked."""

    set: int | None
    observer: int | None


@dataclass(frozen=True)
class Source:
    """What a set was made from.

    `given` is the source's name (its folder's without the path, "digits", or the Hub's owner/name),
    `images` and `bytes` count its training split as encoded, `held_out` says how held-out data was
    settled, `skipped` are the ids of the bad files left out.
    """

    given: str
    fingerprint: str
    split: str
    images: int
    bytes: int
    held_out: str
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """The budget that was asked for, as its text, for example `ipc=10`.

    `short` names the classes that had fewer images than asked and gave all whole canvases of them.
    """

    budget: str
    short: tuple[str, ...] = ()

    def is_said_by(self, counts: Sequence[int]) -> bool:
        """Say whether the counts of a set say as much."""
        return not self.short and {f"ipc={count}" for count in counts} == {self.budget}


@dataclass(frozen=True)
class Manifest:
    """Everything about a set but its files, which are in plan.parquet.

    `method` is as the user typed it, `spec` the whole spec with every option. `classes`, `folders`
    and `counts` (images a class) stand in index order; `ipc` is None where the counts differ. A
    class of 0 images has a folder's name and no folder. `asked` is None where the counts say it.
    `size` is in pixels, `view` a spec such as "patch(scale=(0.08, 1.0))", `image_bytes` the sum of
    the image files. `made_with` describes the observer and so on. `format_version` counts changes
    of this format; `smallset` is the version of the package that wrote.
    """

    smallset: str
    method: str
    spec: str
    seeds: Seeds
    source: Source
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    counts: tuple[int, ...]
    size: int
    fit: Fit
    view: str
    codec: str
    precision: str
    device: str
    made_with: Mapping[str, str]
    image_bytes: int
    plan_sha256: str
    format_version: int = FORMAT_VERSION
    asked: Asked | None = None

    @property
    def images(self) -> int:
        """The number of images."""
        return sum(self.counts)

    @property
    def ipc(self) -> int | None:
        """The images per class, or None where classes differ in it."""
        return self.counts[0] if len(set(self.counts)) == 1 else None

    @property
    def budget(self) -> str | None:
        """The budget as its text; None if neither the counts nor `asked` say it."""
        if self.asked is not None:
            return self.asked.budget
        return None if self.ipc is None else f"ipc={self.ipc}"

    @property
    def vanished(self) -> tuple[str, ...]:
        """The classes without an image, which an unbalanced selection may leave behind."""
        return tuple(name for name, n in zip(self.classes, self.counts, strict=True) if n == 0)

    @property
    def digest(self) -> str:
        """The sha256 of everything else in manifest.json: what names this very set."""
        return _digest(self._values())

    def to_json(self) -> str:
        """Give the text of manifest.json; equal manifests give equal text."""
        return _canonical({**self._values(), "digest": self.digest}) + "\n"

    def _values(self) -> dict[str, object]:
        skipped = {"count": len(self.source.skipped), "ids": self.source.skipped}
        # Left out where there is none, so that sets made before there was any keep their digest.
        asked = {} if self.asked is None else {"asked": vars(self.asked)}
        return {
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name != "asked"},
            **asked,
            "images": self.images,
            "ipc": self.ipc,
            "made_with": dict(self.made_with),
            "seeds": vars(self.seeds),
            "source": {**vars(self.source), "skipped": skipped},
        }


def read_manifest(folder: Path, *, trust: bool = False) -> Manifest:
    """Read the manifest of the set in `folder`; `trust` leaves out the digest.

    Raises ValueError where there is none, where it is damaged or edited, and where a newer
    smallset wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ValueError(
            f"'{folder}' has no {MANIFEST}, so it is not a set that smallset wrote. "
            f"Give the folder that `smallset compress` made."
        )
    try:
        value = json.loads(path.read_bytes(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"'{path}' is not valid JSON ({error}). It was edited or damaged: restore it, or make "
            f"the set again."
        ) from error
    top = Fields(value, f"'{path}'")
    version = top.number("format_version", 1)
    if version < FORMAT_VERSION:
        raise ValueError(
            f"'{path}' has format version {version}, made by an older smallset, whose plan does "
            f"not say which images are shown; this one reads {FORMAT_VERSION}. Make the set again."
        )
    if version > FORMAT_VERSION:
        raise ValueError(
            f"'{path}' has format version {version}, made by a newer smallset; this one reads up "
            f"to {FORMAT_VERSION}. Upgrade it: pip install --upgrade smallset."
        )
    digest = top.text("digest")
    if not trust and digest != _found_digest(top.values):
        raise ValueError(
            f"'{path}' was edited: its content does not match its digest. Restore it, or make the "
            f"set again with the options you want."
        )
    manifest = _manifest(top)
    _check(manifest, top)
    return manifest


def _manifest(top: Fields) -> Manifest:
    top.only([*(f.name for f in fields(Manifest)), "images", "ipc", "digest"])
    seeds, source = top.inner("seeds"), top.inner("source")
    seeds.only(f.name for f in fields(Seeds))
    source.only(f.name for f in fields(Source))
    fit = _FITS.get(top.text("fit"))
    if fit is None:
        raise ValueError(
            f"{top.where} holds 'fit' = {top.text('fit')!r}, but needs {', '.join(_FITS)} there. "
            f"It was edited or damaged: restore it, or make the set again."
        )
    return Manifest(
        format_version=top.number("format_version", 1),
        smallset=top.text("smallset"),
        method=top.text("method"),
        spec=top.text("spec"),
        seeds=Seeds(seeds.number("set"), seeds.number_or_none("observer")),
        source=Source(
            given=source.text("given"),
            fingerprint=source.text("fingerprint"),
            split=source.text("split"),
            images=source.number("images"),
            bytes=source.number("bytes"),
            held_out=source.text("held_out"),
            skipped=source.inner("skipped").texts("ids"),
        ),
        classes=top.texts("classes"),
        folders=top.texts("folders"),
        counts=top.numbers("counts"),
        size=top.number("size", 1),
        fit=fit,
        view=top.text("view"),
        codec=top.text("codec"),
        precision=top.text("precision"),
        device=top.text("device"),
        made_with=top.mapping("made_with"),
        image_bytes=top.number("image_bytes"),
        plan_sha256=top.text("plan_sha256"),
        asked=_asked(top.inner("asked")) if "asked" in top.values else None,
    )


def _asked(inner: Fields) -> Asked:
    inner.only(f.name for f in fields(Asked))
    return Asked(inner.text("budget"), inner.texts("short"))


def _check(manifest: Manifest, top: Fields) -> None:
    """Refuse lists that contradict each other, and folders that lead out of the set."""
    lengths = len(manifest.classes), len(manifest.folders), len(manifest.counts)
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{top.where} has {lengths[0]} classes, {lengths[1]} folders and {lengths[2]} counts, "
            f"but needs as many of each. Restore it, or make the set again."
        )
    for folder in manifest.folders:
        if folder in ("", ".", "..") or any(c in folder for c in "/\\:\0"):
            raise ValueError(
                f"{top.where} holds the class folder {folder!r}, but needs a plain name inside the "
                f"set. Do not use this set: get it from its maker again."
            )
    said = top.number("images"), top.number_or_none("ipc")
    if said != (manifest.images, manifest.ipc):
        raise ValueError(
            f"{top.where} says images={said[0]} and ipc={said[1]}, but its counts make "
            f"{manifest.images} and {manifest.ipc}. Restore it, or make the set again."
        )


def _canonical(values: dict[str, object]) -> str:
    # ASCII: any name survives, even one that is not valid Unicode
    return json.dumps(values, sort_keys=True, indent=1, allow_nan=False)


def _digest(values: dict[str, object]) -> str:
    return hashlib.sha256(_canonical(values).encode()).hexdigest()


def _found_digest(values: dict[str, object]) -> str | None:
    """Return the digest of what was read; None if it is nested too deeply or too large to write."""
    try:
        return _digest({key: value for key, value in values.items() if key != "digest"})
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
