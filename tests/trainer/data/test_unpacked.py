"""Images that are no files of their own: unpacked once, where nothing of the user's is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from augbuild.errors import TableError
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.open import open_source
from tests.conftest import photos
from trainer.data.unpacked import UNPACKED_FOLDER, find_files


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder of one test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "augbuild" / UNPACKED_FOLDER


def packed(folder: Path) -> SourceDataset:
    """Open an archive of four photos."""
    root = photos(folder / "photos", {"cats": 2, "dogs": 2})
    archive = folder / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(root.rglob("*.png")):
            file.write(path, path.relative_to(root).as_posix())
    return open_source(str(archive), folder)


def test_files_of_a_folder_stay_where_they_are(tmp_path: Path, cache: Path) -> None:
    root = photos(tmp_path / "photos", {"cats": 1, "dogs": 1})
    local = find_files(open_source("photos", tmp_path))
    assert local.files["cats/cats_0.png"] == root / "cats" / "cats_0.png"
    assert not cache.exists()


def test_members_are_written_once(tmp_path: Path, cache: Path) -> None:
    dataset = packed(tmp_path)
    files = find_files(dataset).files
    assert list(files) == [source.path for source in dataset.sources]
    for path, file in files.items():
        assert file.is_relative_to(cache)
        assert file.read_bytes() == dataset.originals.read(path)
    before = [file.stat().st_mtime_ns for file in files.values()]
    # As after an interruption: one file is not there, and one is not whole.
    first, second, *others = files.values()
    first.unlink()
    second.write_bytes(b"x")
    again = find_files(dataset).files
    assert again == files
    assert all(file.read_bytes() == dataset.originals.read(path) for path, file in files.items())
    assert [file.stat().st_mtime_ns for file in others] == before[2:]


def test_an_archive_that_changes_is_another_one(tmp_path: Path, cache: Path) -> None:
    first = find_files(packed(tmp_path)).files
    with zipfile.ZipFile(tmp_path / "photos.zip", "a") as file:
        file.writestr("cats/new.png", (tmp_path / "photos/cats/cats_0.png").read_bytes())
    second = find_files(open_source("photos.zip", tmp_path)).files
    assert len(second) == 5
    assert not set(first.values()) & set(second.values())
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, cache: Path) -> None:
    dataset = packed(tmp_path)
    cache.parent.mkdir(parents=True)
    cache.write_text("a file")
    with pytest.raises(TableError, match=r"cannot be written: "):
        find_files(dataset)
