"""Tables inside a folder: of the whole folder, or of each split."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.tables.inside import find_tables, read_listings_of
from tests.augbuild.sources.fixtures import touch


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_table_of_the_whole_folder_goes_first(tmp_path: Path) -> None:
    write(tmp_path / "metadata.csv", "file_name,label\ntrain/a.png,x\n")
    write(tmp_path / "train" / "metadata.csv", "file_name,label\na.png,x\n")
    assert find_tables(tmp_path) == {tmp_path / "metadata.csv": None}


@pytest.mark.parametrize("name", ["metadata.csv", "_classes.csv", "_annotations.csv"])
def test_a_table_of_each_split(tmp_path: Path, name: str) -> None:
    for folder in ("train", "Valid", "test_set", "other"):
        write(tmp_path / folder / name, "filename,class\na.png,x\n")
    assert find_tables(tmp_path) == {
        tmp_path / "Valid" / name: "validation",
        tmp_path / "test_set" / name: "test",
        tmp_path / "train" / name: "train",
    }


@pytest.mark.parametrize("text", ["file_name,text\na.png,x\n", "a,label\n1,x\n", ""])
def test_a_table_of_something_else_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path / "metadata.csv", text)
    assert find_tables(tmp_path) == {}


def test_what_is_no_folder_has_none(tmp_path: Path) -> None:
    assert find_tables(tmp_path / "gone") == {}


def test_splits_are_read_as_one(tmp_path: Path) -> None:
    for split in ("train", "test"):
        touch(tmp_path, f"{split}/a.png")
        write(tmp_path / split / "metadata.csv", "file_name,label\na.png,x\n")
    listings = read_listings_of(tmp_path, tmp_path)
    found = [source for listing in listings for source in listing.sources]
    assert [(each.path, each.key, each.split) for each in found] == [
        ("test/a.png", "a.png", "test"),
        ("train/a.png", "a.png", "train"),
    ]
    assert {listing.root for listing in listings} == {tmp_path}
    unsplit = read_listings_of(tmp_path, tmp_path, ignore_splits=True)
    found = [source for listing in unsplit for source in listing.sources]
    assert [(each.key, each.split) for each in found] == [
        ("test/a.png", None),
        ("train/a.png", None),
    ]


def test_images_of_all_splits_in_one_folder(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "images/b.png")
    write(tmp_path / "train" / "metadata.csv", "file_name,label\n../images/a.png,x\n")
    write(tmp_path / "test" / "metadata.csv", "file_name,label\n../images/b.png,x\n")
    found = [each.path for one in read_listings_of(tmp_path, tmp_path) for each in one.sources]
    assert found == ["images/b.png", "images/a.png"]


def test_images_outside_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    write(tmp_path / "in" / "train" / "metadata.csv", "file_name,label\n../../a.png,x\n")
    with pytest.raises(SourceError, match=r"metadata.csv names files outside .*/in; give the"):
        read_listings_of(tmp_path / "in", tmp_path)
