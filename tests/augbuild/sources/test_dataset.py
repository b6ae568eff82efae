"""Sources and their datasets as values."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.sources.dataset import SPLITS, Source, SourceDataset
from augbuild.sources.originals import FolderOriginals


def test_the_path_has_the_split_folder() -> None:
    assert Source("cats/1.jpg", "cats").path == "cats/1.jpg"
    assert Source("cats/1.jpg", "cats", "Train", "train").path == "Train/cats/1.jpg"


def test_sources_cannot_be_changed() -> None:
    source = Source("cats/1.jpg", "cats")
    with pytest.raises(AttributeError):
        source.label = "dogs"  # type: ignore[misc]  # that is the point
    with pytest.raises(AttributeError):
        SourceDataset(Path(), FolderOriginals(Path()), "x", (), ()).classes = ("a",)  # type: ignore[misc]  # as above


def test_splits_are_in_the_order_of_the_manifest() -> None:
    assert SPLITS == ("train", "validation", "test")


@pytest.mark.parametrize("split", SPLITS)
def test_a_dataset_is_split_where_one_source_has_a_split(split: str) -> None:
    plain = Source("a/1.jpg", "a")
    assert not SourceDataset(Path(), FolderOriginals(Path()), "x", ("a",), (plain,)).is_split
    assert not SourceDataset(Path(), FolderOriginals(Path()), "x", ("a",), ()).is_split
    named = Source("a/2.jpg", "a", split, split)  # type: ignore[arg-type]  # SPLITS are Splits
    assert SourceDataset(Path(), FolderOriginals(Path()), "x", ("a",), (plain, named)).is_split
