"""Documents: files of ours with a fixed shape, each owned by one frozen msgspec struct.

The module that defines a document's struct also has its reader and its writer, and both go through
here: a reader gets a checked value, or one sentence with file, key path, what was expected and what
was found. Bytes are those of Python's `json` module, on which hashes of version 0.1 depend.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from augbuild.core.files import open_regular_file, read_regular_file
from augbuild.core.text import join_key, shorten
from augbuild.errors import AugbuildError

T = TypeVar("T")
ErrorKind = Callable[[str], AugbuildError]

MAX_DOCUMENT_BYTES = 1 << 30  # pragma: no mutate
"""A larger file is not read: none of ours is, and it would not fit into memory."""

MAX_LINE_BYTES = 1 << 26  # pragma: no mutate
"""The same for a line of a file of lines."""

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_log = logging.getLogger(__name__)

# What msgspec 0.19 to 0.22 says of a fault, and where: "… - at `$.rows[3].width`", with "[...]" for
# any key of a dictionary and "at `key` in `$.counts`" where the key itself is wrong.
_FAULT = re.compile(
    r"(?P<problem>.*?)(?: - at (?P<in_key>`key` in )?`\$(?P<place>.*)`)?", re.DOTALL
)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any_key>\[\.\.\.\])")
_EXPECTED = re.compile(r"Expected `(?P<kinds>[^`]+)`(?P<limit>[^,]*)(?:, got .*)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`", re.DOTALL)
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
        raise error(f"{where}{_explain(str(fault), content, kind)}") from fault
    except _NOT_JSON as fault:
        raise error(f"{where} is not JSON") from fault


def read_document(path: Path, kind: type[T], error: ErrorKind) -> T:
    """Read a file that is one document; raises `error`.

    A missing file is an error, too: a caller who can say how to get it checks first.
    """
    try:
        content = read_regular_file(path, MAX_DOCUMENT_BYTES)
    except OSError as fault:
        raise error(_cannot_read(path, fault)) from fault
    _log.debug("read %s, %d bytes", path, len(content))
    return decode(content, kind, str(path), error)


def read_lines(path: Path, kind: type[T], error: ErrorKind) -> Iterator[T]:
    """Read a file of documents, one a line, and yield them; raises `error`, which names the row.

    Lines end at a newline only: `str.splitlines` would also cut at U+2028 within a name.
    """
    try:
        with open_regular_file(path) as file:
            _log.debug("reading %s", path)
            yield from decode_lines(file, kind, str(path), error)
    except OSError as fault:
        raise error(_cannot_read(path, fault)) from fault


def decode_lines(file: BinaryIO, kind: type[T], where: str, error: ErrorKind) -> Iterator[T]:
    """Read documents, one a line, from a file that is open; raises `error`, and OSError.

    `where` names the file in messages.
    """
    row = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        row += 1
        if len(line) > MAX_LINE_BYTES:
            raise error(f"{where}: row {row} has over {MAX_LINE_BYTES:,} bytes")
        yield decode(line, kind, f"{where}: row {row}", error)


def _cannot_read(path: Path, fault: OSError) -> str:
    if isinstance(fault, FileNotFoundError):
        return f"{path} does not exist"
    return f"{path} cannot be read: {fault.strerror}"


def to_plain(document: object) -> object:
    """Return a document as the plain lists, dictionaries and values that JSON has."""
    return msgspec.to_builtins(document, enc_hook=str)


def encode(document: object, *, indent: int | None = None) -> bytes:
    """Write a document as UTF-8 JSON that ends with a newline; equal documents give equal bytes.

    Raises ValueError for NaN and infinities, which are not JSON: no reader would take them back.
    """
    plain = to_plain(document)
    text = json.dumps(plain, ensure_ascii=False, indent=indent, allow_nan=False)
    return f"{text}\n".encode()


def _explain(fault: str, content: bytes | str, kind: object) -> str:
    """Put what msgspec found into our words: place, what it must be, what it is."""
    match = _FAULT.fullmatch(fault)
    assert match is not None, "the pattern matches anything"
    problem = match["problem"]
    place = match["place"] or ""
    try:
        document = msgspec.json.decode(content)
        steps = [*_STEP.finditer(place)]
        path, value, key = _follow(steps, document, kind, fault, at_key=match["in_key"] is not None)
    except msgspec.ValidationError:  # a number with thousands of digits: no object to look into
        return f": {place.removeprefix('.')}: {_uncapitalise(problem)}"
    except _NOT_JSON:  # further on; msgspec stops at what it finds first
        return " is not JSON"
    colon = f": {path}" if path else ""
    if key is not None:
        colon += f": the key {json.dumps(key, ensure_ascii=False)}"
    return colon + _word(problem, value)


def _word(problem: str, value: object) -> str:
    if missing := _MISSING.fullmatch(problem):
        return f" lacks {missing['key']!r}"
    if unknown := _UNKNOWN.fullmatch(problem):
        return f" has a key that is not augbuild's: {unknown['key']!r}"
    got = shorten(json.dumps(value, ensure_ascii=False))
    if problem.startswith("Invalid enum value"):
        return f" cannot be {got}"
    expected = _EXPECTED.fullmatch(problem)
    if expected is None:  # a number out of range, or a rule of the struct's own
        return f": {_uncapitalise(problem)}"
    kinds = [name.strip() for name in expected["kinds"].split("|")]
    words = " or ".join(_WORDS.get(name, name) for name in kinds)
    return f" must be {words}{expected['limit']} (got {got})"


def _uncapitalise(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _follow(
    steps: list[re.Match[str]], document: object, kind: object, fault: str, *, at_key: bool
) -> tuple[str, object, str | None]:
    """Follow msgspec's steps through a document; return key path, the value there, a wrong key."""
    path, value = "", document
    for step in steps:
        key: str | int = step["name"]
        if step["any_key"]:
            key = _culprit(document, kind, fault, value)
        elif step["index"]:
            key = int(step["index"])
        path = join_key(path, key)
        value = value[key]  # type: ignore[index]  # msgspec has been there
    if not at_key:
        return path, value, None
    key = _culprit(document, kind, fault, value)
    return path, key, key


def _culprit(document: object, kind: object, fault: str, items: object) -> str:
    """Find the key of a dictionary in a document under which msgspec finds a fault.

    msgspec reports the first fault only, without the key: the shortest beginning of the dictionary
    that has this fault ends with it. The dictionary is left with this beginning.
    """
    assert isinstance(items, dict), "msgspec names dictionaries only so"
    whole = list(items.items())
    low, high = 1, len(whole)  # pragma: no mutate
    while low < high:
        middle = (low + high) // 2
        items.clear()
        items.update(whole[:middle])
        if _fault_in(document, kind) == fault:
            high = middle
        else:
            low = middle + 1
    items.update(whole[:low])
    return str(whole[low - 1][0])


def _fault_in(document: object, kind: object) -> str | None:
    try:
        msgspec.json.decode(json.dumps(document), type=kind)
    except msgspec.ValidationError as fault:
        return str(fault)
    return None  # pragma: no mutate
