"""Rows of the manifest: a record for each file of a source, and the context that they depend on."""

from __future__ import annotations

import msgspec

from augbuild.building.rows import encode_rows, row_context
from augbuild.dataset.manifest import Record, parse_row
from augbuild.dataset.results import BuiltFile, BuiltSource
from augbuild.sources.dataset import Source

SOURCE = Source("ü.png", "cats", split="train", group="g", fold=2)
BUILT = BuiltSource(
    path="ü.png",
    sha256="ab" * 32,
    width=3,
    height=4,
    more_frames=False,
    files=(
        BuiltFile("train/cats/ü.png", None, 3, 4, 50, "ab" * 32, flat=False),
        BuiltFile("augmented_train/cats/ü.jpg", 0, 5, 6, 70, "cd" * 32, flat=True),
    ),
    ops=((), ({"op": "blur", "radius": 1.5},)),
)


def test_each_file_has_a_row() -> None:
    original, variant = encode_rows(SOURCE, 7, BUILT).splitlines()
    expected = Record(
        file_name="train/cats/ü.png",
        label=7,
        label_name="cats",
        split="train",
        origin="source",
        variant=None,
        source="ü.png",
        source_sha256="ab" * 32,
        group="g",
        ops=(),
        width=3,
        height=4,
        source_width=3,
        source_height=4,
        bytes=50,
        sha256="ab" * 32,
        fold=2,
    )
    assert parse_row(original, "row") == expected
    assert parse_row(variant, "row") == msgspec.structs.replace(
        expected,
        file_name="augmented_train/cats/ü.jpg",
        origin="augmented",
        variant=0,
        ops=BUILT.ops[1],
        width=5,
        height=6,
        bytes=70,
        sha256="cd" * 32,
    )


def test_another_context_is_another_row() -> None:
    bare = Source("ü.png", "cats", split="train")
    cases = [
        (SOURCE, 7),
        (SOURCE, 8),
        (bare, 7),
        (Source("ü.png", "cats", split="train", group="g"), 7),
        (Source("ü.png", "cats", split="train", group="h", fold=2), 7),
    ]
    assert len({row_context(source, label) for source, label in cases}) == len(cases)
    assert len({encode_rows(source, label, BUILT) for source, label in cases}) == len(cases)
