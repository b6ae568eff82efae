"""Splits as tables write them: by name, or as a column of yes and no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from augbuild.core.text import as_toml, plural
from augbuild.errors import SourceError
from augbuild.sources.dataset import Split
from augbuild.sources.layouts.splits import SPLIT_WORDS

NAMES: Mapping[str, Split] = {
    **SPLIT_WORDS,
    "tr": "train",
    "validate": "validation",
    "development": "validation",
    "holdout": "test",
}
"""The names of split folders, and others that only tables have: a folder may well be called so."""

# AutoML's word for a row that is to be split by whoever trains.
_NONE = frozenset({"", "unassigned", "nan", "none", "null"})

BOOLEAN: Mapping[str, Split] = {
    "is_train": "train",
    "is_training": "train",
    "is_training_image": "train",
    "is_val": "validation",
    "is_valid": "validation",
    "is_validation": "validation",
    "is_dev": "validation",
    "is_test": "test",
    "is_testing": "test",
}
"""Columns of yes and no, and the split of which they say it, in lower case."""

_YES = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_NO = frozenset({"false", "f", "no", "n", "0", "0.0"})


def fold_split(value: object) -> str:
    """Return a split's name in the spelling of NAMES: `Training set` and `train_set` are one."""
    text = "" if value is None else str(value).strip().casefold()
    for ending in ("_set", "-set", " set"):
        text = text.removesuffix(ending)
    return text.removesuffix("set") if text.removesuffix("set") in NAMES else text


def is_split_name(value: object) -> bool:
    """Check whether a value is the name of a split, or stands for none."""
    folded = fold_split(value)
    return folded in NAMES or folded in _NONE


class SplitReader:
    """Reads the split of each row from one column of names, or from columns of yes and no."""

    def __init__(self, file: Path, columns: Sequence[str], places: Sequence[int]) -> None:
        self._file = file
        self._columns = columns
        self._places = places
        self._known: dict[object, Split | None] = {}
        self._empty: list[int] = []
        self._filled = 0
        names = [columns[place].strip().casefold() for place in places]
        self._boolean = bool(names) and all(name in BOOLEAN for name in names)
        self._of = [BOOLEAN.get(name) for name in names]

    def read(self, number: int, cells: Sequence[object]) -> Split | None:
        """Return the split of a row; raises SourceError naming the row."""
        if not self._places:
            return None
        key = tuple(str(cells[place]) for place in self._places)
        if key not in self._known:
            self._known[key] = self._parse(number, key)
        split = self._known[key]
        if split is None:
            self._empty.append(number)
        else:
            self._filled += 1
        return split

    def finish(self) -> None:
        """Raise SourceError where some rows have a split and others have none."""
        if not self._empty or not self._filled:
            return
        column = self._columns[self._places[0]]
        rows = ", ".join(str(number) for number in self._empty[:10])
        more = len(self._empty) - 10
        others = f" and {more:,} more" if more > 0 else ""
        raise SourceError(
            f"{self._file}: {plural(len(self._empty), 'row')} with an empty {column!r} "
            f"(row {rows}{others}); fill it in or remove these rows, or leave the column unused "
            'with --split-column none (columns.split = "none" in [source])'
        )

    def _parse(self, number: int, key: Sequence[str]) -> Split | None:
        if self._boolean:
            return self._parse_boolean(number, key)
        value = "" if key[0] == "None" else key[0]
        folded = fold_split(value)
        if folded in _NONE:
            return None
        if folded not in NAMES:
            column = self._columns[self._places[0]]
            raise SourceError(
                f"{self._file}: row {number}: {column} must be train, validation or test "
                f"(got {value!r:.60}); --split-column none leaves the column unused"
            )
        return NAMES[folded]

    def _parse_boolean(self, number: int, key: Sequence[str]) -> Split | None:
        chosen: list[Split] = []
        denied: list[Split] = []
        for place, value, split in zip(self._places, key, self._of, strict=True):
            folded = value.strip().casefold()
            if split is None or folded in {"", "none", "nan"}:
                continue
            if folded not in _YES | _NO:
                column = self._columns[place]
                wanted = "must be true or false"
                got = as_toml(value)
                raise SourceError(f"{self._file}: row {number}: {column} {wanted} (got {got})")
            if folded in _YES:
                chosen.append(split)
            else:
                denied.append(split)
        if len(chosen) > 1:
            raise SourceError(f"{self._file}: row {number} is in {' and in '.join(chosen)}")
        if chosen:
            return chosen[0]
        if not denied:
            return None
        # What is not in the other splits is for training, and what is not for training, for test.
        return "test" if "train" in denied else "train"
