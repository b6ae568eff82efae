"""The tree of a source, and that tree as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from augbuild.sources.layouts.sketch import draw_tree, grow_tree


def test_the_tree_counts_what_lies_in_each_folder_and_below() -> None:
    tree = grow_tree(["1.jpg", "a/1.jpg", "a/2.jpg", "a/b/c/1.jpg"])
    assert (tree.direct, tree.total()) == (1, 4)
    assert (tree.folders["a"].direct, tree.folders["a"].total()) == (2, 3)
    assert [name for name, _ in tree.below()] == ["a", "b", "c"]


@given(st.lists(st.text("ab/", min_size=1, max_size=8)))
def test_no_image_is_lost(paths: list[str]) -> None:
    assert grow_tree(paths).total() == len(paths)


def test_three_levels_are_drawn() -> None:
    tree = grow_tree(["x/1.jpg", "x/y/1.jpg", "x/y/z/1.jpg", "x/y/z/deep/1.jpg"])
    assert draw_tree(tree, "photos") == (
        "  photos/  4 images\n"
        "    x/  4\n"
        "      1 image directly in it\n"
        "      y/  3\n"
        "        1 image directly in it\n"
        "        z/  2"
    )


def test_of_many_folders_the_first_are_drawn() -> None:
    tree = grow_tree([f"class{number}/1.jpg" for number in range(8)])
    drawn = draw_tree(tree, "photos").splitlines()
    assert drawn[1:] == [
        *(f"    class{number}/  1" for number in range(6)),
        "    and 2 more folders",
    ]


def test_folders_deeper_than_calls_may_be() -> None:
    deep = "/".join(["x"] * 5000)
    tree = grow_tree([f"{deep}/1.jpg"])
    assert tree.total() == 1
    assert len(list(tree.below())) == 5000
