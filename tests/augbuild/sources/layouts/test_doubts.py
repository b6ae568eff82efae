"""What speaks against a layout; how doubts are worded and settled is in test_recognise."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.sources.layouts.doubts import Doubt, find_doubt, refuse
from augbuild.sources.layouts.layout import Layout
from augbuild.sources.layouts.sketch import grow_tree

CLASSES = Layout("classes")


def doubt_of(*images: str, layout: Layout = CLASSES) -> Doubt | None:
    return find_doubt(grow_tree(images), layout)


@pytest.mark.parametrize(
    "images",
    [
        [],
        ["1.jpg"],
        ["a/1.jpg", "b/1.jpg"],
        ["a/x/1.jpg", "b/x/1.jpg"],
        ["a/x/1.jpg", "a/y/1.jpg", "b/1.jpg"],
        ["a/x/1.jpg", "a/y/1.jpg", "b/z/1.jpg"],
        # As many images directly in the class folders as in the folders that they share.
        [f"{top}/{name}.jpg" for top in "ab" for name in ("1", "2", "x/1", "y/1")],
    ],
)
def test_nothing_speaks_against_these(images: list[str]) -> None:
    assert doubt_of(*images) is None


def test_a_few_images_beside_shared_folders_change_nothing() -> None:
    shared = [f"{top}/{below}/{number}.jpg" for top in "ab" for below in "xy" for number in "12"]
    assert doubt_of(*shared, "a/1.jpg") is not None


def test_most_folders_are_shared_where_one_of_four_is_missing() -> None:
    assert doubt_of("a/x/1.jpg", "a/y/1.jpg", "b/x/1.jpg") is not None
    assert doubt_of("a/x/1.jpg", "a/y/1.jpg", "a/z/1.jpg", "b/x/1.jpg") is None


def test_classes_of_all_splits_count_together() -> None:
    layout = Layout("splits", {"train": "train", "test": "test"})
    assert doubt_of("train/a/1.jpg", "test/b/1.jpg", layout=layout) is None
    assert doubt_of("train/a/1.jpg", "test/a/1.jpg", layout=layout) is not None


def test_the_inner_folder_is_quoted_for_the_shell() -> None:
    tree = grow_tree(["my photos/a/1.jpg", "my photos/b/1.jpg"])
    text = str(refuse(Path("root"), tree, Doubt("why"), [CLASSES]))
    assert text.startswith("root: why\n")
    assert text.endswith("or name the folder that holds the classes: --source 'root/my photos'")


def test_without_any_reading_it_says_what_a_source_is() -> None:
    text = str(refuse(Path("root"), grow_tree(["a/1.jpg"]), Doubt("why"), []))
    assert text.endswith("put the images of each class into a folder of its own")
