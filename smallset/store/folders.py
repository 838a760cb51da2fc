"""Class folders: named so that every reader that sorts them gets the same class indices."""

import re
import unicodedata

from smallset.records import Classes

# What Windows refuses in a name, and the control characters of ASCII and Latin-1.
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]')
# `datasets` takes a folder with such a word for a split and drops the others: CIFAR-100 has a class
# "train" (datasets.data_files, SPLIT_KEYWORDS and the patterns made of them).
_SPLIT_WORD = re.compile(
    r"(?<![^-._ 0-9])"
    r"(train|training|validation|valid|dev|val|test|testing|eval|evaluation)"
    r"(?![^-._ 0-9])"
)
_RESERVED = {"manifest.json", "plan.parquet", "readme.md"}
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10)}
_LONGEST = 99


def class_folders(classes: Classes, *, numbered: bool = False) -> tuple[str, ...]:
    """Give one folder name a class, in index order.

    The folder is the name itself where all names are safe on every file system and already sort in
    index order. Otherwise, or where they are to be `numbered` (a folder will be missing, and the
    others are to say their index), every class, so that a set looks of one piece, becomes
    `<zero-padded index>_<name>` with what is unsafe replaced by "_".
    """
    names = classes.names
    twins = len({_folded(name) for name in names}) < len(names)
    if (
        not numbered
        and not twins
        and list(names) == sorted(names)
        and all(_is_safe(name) for name in names)
    ):
        return names
    digits = len(str(len(names) - 1))
    return tuple(f"{i:0{digits}d}_{_sanitised(name)}" for i, name in enumerate(names))


def _is_safe(name: str) -> bool:
    # "__" and "." hide a folder from `datasets`; "#", "%", "[" and the like mean something in its
    # globs and URLs; "~" to shells; the rest to Windows.
    return not (
        name in ("", ".", "..")
        or name.startswith((".", "__", "~", " "))
        or name.endswith((" ", "."))
        or _FORBIDDEN.search(name)
        or _SPLIT_WORD.search(name)
        or _folded(name) in _RESERVED
        or _folded(name).partition(".")[0] in _DEVICES
        or any("\ud800" <= character <= "\udfff" for character in name)
        or len(name.encode("utf-8", "surrogatepass")) > _LONGEST
    )


def _sanitised(name: str) -> str:
    """Keep what is safe behind "<index>_"; a word that `datasets` takes for a split: "Train"."""
    text = unicodedata.normalize("NFC", name)
    text = "".join("_" if "\ud800" <= c <= "\udfff" else c for c in text)
    text = _FORBIDDEN.sub("_", text)
    text = text.encode()[: _LONGEST - 10].decode(errors="ignore").rstrip(" .")
    return _SPLIT_WORD.sub(lambda match: match[0].capitalize(), text)


def _folded(name: str) -> str:
    """What file systems that ignore case and composition make of a name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
