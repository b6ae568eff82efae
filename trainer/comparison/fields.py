"""One object of a JSON file and its place there: a value is what it should be, or RunError says where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from augbuild.errors import RunError

T = TypeVar("T")

_LARGEST = 1e15  # no count or statistic of ours is larger; floats hold such whole numbers exactly


class Fields:
    """The fields of a JSON object that a stranger may have written; every reader raises RunError."""

    def __init__(self, file: Path, value: Any, place: str = "") -> None:
        self._file, self._place = file, place
        if not isinstance(value, dict):
            raise self._error(place or "it", "an object", value)
        self._values = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Give a text."""
        return str(self._checked(name, "a text", lambda value: isinstance(value, str)))

    def whole(self, name: str) -> int:
        """Give a whole number from 0 on."""
        return int(self._checked(name, "a whole number", _is_whole))

    def number(self, name: str) -> float:
        """Give a finite number."""
        return float(self._checked(name, "a number", _is_number))

    def truth(self, name: str) -> bool:
        """Give true or false."""
        return bool(self._checked(name, "true or false", lambda value: isinstance(value, bool)))

    def maybe(self, name: str, read: Callable[[str], T]) -> T | None:
        """Give what `read`, one of these methods, gives; None where the field is null or absent."""
        return None if self._values.get(name) is None else read(name)

    def items(self, name: str) -> list[Any]:
        """Give a list of anything."""
        return list(self._checked(name, "a list", lambda value: isinstance(value, list)))

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts."""
        return tuple(self._each(name, "a list of texts", lambda value: isinstance(value, str)))

    def numbers(self, name: str) -> tuple[float, ...]:
        """Give a list of finite numbers."""
        return tuple(map(float, self._each(name, "a list of numbers", _is_number)))

    def wholes(self, name: str) -> tuple[int, ...]:
        """Give a list of whole numbers from 0 on."""
        return tuple(self._each(name, "a list of whole numbers", _is_whole))

    def matrix(self, name: str, side: int) -> tuple[tuple[int, ...], ...]:
        """Give a square of whole numbers from 0 on."""
        rows = self._each(name, f"{side} rows of {side} counts", lambda row: _is_counts(row, side))
        if len(rows) != side:
            raise self.wrong(name, f"{side} rows of {side} counts")
        return tuple(map(tuple, rows))

    def object(self, name: str) -> Fields:
        """Give the fields of an object in it."""
        return Fields(
            self._file,
            self._checked(name, "an object", lambda value: isinstance(value, dict)),
            self._at(name),
        )

    def objects(self, name: str) -> tuple[Fields, ...]:
        """Give the fields of each object in a list."""
        return tuple(
            Fields(self._file, value, f"{self._at(name)}[{index}]")
            for index, value in enumerate(self.items(name))
        )

    def wrong(self, name: str, expected: str) -> RunError:
        """Give the error that a field is not as expected."""
        return self._error(self._at(name), expected, self._values.get(name))

    def _each(self, name: str, expected: str, is_right: Callable[[Any], bool]) -> list[Any]:
        values = self.items(name)
        if not all(map(is_right, values)):
            raise self.wrong(name, expected)
        return values

    def _checked(self, name: str, expected: str, is_right: Callable[[Any], bool]) -> Any:
        if name not in self._values:
            raise RunError(
                f"{self._file}: {self._at(name)} is missing; it is not what trainer compare writes"
            )
        if not is_right(self._values[name]):
            raise self.wrong(name, expected)
        return self._values[name]

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def _error(self, place: str, expected: str, value: Any) -> RunError:
        got = repr(value)
        shown = got if len(got) <= 60 else f"{got[:59]}…"
        return RunError(
            f"{self._file}: {place} must be {expected} (got {shown}); it is not what trainer compare writes"
        )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_counts(value: Any, many: int) -> bool:
    return isinstance(value, list) and len(value) == many and all(map(_is_whole, value))
