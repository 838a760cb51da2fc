"""manifest.json: what a set is and how it was made."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from smallset.data.tree import is_set
from smallset.records import Fit
from smallset.store.training_set import Seeds, SetFacts
from smallset.typed import Positive, Share, Whole, json_value, typed

MANIFEST = "manifest.json"
FORMAT_VERSION = 2

_AGAIN = "It was edited or damaged: restore it, or make the set again."


@dataclass(frozen=True)
class Origin:
    """The source that a set was made from.

    `given` is its name: the last part of its folder's path, "digits", or the Hub's owner/name.
    `images` and `bytes` are the size of its training split, as encoded. `held_out` says which
    images were held out. `skipped` are the ids of the bad files that were left out.
    """

    given: str
    fingerprint: str
    split: str
    images: Whole
    bytes: Whole
    held_out: str
    skipped: tuple[str, ...]

    @property
    def name(self) -> str:
        """The source's name, without the path that earlier versions wrote before the name."""
        return self.given.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or self.given


@dataclass(frozen=True)
class Asked:
    """The budget that was asked for, as its text, such as `ipc=10`.

    `short` names the classes that had too few images, and gave as many as fill whole canvases.
    """

    budget: str
    short: tuple[str, ...] = ()

    def is_said_by(self, counts: Sequence[int]) -> bool:
        """Return whether `counts`, the images of each class, already tell the budget."""
        return not self.short and {f"ipc={count}" for count in counts} == {self.budget}

    @property
    def stored(self) -> Mapping[str, object]:
        """The value in manifest.json, which the digest covers."""
        return {"budget": self.budget, "short": self.short}


@dataclass(frozen=True)
class _AskedBefore(Asked):
    """`Asked` from a manifest of an earlier version.

    `written` is the value as it was written, so that the digest of the manifest stays the same.
    """

    written: Mapping[str, object] = field(default_factory=dict)

    @property
    def stored(self) -> Mapping[str, object]:
        """The value as the earlier version wrote it."""
        return self.written


@dataclass(frozen=True)
class About:
    """The facts about a set that only the caller knows: fields of `Manifest` and `Origin`."""

    method: str
    spec: str
    seeds: Seeds
    given: str
    held_out: str
    fit: Fit
    view: str
    precision: str
    device: str
    made_with: Mapping[str, str] = field(default_factory=dict)
    asked: Asked | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest(SetFacts):
    """Everything about a set except its list of files, which is in plan.parquet.

    `folders` are the folder names in the order of the classes; the folder of a class without images
    does not exist. `asked` is None if the counts tell the budget. `sheet` is the side of the sheets
    in pixels, None if every file is one image. `format_version` is the version of the manifest's
    format, `smallset` the version of the package that wrote the set.
    """

    smallset: str
    source: Origin
    folders: tuple[str, ...]
    precision: str
    device: str
    format_version: Positive = FORMAT_VERSION
    asked: Asked | None = None
    sheet: Positive | None = None

    @property
    def canvas(self) -> int:
        """The side in pixels of what a file shows: of a sheet, or of one image."""
        return self.sheet or self.size

    @property
    def budget(self) -> str | None:
        """The budget as its text, None if it is unknown."""
        if self.asked is not None:
            return self.asked.budget
        return None if self.ipc is None else f"ipc={self.ipc}"

    @property
    def digest(self) -> str:
        """The sha256 of everything else in manifest.json, which identifies the set."""
        return _digest(self._values())

    def to_json(self) -> str:
        """Return the text of manifest.json. Equal manifests give equal text."""
        return _canonical({**self._values(), "digest": self.digest}) + "\n"

    def _values(self) -> dict[str, object]:
        skipped = {"count": len(self.source.skipped), "ids": self.source.skipped}
        # A field that is None is left out, so that sets from before this field keep their digest.
        later = {"asked": self.asked and self.asked.stored, "sheet": self.sheet}
        return {
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name not in later},
            **{name: value for name, value in later.items() if value is not None},
            "images": self.images,
            "ipc": self.ipc,
            "made_with": dict(self.made_with),
            "seeds": vars(self.seeds),
            "source": {**vars(self.source), "skipped": skipped},
        }


