"""Labels as tables write them: checked, mapped, and one spelling for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from augbuild.core.documents import read_document
from augbuild.core.text import nearest
from augbuild.errors import SourceError

# What spreadsheets and pandas write for a value that is missing.
_MISSING = frozenset({"nan", "null", "n/a", "#n/a", "<na>", "nat"})


def read_label_map(path: Path) -> dict[str, str]:
    """Read a JSON file that names labels: an object, of either direction, or a list of names.

    Raises SourceError.
    """
    document = read_document(path, msgspec.Raw, SourceError)
    try:
        listed = msgspec.json.decode(document, type=list[str])
        return {str(index): name for index, name in enumerate(listed)}
    except msgspec.ValidationError:
        pass
    try:
        named = msgspec.json.decode(document, type=dict[str, str | int])
    except msgspec.ValidationError as error:
        wanted = 'an object such as {"0": "cat", "1": "dog"}, or a list of names'
        raise SourceError(f"{path} is not a label map: expected {wanted}") from error
    names = {}
    for key, value in named.items():
        # Keras writes class_indices the other way round: {"cat": 0}.
        if isinstance(value, int):
            names[str(value)] = key
        else:
            names[key] = value
    return names


class LabelReader:
    """Reads the label of each row, from one column or from one-hot columns.

    Raises SourceError naming the row for a label that is missing, that the map does not have, or
    that differs from another in blanks, case or a decimal point only.
    """

    def __init__(
        self,
        file: Path,
        columns: Sequence[str],
        label: int | None,
        one_hot: Sequence[int],
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._file = file
        self._columns = columns
        self._label = label
        self._one_hot = one_hot
        self._names = names
        self._known: dict[tuple[type, object], str] = {}
        self._spellings: dict[str, tuple[str, int]] = {}

    def read(self, number: int, cells: Sequence[object]) -> str:
        """Return the label of a row."""
        if self._label is None:
            return self._read_one_hot(number, cells)
        value = cells[self._label]
        if not isinstance(value, str | int | float):
            raise self._no_label(number, value)
        key = (type(value), value)
        if key not in self._known:
            self._known[key] = self._parse(number, value)
        return self._known[key]

    def _no_label(self, number: int, value: object) -> SourceError:
        column = self._columns[self._label or 0]
        shown = ""
        if isinstance(value, str | int | float) and value != "":
            shown = f" (got {value!r:.60})"
        where = f"{self._file}: row {number} has no label in {column!r}{shown}"
        return SourceError(f"{where}; give it one or remove the row")

    def _parse(self, number: int, value: str | float) -> str:
        if isinstance(value, float):
            if not value.is_integer():  # nan is none, too
                raise self._no_label(number, value)
            value = int(value)
        written = str(value)
        label = written.strip()
        if not label or label.casefold() in _MISSING:
            raise self._no_label(number, value)
        label = _without_point(label)
        if self._names is None:
            self._check_spelling(number, written)
            return label
        if label not in self._names:
            near = nearest(label, self._names)
            hint = f"; did you mean {near!r}?" if near else ""
            raise SourceError(
                f"{self._file}: row {number} has the label {label!r}, "
                f"which the label map does not have{hint}"
            )
        return self._names[label]

    def _check_spelling(self, number: int, written: str) -> None:
        folded = _without_point(written.strip()).casefold()
        first, row = self._spellings.setdefault(folded, (written, number))
        if first == written:
            return
        remedy = "write them alike, or map each with --labels MAP.json"
        if first.strip() == written.strip():
            remedy = "they differ in blanks only; write them alike"
        raise SourceError(
            f"{self._file}: row {number} has the label {written!r}, row {row} {first!r}; {remedy}"
        )

    def _read_one_hot(self, number: int, cells: Sequence[object]) -> str:
        chosen = []
        for place in self._one_hot:
            value = str(cells[place]).strip().removesuffix(".0")
            column = self._columns[place]
            if value not in {"0", "1"}:
                raise SourceError(
                    f"{self._file}: row {number}: {column} must be 0 or 1 (got {value!r:.60})"
                )
            if value == "1":
                chosen.append(column.strip())
        if len(chosen) != 1:
            names = ", ".join(chosen) or "none"
            raise SourceError(
                f"{self._file}: row {number} has {len(chosen)} labels of its one-hot columns "
                f"({names}); each image must have one"
            )
        return chosen[0]


def _without_point(label: str) -> str:
    whole, point, rest = label.partition(".")
    return whole if point and rest == "0" and whole.lstrip("-").isdecimal() else label
