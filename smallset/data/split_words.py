"""The words by which Hugging Face `datasets` knows splits in the names of files and folders."""

import re

# As `datasets.data_files` has them, whose import takes a second; a test compares the two.
KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
SEPARATORS = "-._ 0-9"
"""What may stand on either side of such a word, as in a character class; "/" may too."""


def splits_named(path: str) -> set[str]:
    """Return the splits whose words stand in a path. Words are in lower case."""
    words = set(re.split(rf"[{SEPARATORS}/]+", path))
    return {split for split, names in KEYWORDS.items() if words & set(names)}
