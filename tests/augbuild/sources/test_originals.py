"""Originals of a folder: read, looked at, found on the disk; each fault has its reason."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from augbuild.core.files import NO_FILE, stamp_of
from augbuild.errors import ImageError
from augbuild.sources.originals import MAX_FILE_BYTES, FolderOriginals, read_bytes


@pytest.fixture
def originals(tmp_path: Path) -> FolderOriginals:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.jpg").write_bytes(b"some bytes")
    return FolderOriginals(tmp_path)


def test_an_original_is_read_whole(originals: FolderOriginals) -> None:
    assert originals.read("cats/1.jpg") == b"some bytes"


def test_the_stamp_is_that_of_the_file(originals: FolderOriginals) -> None:
    os.utime(originals.root / "cats" / "1.jpg", ns=(1, 1_000_000_007))
    assert originals.stat("cats/1.jpg") == stamp_of(originals.root / "cats" / "1.jpg")
    assert originals.stat("cats/1.jpg")[:2] == (10, 1_000_000_007)
    assert originals.stat("cats/2.jpg") == NO_FILE


def test_an_original_is_a_file_below_the_root(originals: FolderOriginals) -> None:
    assert originals.local_path("cats/1.jpg") == originals.root / "cats" / "1.jpg"


def test_workers_get_originals_by_pickle(originals: FolderOriginals) -> None:
    assert pickle.loads(pickle.dumps(originals)) == originals


@pytest.mark.parametrize(
    ("name", "reason"),
    [("empty.jpg", "empty"), ("pipe.jpg", "unreadable"), ("none.jpg", "unreadable"),
     ("huge.jpg", "too_large"), ("folder.jpg", "unreadable")],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty.jpg").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError) as caught:
        read_bytes(tmp_path / name)
    assert caught.value.reason == reason
