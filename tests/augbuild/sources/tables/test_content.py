"""Encodings of tables, and files that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import SourceError
from augbuild.sources.tables.content import as_utf8, read_table_bytes

TABLE = Path("t.csv")
LETTERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@given(text=LETTERS)
def test_every_encoding_gives_the_same_text(encoding: str, text: str) -> None:
    content = as_utf8(TABLE, text.encode(encoding))
    assert (content.utf8.decode(), content.findings) == (text, ())


def test_latin_1_is_read_and_said() -> None:
    content = as_utf8(TABLE, "path,Espèce\n".encode("latin-1"))
    assert content.utf8.decode() == "path,Espèce\n"
    assert [finding.text() for finding in content.findings] == [
        "t.csv is not UTF-8 and is read as Latin-1 (Windows-1252); save it as UTF-8"
    ]
    # 0x81 stands for nothing in Windows-1252.
    assert as_utf8(TABLE, b"a\x81\xe8").utf8.decode() == "a\x81è"


def test_nul_names_its_line() -> None:
    with pytest.raises(SourceError, match=r"^t.csv: line 3 has a NUL character; the file is dam"):
        as_utf8(TABLE, b"path,label\na.png,x\nb.p\0ng,y\n")


def test_what_begins_as_utf_16_and_is_not() -> None:
    with pytest.raises(SourceError, match=r"t.csv is not UTF-16 text, as it begins"):
        as_utf8(TABLE, b"\xff\xfea")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match=r"pipe.csv cannot be read: not a regular file"):
        read_table_bytes(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match=r"gone.csv does not exist"):
        read_table_bytes(tmp_path / "gone.csv")
