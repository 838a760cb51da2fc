"""Class folders: named so that every reader that sorts them gets the same class indices."""

import re
from collections.abc import Sequence

from smallset.data.splits import KEYWORDS, SEPARATORS
from smallset.records import Classes, composed

# Characters that Windows refuses in a name, and the control characters of ASCII and Latin-1.
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]')
# `datasets` takes a folder with one of these words in its name for a split and drops all other
# folders. CIFAR-100 has a class "train". See `smallset.data.splits`.
_WORDS = "|".join(word for words in KEYWORDS.values() for word in words)
_SPLIT_WORD = re.compile(rf"(?<![^{SEPARATORS}])({_WORDS})(?![^{SEPARATORS}])")
_RESERVED = {"manifest.json", "plan.parquet", "readme.md"}
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10)}
_LONGEST = 99


def class_folders(classes: Classes, *, numbered: bool = False) -> tuple[str, ...]:
    """Return a folder name for each class, in index order.

    A folder has the name of its class, with everything replaced that is unsafe on some file system.
    All folders become `<zero-padded index>_<name>` if these names do not sort in index order, or if
    some file system takes two of them for the same name. `numbered` makes them so in any case, for
    sets in which a class has no folder: the other folders must then show their index.
    """
    plain = _plain(classes.names)
    if not numbered and _hindrance(plain) is None:
        return plain
    digits = len(str(len(plain) - 1))
    return tuple(f"{i:0{digits}d}_{_sanitised(name)}" for i, name in enumerate(classes.names))


def renamed_folders(
    classes: Sequence[str], folders: Sequence[str], counts: Sequence[int]
) -> str | None:
    """Say in one line how many class folders are not named like their classes, and why.

    Return None if all are named like their classes. A class without an image (a count of 0) has no
    folder.
    """
    found = zip(classes, folders, counts, strict=True)
    others = [(name, folder) for name, folder, count in found if count and name != folder]
    if not others:
        return None
    plain = _plain(classes)
    if 0 in counts:
        why = "a class without an image has no folder, so the others start with their index"
    elif plain == tuple(folders):
        why = "some file systems or readers do not take such a name"
    else:
        why = f"{_hindrance(plain)}, so the folders start with the index"
    many = f"{len(others):,} class folders have other names than their classes"
    one = "1 class folder has another name than its class"
    name, folder = others[0]
    return f"{one if len(others) == 1 else many}: {name!r} is in {folder!r}; {why}"


def _plain(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name if _is_safe(name) else _sanitised(name) for name in names)


def _hindrance(folders: Sequence[str]) -> str | None:
    """Say why safe names cannot be the names of folders. Return None if they can."""
    if len({_folded(folder) for folder in folders}) < len(folders):
        return "some file systems take two of the names for one folder"
    if list(folders) != sorted(folders):
        return "the names do not sort in the order of the classes, and readers sort"
    return None


def _is_safe(name: str) -> bool:
    # "__" and "." hide a folder from `datasets`, and shells expand "~". Windows refuses the rest.
    return not (
        name == ""
        or name.startswith((".", "__", "~", " "))
        or name.endswith((" ", "."))
        or _FORBIDDEN.search(name)
        or _SPLIT_WORD.search(name)
        or _is_taken(name)
        or any("\ud800" <= character <= "\udfff" for character in name)
        or len(name.encode("utf-8", "surrogatepass")) > _LONGEST
    )


def _is_taken(name: str) -> bool:
    return _folded(name) in _RESERVED or _folded(name).partition(".")[0] in _DEVICES


def _sanitised(name: str) -> str:
    """Return a safe name: "_" replaces unsafe characters, and "train" becomes "traiN".

    As few characters change as possible, and late ones rather than early ones, so that the names
    keep their order.
    """
    text = "".join("_" if "\ud800" <= c <= "\udfff" else c for c in composed(name))
    text = _FORBIDDEN.sub("_", text)
    text = text.encode()[: _LONGEST - 10].decode(errors="ignore")
    text = re.sub("^[._~ ]+|[. ]+$|^$", "_", text)
    text = _SPLIT_WORD.sub(lambda match: match[0][:-1] + match[0][-1].upper(), text)
    if _is_taken(text):
        head, _, tail = text.partition(".")
        text = f"{head}_{tail}"
    return text


def _folded(name: str) -> str:
    """Return a form that is equal for names that differ only in case or Unicode composition."""
    return composed(composed(name).casefold())
