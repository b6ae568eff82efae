"""Counts of a tree: by folder and class, and of what its owner should know."""

from __future__ import annotations

from collections import Counter
from typing import Any

from augbuild.dataset.about.counts import TreeCounts, images_of_train
from augbuild.dataset.results import BuiltFile, BuiltSource
from augbuild.sources.dataset import Source

EMOJI = {"op": "overlay_emoji", "emoji_path": "smileys/smirking_face", "x_pos": 0.5}
FLIP: dict[str, Any] = {"op": "hflip"}


def built(*variants: tuple[str, list[dict[str, Any]]], flat: bool = False) -> BuiltSource:
    """Make the result of one source whose variants have these hashes and ops."""
    files = [BuiltFile("train/x.jpg", None, 4, 4, 9, "original", flat=False)]
    ops: list[tuple[dict[str, Any], ...]] = [()]
    for number, (sha256, applied) in enumerate(variants):
        files.append(BuiltFile(f"{number}.jpg", number, 4, 4, 9, sha256, flat=flat))
        ops.append(tuple(applied))
    return BuiltSource("x.jpg", "original", 4, 4, True, tuple(files), tuple(ops))


def counted(*results: BuiltSource) -> TreeCounts:
    counts = TreeCounts()
    for result in results:
        counts.add(Source("x.jpg", "cats", split="train"), result)
    return counts


def test_images_are_counted_by_folder_and_class() -> None:
    counts = counted(built(("a", [FLIP]), ("b", [FLIP])), built(("c", [FLIP])))
    counts.add(Source("y.jpg", "dogs", split="test"), built())
    counts.add(Source("z.jpg", "dogs"), built())
    assert counts.images == {
        "train": {"cats": 2, "dogs": 1},
        "augmented_train": {"cats": 3},
        "test": {"dogs": 1},
    }
    assert (counts.rows, counts.more_frames) == (7, 4)
    assert counts.images_of("test", ("cats", "dogs")) == {"cats": 0, "dogs": 1}
    assert images_of_train(counts.images) == Counter(cats=5, dogs=1)
    assert images_of_train({"test": {"cats": 1}}) == Counter()


def test_variants_that_are_equal_or_changed_nothing_are_counted() -> None:
    assert counted(built(("a", [FLIP]), ("b", [FLIP]))).equal == 0
    assert counted(built(("a", [FLIP]), ("a", [FLIP]), ("a", [FLIP]))).equal == 2
    assert counted(built(("a", [FLIP]), ("b", []), ("c", []))).equal == 2
    assert counted(built(("b", []), ("b", []))).equal == 2
    assert counted(built(("a", [FLIP])), built(("a", [FLIP]))).equal == 0  # of two sources


def test_flat_variants_are_counted() -> None:
    assert counted(built(("a", [FLIP]), ("b", [FLIP]), flat=True)).flat == 2
    assert counted(built(("a", [FLIP]))).flat == 0


def test_what_was_painted_is_remembered() -> None:
    text = {"op": "overlay_text", "font_file": "Allura-Regular"}
    counts = counted(built(("a", [FLIP, EMOJI]), ("b", [EMOJI])), built(("c", [text])))
    assert counts.assets == {("emoji", "smileys/smirking_face"), ("font", "Allura-Regular")}
    assert counted(built(("a", [{"op": "of_another_version"}]))).assets == set()
