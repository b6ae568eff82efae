"""The content of a table file as UTF-8, whatever its encoding was."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import hash_file, open_regular_file, read_regular_file
from augbuild.errors import SourceError
from augbuild.sources.findings import Finding

MAX_TABLE_BYTES = 1 << 30
"""A larger table is not read: its rows would not fit in memory."""

_LOOKED_AT = 4096  # bytes, to tell UTF-16 without a mark from text of one byte a character


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a text in UTF-8, without a byte order mark."""

    utf8: bytes
    findings: tuple[Finding, ...] = ()


def read_table_bytes(path: Path) -> bytes:
    """Read a table file whole; raises SourceError, also for what is not a regular file."""
    try:
        return read_regular_file(path, MAX_TABLE_BYTES)
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error


def hash_table(path: Path) -> str:
    """Return the SHA-256 of a table file of any size; raises SourceError as `read_table_bytes`."""
    try:
        open_regular_file(path).close()  # a FIFO would block the next line
        return hash_file(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error


def as_utf8(path: Path, data: bytes) -> Content:
    """Return the text of a table in UTF-8.

    It may be UTF-8, UTF-16 or, which is a finding, Windows-1252. Raises SourceError for a NUL
    character, which no table has.
    """
    findings: tuple[Finding, ...] = ()
    encoding = find_encoding(data)
    try:
        if encoding == "utf-8":
            data.decode("utf-8")
            text = data.removeprefix(codecs.BOM_UTF8)
        else:
            text = data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise SourceError(f"{path} is not {encoding.upper()} text, as it begins") from error
        try:
            text = data.decode("cp1252").encode()
        except UnicodeDecodeError:  # five bytes stand for nothing in Windows-1252
            text = data.decode("latin-1").encode()
        message = f"{path.name} is not UTF-8 and is read as Latin-1 (Windows-1252)"
        findings = (Finding(kind="other", message=message, advice="save it as UTF-8"),)
    position = text.find(b"\0")
    if position >= 0:
        line = text.count(b"\n", 0, position) + 1
        raise SourceError(f"{path}: line {line} has a NUL character; the file is damaged")
    return Content(text, findings)


def find_encoding(data: bytes) -> str:
    """Return the encoding of a text by its first bytes; UTF-8 where nothing says otherwise."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = data[:_LOOKED_AT]
    odd = start[1::2]
    even = start[0::2]
    # Without a mark: the high bytes of Latin letters are NUL.
    if odd and odd.count(0) > len(odd) // 2:
        return "utf-16-le"
    if even and even.count(0) > len(even) // 2:
        return "utf-16-be"
    return "utf-8"
