"""Where the keys of a TOML document stand: tomllib keeps no positions, and a message needs a line.

tomllib has accepted the document before, so nothing is checked here: strings and comments are
stepped over whole, and the rest is brackets, commas and equals signs.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from augbuild.core.text import join_key

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_WITHIN_LINE = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_STRING = re.compile(
    # The text may itself end with one or two quotes: """a"" is over at the last three."""
    r'"""(?:[^\\"]|\\.|"(?!""))*"""(?:"{1,2}(?!"))?'
    r"|'''(?:[^']|'(?!''))*'''(?:'{1,2}(?!'))?"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def find_lines(document: str) -> Mapping[str, int]:
    """Find the line, from 1, on which each key and each item of a list begins.

    Keys are paths as messages write them, `transforms[2].degrees`. What stands on the line of the
    table or list around it may be missing. So may all after a place that is not TOML.
    """
    reader = _Reader(document)
    # A message without its line is better than none.
    with suppress(_NotTomlError, tomllib.TOMLDecodeError):
        reader.read_document()
    return reader.lines


class _NotTomlError(Exception):
    """The text at hand is nothing that a TOML document may have there."""


class _Reader:
    """A reader that goes through a document once and notes where keys begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[str, int] = {}
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        # How many tables each list of tables has so far: a header means the last one of them.
        self._tables: Counter[str] = Counter()

    def read_document(self) -> None:
        table = ""
        while True:
            self.skip(_BLANK)
            if self.position == len(self.text):
                return
            if self.at("[["):
                table = self.read_header("[[", "]]")
            elif self.at("["):
                table = self.read_header("[", "]")
            else:
                self.read_pair(table)

    def read_header(self, opening: str, closing: str) -> str:
        """Read `[a.b]` or `[[a.b]]`, and return the path of the table that it begins."""
        line = self.line()
        self.expect(opening)
        parts = self.read_key()
        self.expect(closing)
        path = ""
        for number, part in enumerate(parts, start=1):
            path = join_key(path, part)
            self.lines.setdefault(path, line)
            if opening == "[[" and number == len(parts):
                self._tables[path] += 1
            if path in self._tables:
                path = join_key(path, self._tables[path] - 1)
                self.lines.setdefault(path, line)
        return path

    def read_pair(self, table: str) -> None:
        line = self.line()
        path = table
        for part in self.read_key():
            path = join_key(path, part)
            self.lines.setdefault(path, line)
        self.expect("=")
        self.skip(_WITHIN_LINE)
        self.read_value(path)

    def read_key(self) -> list[str]:
        parts = []
        while True:
            self.skip(_WITHIN_LINE)
            raw = self.skip(_KEY_PART)
            part = raw
            if raw.startswith(("'", '"')):
                (part,) = tomllib.loads(f"{raw} = 0")  # it may have escapes
            parts.append(part)
            self.skip(_WITHIN_LINE)
            if not self.at("."):
                return parts
            self.expect(".")

    def read_value(self, path: str) -> None:
        if self.at("["):
            self.expect("[")
            self.read_items(path)
        elif self.at("{"):
            self.expect("{")
            self.read_inline_pairs(path)
        elif self.at('"') or self.at("'"):
            self.skip(_STRING)
        else:
            self.skip(_SCALAR)

    def read_items(self, path: str) -> None:
        index = 0
        line_of_list = self.line()
        while True:
            self.skip(_BLANK)
            if self.at("]"):
                self.expect("]")
                return
            item = path
            line = self.line()
            # Of a list of a million numbers on one line, the line of the list says enough. What is
            # inside a table or list has a path of its own.
            if line != line_of_list or self.at("{") or self.at("["):
                item = join_key(path, index)
                self.lines[item] = line
            self.read_value(item)
            index += 1
            self.skip(_BLANK)
            if self.at(","):
                self.expect(",")

    def read_inline_pairs(self, path: str) -> None:
        while True:
            self.skip(_BLANK)
            if self.at("}"):
                self.expect("}")
                return
            self.read_pair(path)
            self.skip(_BLANK)
            if self.at(","):
                self.expect(",")

    def line(self) -> int:
        return bisect_left(self._breaks, self.position) + 1

    def at(self, symbol: str) -> bool:
        return self.text.startswith(symbol, self.position)

    def expect(self, symbol: str) -> None:
        if not self.at(symbol):
            raise _NotTomlError
        self.position += len(symbol)

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Step over what matches here, and return it."""
        found = pattern.match(self.text, self.position)
        if found is None:
            raise _NotTomlError
        self.position = found.end()
        return found[0]
