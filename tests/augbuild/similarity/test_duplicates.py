"""Duplicates of datasets: found, remembered, settled as a recipe says, and described."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.recipe.model import SplitSpec
from augbuild.similarity import duplicates as module
from augbuild.similarity.duplicates import (
    LEFT_OUT,
    Duplicates,
    Twins,
    find_contradictions,
    find_duplicates,
    find_straddling,
    look_for_duplicates,
    settle_duplicates,
)
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.dataset import Source, SourceDataset, Split
from augbuild.sources.folder import open_folder
from augbuild.sources.originals import FolderOriginals
from tests.conftest import photo

SPLITS: dict[str, Split] = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own in which all datasets are remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_REMEMBER_FROM", 1)
    return tmp_path / "cache" / "augbuild" / "duplicates"


def folder(root: Path) -> SourceDataset:
    """Make a folder with splits in which two test images are train images."""
    for number in range(4):
        photo(root / "train" / "a" / f"{number}.png", number)
        photo(root / "train" / "b" / f"{number}.png", 10 + number)
    for number in range(2):
        photo(root / "test" / "b" / f"{number}.png", 20 + number)
        shutil.copyfile(root / "train" / "a" / f"{number}.png", root / f"{number}.png")
        (root / "test" / "a").mkdir(exist_ok=True)
        (root / f"{number}.png").rename(root / "test" / "a" / f"x{number}.png")
    return open_folder(root)


def dataset_of(*paths: str) -> SourceDataset:
    """Make a dataset of paths such as train/a/1.png, without files."""
    sources = []
    for path in paths:
        top, key = path.split("/", 1)
        split = SPLITS.get(top)
        if split is None:
            sources.append(Source(path, top))
        else:
            sources.append(Source(key, key.split("/")[0], folder=top, split=split))
    root = Path("/nowhere")
    return SourceDataset(root, FolderOriginals(root), "photos", ("a", "b"), tuple(sources))


def twins(*pairs: tuple[str, str], moved: bool = False) -> Duplicates:
    return Duplicates(tuple(Twins(first, second, "upright", moved) for first, second in pairs))


class TestFind:
    def test_pairs_by_their_paths(self, tmp_path: Path) -> None:
        found = find_duplicates(folder(tmp_path / "photos"), n_jobs=1)
        assert found == twins(
            ("test/a/x0.png", "train/a/0.png"), ("test/a/x1.png", "train/a/1.png")
        )

    def test_remembered_until_a_file_changes(self, tmp_path: Path, cache: Path) -> None:
        dataset = folder(tmp_path / "photos")
        found = find_duplicates(dataset, n_jobs=1)
        (file,) = cache.iterdir()
        remembered = file.read_bytes()
        file.write_bytes(remembered.replace(b"x0", b"x9"))
        assert find_duplicates(dataset, n_jobs=1).twins[0].first == "test/a/x9.png"
        changed = photo(tmp_path / "photos" / "test" / "a" / "x0.png", 99)
        os.utime(changed, ns=(1, 1))
        assert find_duplicates(dataset, n_jobs=1).twins == found.twins[1:]

    def test_what_is_remembered_and_damaged_is_found_again(
        self, tmp_path: Path, cache: Path
    ) -> None:
        dataset = folder(tmp_path / "photos")
        found = find_duplicates(dataset, n_jobs=1)
        (file,) = cache.iterdir()
        remembered = file.read_bytes()
        for damaged in (b"", b"{}", b'{"twins": [{"first": 1}]}'):
            file.write_bytes(damaged)
            assert find_duplicates(dataset, n_jobs=1) == found
            assert file.read_bytes() == remembered

    def test_what_is_gone_is_not_remembered(self, tmp_path: Path, cache: Path) -> None:
        dataset = folder(tmp_path / "photos")
        (tmp_path / "photos" / "test" / "a" / "x0.png").unlink()
        assert len(find_duplicates(dataset, n_jobs=1).twins) == 1
        assert not cache.exists()

    def test_a_cache_that_cannot_be_written_is_no_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        assert len(find_duplicates(folder(tmp_path / "photos"), n_jobs=1).twins) == 2
        assert not cache.exists()

    def test_small_datasets_leave_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        find_duplicates(folder(tmp_path / "photos"), n_jobs=1)
        assert not (tmp_path / "cache").exists()


class TestLook:
    def test_only_where_they_are_needed(self, tmp_path: Path) -> None:
        dataset = folder(tmp_path / "photos")
        unsplit = replace(
            dataset, sources=tuple(replace(each, split=None) for each in dataset.sources)
        )
        for group in ("none", r"x\d"):
            assert look_for_duplicates(SplitSpec(group=group), unsplit, n_jobs=1) is None
            assert look_for_duplicates(SplitSpec(group=group), dataset, n_jobs=1) is not None
        found = look_for_duplicates(SplitSpec(), unsplit, n_jobs=1)
        assert found is not None
        assert len(found.twins) == 2

    def test_in_large_datasets_where_it_is_asked_for_or_known(
        self, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dataset = folder(tmp_path / "photos")
        monkeypatch.setattr(module, "MOST_LOOKED_AT", len(dataset.sources))
        assert look_for_duplicates(SplitSpec(), dataset, n_jobs=1) is not None
        shutil.rmtree(cache)
        monkeypatch.setattr(module, "MOST_LOOKED_AT", len(dataset.sources) - 1)
        assert look_for_duplicates(SplitSpec(), dataset, n_jobs=1) is None
        asked = look_for_duplicates(SplitSpec(on_duplicates="error"), dataset, n_jobs=1)
        assert asked is not None
        assert look_for_duplicates(SplitSpec(), dataset, n_jobs=1) == asked


class TestStraddling:
    DATASET = dataset_of(
        "train/a/1.png",
        "train/a/2.png",
        "train/b/3.png",
        "val/a/4.png",
        "test/a/5.png",
        "test/b/6.png",
    )

    def test_directly_and_by_way_of_others(self) -> None:
        pairs = twins(("train/a/1.png", "train/a/2.png"), ("test/a/5.png", "train/a/2.png")).twins
        found = find_straddling(self.DATASET.sources, pairs)
        assert found.evaluated == ["test/a/5.png"]
        assert found.train == ["train/a/1.png", "train/a/2.png"]
        assert found.examples == ["test/a/5.png = train/a/1.png"]

    def test_validation_and_test(self) -> None:
        pairs = twins(("test/a/5.png", "val/a/4.png")).twins
        found = find_straddling(self.DATASET.sources, pairs)
        assert found == (["test/a/5.png", "val/a/4.png"], [], ["test/a/5.png = val/a/4.png"])

    def test_within_a_split(self) -> None:
        pairs = twins(("test/a/5.png", "test/b/6.png"), ("train/a/1.png", "train/a/2.png")).twins
        assert find_straddling(self.DATASET.sources, pairs) == ([], [], [])

    def test_contradictions_but_for_crops(self) -> None:
        sources = self.DATASET.sources
        pairs = (("test/a/5.png", "test/b/6.png"), ("train/a/1.png", "train/a/2.png"))
        assert find_contradictions(sources, twins(*pairs).twins) == list(twins(pairs[0]).twins)
        assert find_contradictions(sources, twins(*pairs, moved=True).twins) == []


ADVICE = "leave out what `augbuild audit SOURCE --write FILE` lists"


class TestSettle:
    DATASET = TestStraddling.DATASET

    def test_a_warning(self) -> None:
        found = twins(("test/a/5.png", "train/a/1.png"))
        dataset, findings = settle_duplicates(SplitSpec(), self.DATASET, found)
        assert dataset is self.DATASET
        assert [finding.text() for finding in findings] == [
            "1 validation or test image has copies in another split "
            '(test/a/5.png = train/a/1.png); say on_duplicates = "drop-train" under [split], '
            f"or {ADVICE}"
        ]

    def test_train_copies_left_out(self) -> None:
        found = twins(
            ("test/a/5.png", "train/a/1.png"),
            ("train/a/1.png", "train/a/2.png"),
            ("train/a/1.png", "val/a/4.png"),
        )
        spec = SplitSpec(on_duplicates="drop-train")
        dataset, findings = settle_duplicates(spec, self.DATASET, found)
        assert [source.path for source in dataset.sources] == [
            "train/b/3.png", "val/a/4.png", "test/a/5.png", "test/b/6.png"
        ]  # fmt: skip
        assert dataset.ignored == {LEFT_OUT: 2}
        assert [finding.text() for finding in findings] == [
            "2 train images were left out as copies of 2 validation or test images "
            "(test/a/5.png = train/a/1.png)",
            "2 validation or test images have copies in another split "
            f"(test/a/5.png = val/a/4.png); {ADVICE}",
        ]

    def test_an_error(self) -> None:
        spec = SplitSpec(on_duplicates="error")
        with pytest.raises(SourceError, match=r"^1 validation or test image has copies in another"):
            settle_duplicates(spec, self.DATASET, twins(("test/a/5.png", "train/a/1.png")))
        _, findings = settle_duplicates(spec, self.DATASET, twins())
        assert findings == []

    def test_two_labels_with_splits_and_without(self) -> None:
        unsplit = dataset_of("a/1.png", "a/2.png", "b/3.png")
        found = twins(("a/1.png", "b/3.png"), ("a/2.png", "b/3.png"))
        _, findings = settle_duplicates(SplitSpec(), unsplit, found)
        assert [finding.text() for finding in findings] == [
            "2 pairs of images show the same picture under two labels "
            "(a/1.png = b/3.png, a/2.png = b/3.png); leave out the wrong ones, or all that "
            "`augbuild audit SOURCE --write FILE` lists"
        ]
        spec = SplitSpec(on_duplicates="error")
        assert settle_duplicates(spec, unsplit, found)[1] == findings
        _, findings = settle_duplicates(
            SplitSpec(), self.DATASET, twins(("test/a/5.png", "train/b/3.png"))
        )
        assert [each.kind for each in findings] == [
            "duplicates across splits",
            "contradicting labels",
        ]

    def test_not_looked_for_is_said_where_there_are_splits(self) -> None:
        _, (finding,) = settle_duplicates(SplitSpec(), self.DATASET, None)
        assert finding.text() == (
            "copies across splits were not looked for among 6 images; "
            "`augbuild audit SOURCE` looks for them, and what it finds is remembered"
        )
        assert settle_duplicates(SplitSpec(group="none"), dataset_of("a/1.png"), None)[1] == []


def test_boxes_are_compared_by_their_photos(tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("b.png", 2), ("c.png", 1)):
        photo(tmp_path / name, seed, (400, 300))
    sources = []
    splits: dict[str, Split] = {"a.png": "train", "b.png": "train", "c.png": "test"}
    for name, split in splits.items():
        for number, label in enumerate(("cat", "dog")):
            path = f"{name}#xywh={number},0,200,200"
            sources.append(Source(path, label, split=split, group=name))
    originals = BoxOriginals(FolderOriginals(tmp_path))
    dataset = SourceDataset(tmp_path, originals, "x", ("cat", "dog"), tuple(sources))
    duplicates = find_duplicates(dataset, n_jobs=1)
    assert [(twins.first, twins.second) for twins in duplicates.twins] == [("a.png", "c.png")]
    found = find_straddling(dataset.sources, duplicates.twins)
    assert found.train == ["a.png#xywh=0,0,200,200", "a.png#xywh=1,0,200,200"]
    assert found.evaluated == ["c.png#xywh=0,0,200,200", "c.png#xywh=1,0,200,200"]
    assert find_contradictions(dataset.sources, duplicates.twins) == []