def read_manifest(folder: Path, *, trust: bool = False) -> Manifest:
    """Read the manifest of the set in `folder`. With `trust` the digest is not compared.

    Raises ValueError if there is no manifest, if it was damaged or edited, or if an older or newer
    smallset wrote it in another format.
    """
    path = folder / MANIFEST
    if not path.is_file() and is_set(folder):
        lost = [name for name in (MANIFEST, "plan.parquet") if not (folder / name).is_file()]
        raise ValueError(
            f"'{folder}' is a set that smallset wrote, but lacks {' and '.join(lost)}. Needed the "
            "whole set, with manifest.json and plan.parquet. Restore it, or make the set again."
        )
    if not path.is_file():
        raise ValueError(
            f"'{folder}' has no {MANIFEST}, so it is not a set that smallset wrote. "
            f"Give the folder that `smallset compress` made."
        )
    where = f"'{path}'"
    value = json_value(path.read_bytes(), where=where, advice=_AGAIN)
    version = typed(value, _Version, where=where, advice=_AGAIN, more=True).format_version
    if version < FORMAT_VERSION:
        raise ValueError(
            f"{where} has format version {version}, made by an older smallset, whose plan does "
            f"not say which images are shown; this one reads {FORMAT_VERSION}. Make the set again."
        )
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{where} has format version {version}, made by a newer smallset; this one reads up "
            f"to {FORMAT_VERSION}. Upgrade it: pip install --upgrade smallset."
        )
    assert isinstance(value, dict)
    said = typed(value, _Said, where=where, advice=_AGAIN, more=True)
    if not trust and said.digest != _found_digest(value):
        raise ValueError(
            f"{where} was edited: its content does not match its digest. Restore it, or make the "
            f"set again with the options you want."
        )
    rest = {key: of for key, of in value.items() if key not in ("images", "ipc", "digest")}
    source = rest.get("source")
    if isinstance(source, dict) and isinstance(skipped := source.get("skipped"), dict):
        rest["source"] = {**source, "skipped": skipped.get("ids")}
    before = _asked_before(rest.get("asked"), where)
    if before is not None:
        rest["asked"] = {"budget": before.budget, "short": before.short}
    manifest = typed(rest, Manifest, where=where, advice=_AGAIN)
    _check(manifest, said, where)
    return manifest if before is None else replace(manifest, asked=before)


@dataclass(frozen=True)
class _Version:
    format_version: Positive


@dataclass(frozen=True)
class _Said:
    """The fields of manifest.json that are computed from the fields of `Manifest`."""

    digest: str
    images: Whole
    ipc: Whole | None


@dataclass(frozen=True)
class _Numbers:
    """`asked` as earlier versions wrote it: `ipc` or `keep` holds the budget, the other is null."""

    ipc: Positive | None
    keep: Share | None
    short: tuple[str, ...]


def _asked_before(value: object, where: str) -> _AskedBefore | None:
    """Read an `asked` of an earlier version; None for any other value."""
    if not isinstance(value, dict) or value.keys() != {"ipc", "keep", "short"}:
        return None
    said = typed(value, _Numbers, where=f"{where}: 'asked'", advice=_AGAIN)
    budgets = [f"{n}={v}" for n, v in (("ipc", said.ipc), ("keep", said.keep)) if v is not None]
    if len(budgets) != 1:
        raise ValueError(
            f"{where} holds 'asked' with ipc={said.ipc} and keep={said.keep}, but needs one of "
            f"them. {_AGAIN}"
        )
    return _AskedBefore(budgets[0], said.short, value)


def _check(manifest: Manifest, said: _Said, where: str) -> None:
    """Raise ValueError if fields contradict each other or a folder leads out of the set."""
    lengths = len(manifest.classes), len(manifest.folders), len(manifest.counts)
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{where} has {lengths[0]} classes, {lengths[1]} folders and {lengths[2]} counts, "
            f"but needs as many of each. Restore it, or make the set again."
        )
    for folder in manifest.folders:
        if not is_plain(folder):
            raise ValueError(
                f"{where} holds the class folder {folder!r}, but needs a plain name inside the "
                f"set. Do not use this set: get it from its maker again."
            )
    if (said.images, said.ipc) != (manifest.images, manifest.ipc):
        raise ValueError(
            f"{where} says images={said.images} and ipc={said.ipc}, but its counts make "
            f"{manifest.images} and {manifest.ipc}. Restore it, or make the set again."
        )


def is_plain(name: str) -> bool:
    """Return whether the name of a file or folder cannot lead out of its folder."""
    return name not in ("", ".", "..") and not set("/\\:\0") & set(name)


def _canonical(values: dict[str, object]) -> str:
    # ASCII keeps any name, even one that is not valid Unicode.
    return json.dumps(values, sort_keys=True, indent=1, allow_nan=False)


def _digest(values: dict[str, object]) -> str:
    return hashlib.sha256(_canonical(values).encode()).hexdigest()


def _found_digest(values: dict[str, object]) -> str | None:
    """Return the digest of values that were read, None if JSON cannot write them."""
    try:
        return _digest({key: value for key, value in values.items() if key != "digest"})
    except (ValueError, RecursionError):
        return None
