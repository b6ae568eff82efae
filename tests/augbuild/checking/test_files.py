"""One file that a manifest names: there, of its size, with its bytes; a pipe is not opened."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from augbuild.checking.files import (
    ExpectedFile,
    check_chunk,
    check_file,
    check_kind,
    expected_files,
    unreadable,
)
from augbuild.checking.rules import Damage
from augbuild.core.files import hash_bytes
from augbuild.dataset.manifest import encode_row
from tests.augbuild.dataset.fixtures import record_of

FILE = ExpectedFile("train/a.png", 7, hash_bytes(b"content"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / FILE.name
    path.parent.mkdir()
    path.write_bytes(b"content")
    return path


def test_a_file_with_its_bytes_is_right(tmp_path: Path, path: Path) -> None:
    assert path.is_file()
    assert check_file(tmp_path, False, FILE) is None
    assert check_file(tmp_path, True, FILE) is None
    assert check_kind(tmp_path, FILE.name) is None


def test_sizes_are_compared_first_and_bytes_unless_quick(tmp_path: Path, path: Path) -> None:
    path.write_bytes(b"cont")
    size = Damage("size", FILE.name, "has 4 bytes; 7 were written")
    assert check_file(tmp_path, False, FILE) == check_file(tmp_path, True, FILE) == size
    path.write_bytes(b"CONTENT")
    content = Damage("content", FILE.name, "does not have the bytes that were written")
    assert check_file(tmp_path, False, FILE) == content
    assert check_file(tmp_path, True, FILE) is None


@pytest.mark.parametrize(
    ("make", "damage"),
    [
        (Path.exists, ("missing", "is missing")),
        (os.mkfifo, ("missing", "is missing: something that is not a file has its name")),
        (Path.mkdir, ("missing", "is missing: something that is not a file has its name")),
        (lambda path: path.symlink_to("/dev/zero"), ("link", "is a link; augbuild wrote a file")),
        (lambda path: path.symlink_to("nowhere"), ("link", "is a link; augbuild wrote a file")),
    ],
    ids=["nothing", "pipe", "folder", "link", "broken link"],
)
def test_what_is_not_a_file(
    tmp_path: Path, path: Path, make: Callable[[Path], object], damage: tuple[str, str]
) -> None:
    path.unlink()
    make(path)
    found = check_file(tmp_path, False, FILE)
    assert found is not None
    assert found == check_kind(tmp_path, FILE.name)
    assert (found.kind, found.message) == damage


def test_a_file_for_its_folder_is_a_missing_file(tmp_path: Path, path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()
    assert check_file(tmp_path, False, FILE) == Damage("missing", FILE.name, "is missing")


def test_a_name_too_long_cannot_be_read(tmp_path: Path) -> None:
    name = "x" * 300
    damage = check_file(tmp_path, False, ExpectedFile(name, 1, ""))
    assert damage == Damage("unreadable", name, "cannot be read: File name too long")
    assert unreadable("a", OSError("odd")).message == "cannot be read: OSError"


def test_chunks_count_all_and_return_what_was_found(tmp_path: Path, path: Path) -> None:
    assert path.is_file()
    other = ExpectedFile("train/b.png", 1, "")
    missing = Damage("missing", "train/b.png", "is missing")
    assert check_chunk(tmp_path, False, [FILE, other, FILE]) == (3, [missing])
    assert check_chunk(tmp_path, False, []) == (0, [])


def test_rows_that_cannot_be_read_are_left_out() -> None:
    manifest = io.BytesIO(b"no row\n" + encode_row(record_of()) + b"{}\n")
    record = record_of()
    expected = [ExpectedFile(record.file_name, record.bytes, record.sha256)]
    assert list(expected_files(manifest)) == expected
