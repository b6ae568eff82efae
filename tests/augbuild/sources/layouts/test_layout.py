"""Layouts: what an image is by its path, once it is known where splits and classes are."""

from __future__ import annotations

import pytest

from augbuild.sources.dataset import Source
from augbuild.sources.layouts.layout import Layout

CLASSES = Layout("classes")
SPLITS = Layout("splits", {"a/Val": "validation", "test": "test"})
PASSED_OVER = Layout("splits", {"test": "test"}, keeps_splits=False)
CLASS_SPLITS = Layout("class-splits", {"train": "train", "test": "test"})
WRAPPED = Layout("class-splits", {"train": "train"}, top="pets")
LEAF = Layout("leaf")
LEAF_SPLITS = Layout("leaf", {"train": "train"})


@pytest.mark.parametrize(
    ("layout", "path", "source"),
    [
        (CLASSES, "cats/a/1.jpg", Source("cats/a/1.jpg", "cats")),
        (CLASSES, "1.jpg", None),
        (SPLITS, "a/Val/cats/a/1.jpg", Source("cats/a/1.jpg", "cats", "a/Val", "validation")),
        (SPLITS, "test/cats/1.jpg", Source("cats/1.jpg", "cats", "test", "test")),
        (SPLITS, "test/1.jpg", None),
        (SPLITS, "extra/cats/1.jpg", None),
        (SPLITS, "1.jpg", None),
        (PASSED_OVER, "test/cats/1.jpg", Source("test/cats/1.jpg", "cats")),
        (PASSED_OVER, "test/1.jpg", None),
        (CLASS_SPLITS, "cats/test/a/1.jpg", Source("cats/test/a/1.jpg", "cats", split="test")),
        (CLASS_SPLITS, "cats/1.jpg", None),
        (CLASS_SPLITS, "cats/other/1.jpg", None),
        (WRAPPED, "pets/cats/train/1.jpg", Source("pets/cats/train/1.jpg", "cats", split="train")),
        (WRAPPED, "petshop/cats/train/1.jpg", None),
        (WRAPPED, "cats/train/1.jpg", None),
        (LEAF, "a/b/cats/1.jpg", Source("a/b/cats/1.jpg", "cats")),
        (LEAF, "1.jpg", None),
        (LEAF_SPLITS, "train/x/cats/1.jpg", Source("x/cats/1.jpg", "cats", "train", "train")),
        (LEAF_SPLITS, "train/1.jpg", None),
        (LEAF_SPLITS, "extra/1.jpg", None),
    ],
)
def test_what_an_image_is(layout: Layout, path: str, source: Source | None) -> None:
    assert layout.source(path) == source
    assert (layout.class_folder(path) is None) == (source is None)
    if source is not None:
        assert source.path == path


def test_class_folders() -> None:
    assert CLASSES.class_folder("cats/a/1.jpg") == "cats"
    assert SPLITS.class_folder("test/cats/a/1.jpg") == "test/cats"
    assert SPLITS.class_folder("a/Val/cats/1.jpg") == "a/Val/cats"
    assert CLASS_SPLITS.class_folder("cats/test/1.jpg") == "cats"
    assert WRAPPED.class_folder("pets/cats/train/1.jpg") == "pets/cats"
    assert LEAF.class_folder("a/b/cats/1.jpg") == "a/b/cats"


def test_strings_that_repeat_are_kept_once() -> None:
    first, second = (SPLITS.source(f"test/cats{''}/{number}.jpg") for number in range(2))
    assert first is not None
    assert second is not None
    assert first.label is second.label
    assert first.folder is second.folder
