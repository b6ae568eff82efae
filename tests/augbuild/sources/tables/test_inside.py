"""Tables inside a folder: of the whole folder, or of each split."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.open import open_source
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


class TestShards:
    """Parquet as the hub of Hugging Face has it, in several files a split."""

    @pytest.fixture(autouse=True)
    def _cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(self, file: Path, names: list[str]) -> None:
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra hf")
        parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra hf")
        rows = []
        for number, name in enumerate(names):
            # The bytes differ though the names do not.
            content = b"\x89PNG %s %s" % (file.name.encode(), name.encode())
            rows.append({"image": {"bytes": content, "path": name}, "label": f"x{number % 2}"})
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), file)

    def test_of_all_splits_are_one_table(self, tmp_path: Path) -> None:
        root = tmp_path / "set"
        self.write(root / "data" / "train-00000-of-00002.parquet", ["a.png", "b.png"])
        self.write(root / "data" / "train-00001-of-00002-9f3c.parquet", ["a.png", "c.png"])
        self.write(root / "data" / "val-00000-of-00001.parquet", ["a.png", "d.png"])
        assert list(find_tables(root).values()) == ["train", "train", "validation"]
        dataset = open_source("set", tmp_path)
        assert [(source.path, source.split) for source in dataset.sources] == [
            ("train/a.png", "train"),
            ("train/a_3.png", "train"),
            ("train/b.png", "train"),
            ("train/c.png", "train"),
            ("validation/a.png", "validation"),
            ("validation/d.png", "validation"),
        ]
        assert dataset.originals.read("train/a_3.png").endswith(b"-9f3c.parquet a.png")
        assert (dataset.identity, dataset.classes) == (str(root), ("x0", "x1"))
        again = open_source("set", tmp_path, ignore_existing=True)
        assert {source.split for source in again.sources} == {None}
        assert [source.key for source in again.sources][:2] == ["train/a.png", "train/a_3.png"]

    def test_of_one_split_are_none(self, tmp_path: Path) -> None:
        for number in range(2):
            self.write(
                tmp_path / f"train-0000{number}-of-00002.parquet", [f"{number}.png", "a.png"]
            )
        dataset = open_source(str(tmp_path), tmp_path)
        assert not dataset.is_split
        assert [source.path for source in dataset.sources] == [
            "images/0.png", "images/1.png", "images/a.png", "images/a_4.png",
        ]  # fmt: skip

    def test_that_name_files_beside_them_are_read(self, tmp_path: Path) -> None:
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra hf")
        parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra hf")
        for number, split in enumerate(("train", "test")):
            touch(tmp_path, f"{split}/a.png", f"{split}/b.png")
            rows = [{"path": f"{split}/{name}.png", "label": name} for name in "ab"]
            file = tmp_path / f"{split}-00000-of-00001.parquet"
            parquet.write_table(pyarrow.Table.from_pylist(rows), file)
            assert len(find_tables(tmp_path)) == number + 1
        paths = [source.path for source in open_source(str(tmp_path), tmp_path).sources]
        assert paths == ["test/a.png", "test/b.png", "train/a.png", "train/b.png"]

    def test_that_are_missing_are_named(self, tmp_path: Path) -> None:
        for number in (0, 3):
            self.write(tmp_path / f"train-0000{number}-of-00004.parquet", ["a.png", "b.png"])
        message = (
            r"has 2 of the 4 Parquet files of 'train'; download the others, too \(number 1, 2\)"
        )
        with pytest.raises(SourceError, match=message):
            open_source(str(tmp_path), tmp_path)

    def test_of_another_split_are_named(self, tmp_path: Path) -> None:
        for split in ("train", "unsupervised"):
            self.write(tmp_path / f"{split}-00000-of-00001.parquet", ["a.png", "b.png"])
        with pytest.raises(SourceError, match="has Parquet files of 'unsupervised', which is not"):
            open_source(str(tmp_path), tmp_path)
