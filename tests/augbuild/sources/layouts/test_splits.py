"""Names of split folders."""

from __future__ import annotations

import pytest

from augbuild.sources.dataset import Split
from augbuild.sources.layouts.splits import SPLIT_WORDS, find_splits, split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *SPLIT_WORDS.items(),
        ("Training", "train"),
        ("TEST", "test"),
        ("training_set", "train"),
        ("test_set", "test"),
        ("TrainImages", "train"),
        ("val-data", "validation"),
        ("dataset_train", "train"),
        ("images.dev", "validation"),
        ("train2017", "train"),
        ("test1", "test"),
        ("Evaluation Images", "test"),
        ("cats", None),
        ("bullet_train", None),
        ("testament", None),
        ("devil", None),
        ("trains", None),
        ("train_test", None),
        ("data", None),
        ("", None),
        ("123", None),
    ],
)
def test_the_split_of_a_name(name: str, split: Split | None) -> None:
    assert split_of(name) == split


def test_every_keyword_of_hugging_face_datasets() -> None:
    datasets = pytest.importorskip("datasets.data_files", reason="needs datasets, an extra")
    for split, words in datasets.SPLIT_KEYWORDS.items():
        for word in words:
            assert split_of(word) == str(split)


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train", "cats"], {"train": "train"}),
        (
            ["seg_train", "seg_test", "seg_pred"],
            {"seg_train": "train", "seg_test": "test"},
        ),
        (["train_xray", "xray-val"], {"train_xray": "train", "xray-val": "validation"}),
        (["bullet_train"], {}),
        (["bullet_train", "steam_train"], {}),
        (["bullet_train", "steam_test"], {}),
        (["cats_train", "cats_test", "dogs_train", "dogs_test"], {}),
        (["bullet_train", "bullet_training"], {}),
    ],
)
def test_the_splits_among_folders_side_by_side(names: list[str], splits: dict[str, Split]) -> None:
    assert find_splits(names) == splits
    assert find_splits(reversed(names)) == splits
