"""Documents: files of ours with a fixed shape, each owned by one frozen msgspec struct.

The module that defines a document's struct also has its reader and its writer, and both go through
here: a reader gets a checked value or one sentence with file, key path, what was expected and what
was there. Bytes are those of Python's `json` module, on which hashes of version 0.1 depend.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from augbuild.core.files import read_regular_file
from augbuild.core.text import shorten
from augbuild.errors import AugbuildError

T = TypeVar("T")
ErrorKind = Callable[[str], AugbuildError]

MAX_DOCUMENT_BYTES = 1 << 30
"""A larger file is not read: none of ours is, and it would not fit into memory."""

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_PLACE = re.compile(r"^(?P<fault>.*?)(?: - at `(?P<place>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected `(?P<kind>[^`]+)`(?P<limit>[^,]*)(?:, got .*)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<key>.*)`$", re.DOTALL)
_NO_CHOICE = re.compile(r"^Invalid enum value", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<key>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def decode(content: bytes | str, kind: type[T], where: str, error: ErrorKind) -> T:
    """Read one document from JSON.

    `where` begins the message: a file, or a file and a row. Raises `error` for anything that is not
    a `kind`, and for text that is not JSON (NaN and half surrogate pairs included).
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as fault:
        raise error(f"{where}{_explain(str(fault), content)}") from fault
    except _NOT_JSON as fault:
        raise error(f"{where} is not JSON") from fault


def read_document(path: Path, kind: type[T], error: ErrorKind) -> T:
    """Read a file that is one document; raises `error`.

    A missing file is an error, too: whoever can say how to get it asks first.
    """
    try:
        content = read_regular_file(path, MAX_DOCUMENT_BYTES)
    except FileNotFoundError as fault:
        raise error(f"{path} does not exist") from fault
    except OSError as fault:
        raise error(f"{path} cannot be read: {fault.strerror}") from fault
    return decode(content, kind, str(path), error)


def to_plain(document: object) -> object:
    """Return a document as the plain lists, dictionaries and values that JSON has."""
    return msgspec.to_builtins(document, enc_hook=str)


def encode(document: object, *, indent: int | None = None) -> bytes:
    """Write a document as UTF-8 JSON that ends with a newline; equal documents give equal bytes."""
    return (json.dumps(to_plain(document), ensure_ascii=False, indent=indent) + "\n").encode()


def _explain(fault: str, content: bytes | str) -> str:
    """Put what msgspec found into our words: place, what it must be, what it is."""
    match = _PLACE.match(fault)
    assert match is not None, "the pattern matches anything"
    problem, place = match["fault"], (match["place"] or "$").removeprefix("$").removeprefix(".")
    colon = f": {place}" if place else ""
    if missing := _MISSING.match(problem):
        return f"{colon} lacks {missing['key']!r}"
    if unknown := _UNKNOWN.match(problem):
        return f"{colon} has a key that is not augbuild's: {unknown['key']!r}"
    try:
        got = _value_at(content, place)
    except _NOT_JSON:  # further on; msgspec stops at what it finds first
        return " is not JSON"
    if _NO_CHOICE.match(problem):
        return f"{colon} cannot be {got}"
    expected = _EXPECTED.match(problem)
    if expected is None:  # a choice, or a rule of the struct's own
        return f"{colon}: {problem[:1].lower()}{problem[1:]}"
    kinds = [_WORDS.get(each.strip(), each.strip()) for each in expected["kind"].split("|")]
    return f"{colon} must be {' or '.join(kinds)}{expected['limit']} (got {got})"


def _value_at(content: bytes | str, place: str) -> str:
    """Return the value at a key path, as JSON and short; where the path is not exact, its kind."""
    value: object = msgspec.json.decode(content)
    for step in _STEP.finditer(f".{place}" if place and not place.startswith("[") else place):
        if step["index"] is not None and isinstance(value, list):
            value = value[int(step["index"])]
        elif isinstance(value, dict) and step["key"] in value:
            value = value[step["key"]]
        else:
            return "another kind of value"
    return shorten(json.dumps(value, ensure_ascii=False))
