"""As much of YAML as a YOLO `data.yaml` needs; what else there is of it is refused, not guessed.

A library for all of YAML would be one more dependency of every user, for six keys of one file.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from augbuild.core.files import read_regular_file
from augbuild.errors import SourceError

_MAX_YAML_BYTES = 1 << 24

Value = str | list[str] | dict[str, str]
"""A text, a list of texts or a mapping of texts; numbers are not told from texts."""

_KEY = re.compile(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?")
_PAIR = re.compile(r"""("[^"]*"|'[^']*'|[^:"']+?)\s*:\s+(.*)""")
# One item of a list in brackets: quoted, or up to the next comma.
_ITEM = re.compile(r"""\s*("[^"]*"|'(?:[^']|'')*'|[^,"'\[\]{}][^,\[\]{}]*?)\s*(?:,|\Z)""")
_BEFORE_QUOTES = frozenset(" [{,:-")
_SPECIAL = tuple("&*!|>%@`{[")


def read_yaml(path: Path, wanted: Collection[str]) -> dict[str, Value]:
    """Read the wanted keys of a YAML file; raises SourceError naming the line that is not read.

    Only these keys, which stand at the left margin, must be written plainly: as a text, or as a
    list or a mapping of texts. All else is passed over.
    """
    try:
        lines = read_regular_file(path, _MAX_YAML_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"{path} cannot be read: {why}") from error
    found: dict[str, Value] = {}
    number = 0
    while number < len(lines):
        match = _KEY.fullmatch(_without_comment(lines[number]))
        start = number
        number += 1
        if match is None:
            continue
        # What belongs to a key is indented, or a list at the margin, as PyYAML writes it.
        while number < len(lines) and re.match(r"\s|-\s|#|\Z|[\]}]", lines[number]):
            number += 1
        key = match[1]
        first = (match[2] or "").strip()
        if key in wanted:
            rest = lines[start + 1 : number]
            found[key] = _Reader(path, key, start + 1).read(first, rest)
    return found


class _Reader:
    """Reads the value of one key."""

    def __init__(self, path: Path, key: str, line: int) -> None:
        self._path = path
        self._key = key
        self._line = line

    def read(self, first: str, rest: list[str]) -> Value:
        """Read what stands beside the key and in the lines below; raises SourceError."""
        below = []
        for offset, line in enumerate(rest, start=1):
            text = _without_comment(line)
            if text.strip():
                below.append((self._line + offset, text))
        if first.startswith(("[", "{")):
            return self._read_brackets(" ".join([first, *(text.strip() for _, text in below)]))
        if first:
            if below:
                self._refuse(below[0][0])
            return self._read_text(first, self._line)
        if below and below[0][1].lstrip().startswith("-"):
            return self._read_list(below)
        return self._read_mapping(below)

    def _read_brackets(self, text: str) -> Value:
        closing = "]" if text[0] == "[" else "}"
        if not text.endswith(closing):
            self._refuse(self._line)
        items = []
        inner = text[1:-1].strip()
        position = 0
        while position < len(inner):
            match = _ITEM.match(inner, position)
            if match is None:
                self._refuse(self._line)
            items.append(match[1])
            position = match.end()
        if closing == "]":
            return [self._read_text(item, self._line) for item in items]
        return dict(self._read_pair(item, self._line) for item in items)

    def _read_list(self, lines: list[tuple[int, str]]) -> list[str]:
        indent = _indent(lines[0][1])
        items = []
        for number, line in lines:
            text = line.strip()
            if _indent(line) != indent or not text.startswith("- "):
                self._refuse(number)
            items.append(self._read_text(text[2:].strip(), number))
        return items

    def _read_mapping(self, lines: list[tuple[int, str]]) -> dict[str, str]:
        pairs = {}
        for number, line in lines:
            if _indent(line) != _indent(lines[0][1]):
                self._refuse(number)
            name, value = self._read_pair(line.strip(), number)
            pairs[name] = value
        return pairs

    def _read_pair(self, text: str, number: int) -> tuple[str, str]:
        match = _PAIR.fullmatch(text)
        if match is None:
            self._refuse(number)
        return self._read_text(match[1], number), self._read_text(match[2], number)

    def _read_text(self, text: str, number: int) -> str:
        if len(text) > 1 and text[0] == text[-1] == "'":
            return text[1:-1].replace("''", "'")
        if len(text) > 1 and text[0] == text[-1] == '"' and "\\" not in text:
            return text[1:-1]
        if text.startswith((*_SPECIAL, "'", '"')) or ": " in text or text.endswith(":"):
            self._refuse(number)
        return text

    def _refuse(self, number: int) -> NoReturn:
        raise SourceError(
            f"{self._path}: line {number}: {self._key} is written in a way that is not read; "
            f"write it as a text, or as a list such as {self._key}: [cat, dog]"
        )


def _without_comment(line: str) -> str:
    quote = ""
    before = " "
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and before in _BEFORE_QUOTES:  # it's: no quote begins in a word
            quote = character
        elif character == "#" and before.isspace():
            return line[:position].rstrip()
        before = character
    return line.rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
