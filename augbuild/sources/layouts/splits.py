"""Names of split folders, as the field writes them: `train`, `Training`, `val_set`, `test2017`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from augbuild.sources.dataset import Split

SPLIT_WORDS: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
"""SPLIT_KEYWORDS of Hugging Face datasets."""

# What people write beside the word: training_set, TestImages, dataset-train.
_FILLERS = (
    "set|sets|split|data|dataset|image|images|img|imgs|photo|photos|picture|pictures|pics|"
    "sample|samples|file|files|folder|dir"
)
# Longest first, so that `training` is not read as `train` and a rest.
_WORDS = "|".join(sorted(SPLIT_WORDS, key=len, reverse=True))
_SPLIT_NAME = re.compile(rf"(?:{_FILLERS})*({_WORDS})(?:{_FILLERS})*")
_SEPARATORS = re.compile(r"[\W\d_]+")


def split_of(name: str) -> Split | None:
    """Return the split that a folder's name stands for, in any case and with digits; else None."""
    # Without separators and digits: train2017, test_set and "Test (1)" are all meant so.
    letters = _SEPARATORS.sub("", name.casefold())
    match = _SPLIT_NAME.fullmatch(letters)
    return SPLIT_WORDS[match[1]] if match else None


def find_splits(names: Iterable[str]) -> dict[str, Split]:
    """Return the split of each folder that is one, of the folders that lie side by side.

    Beside the names of `split_of`, these are such as `seg_train` and `seg_test`: at least two
    splits with one word more, the same in all. A lone `bullet_train` is a class.
    """
    found: dict[str, Split] = {}
    by_rest: defaultdict[str, dict[str, Split]] = defaultdict(dict)
    for name in names:
        split = split_of(name)
        if split is not None:
            found[name] = split
            continue
        words = [word for word in _SEPARATORS.split(name.casefold()) if word]
        for word in words:
            split = split_of(word)
            if split is not None:
                rest = " ".join(other for other in words if other != word)
                by_rest[rest][name] = split
    # With two rests (cats_train, dogs_train) a folder is a split and a class in one.
    if len(by_rest) == 1:
        (named,) = by_rest.values()
        if len(set(named.values())) > 1:
            found.update(named)
    return found
