"""The rules that rows follow: each broken alone, and nothing found where none is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from augbuild.checking.rules import TreeContents, read_contents
from augbuild.core.files import hash_bytes
from augbuild.dataset.info import write_info
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.manifest import Record, encode_row
from tests.augbuild.dataset.fixtures import info_of, recipe_of, record_of


def original(source: str, **changes: Any) -> Record:
    """Return the row of an original, which is its source."""
    split, label = changes.get("split", "train"), changes.get("label_name", "cats")
    values: dict[str, Any] = {
        "origin": "source",
        "variant": None,
        "source": source,
        "file_name": f"{split}/{label}/{source}",
        "ops": (),
        "width": 30,
        "height": 40,
        "sha256": "ab" * 32,
    }
    return record_of(**{**values, **changes})


def variant(source: str, number: int, **changes: Any) -> Record:
    """Return the row of a variant."""
    label = changes.get("label_name", "cats")
    name = f"augmented_train/{label}/{source}_aug{number}"
    return record_of(**{"source": source, "variant": number, "file_name": name, **changes})


DOG = {"label": 1, "label_name": "dogs"}
ROWS = [
    original("a"),
    variant("a", 0),
    variant("a", 1),
    original("b"),
    variant("b", 0),
    original("c", **DOG),
    variant("c", 0, **DOG),
    original("a2", split="validation"),
    original("a1", split="test"),
    original("a3", split="test", **DOG),
]


def read(folder: Path, records: Sequence[Record], **changes: Any) -> TreeContents:
    """Read rows beside a dataset.json that fits them but for the changes."""
    lines = [encode_row(row) for row in records]
    counts: dict[str, dict[str, int]] = {}
    for row in records:
        of_folder = counts.setdefault(row.folder, {"cats": 0, "dogs": 0})
        of_folder[row.label_name] = of_folder.get(row.label_name, 0) + 1
    fitting = {
        "rows": len(records),
        "counts": counts,
        "manifest_sha256": hash_bytes(b"".join(lines)),
    }
    output = OutputFolder(folder)
    output.staging.mkdir(parents=True, exist_ok=True)
    write_info(output, info_of(**{**fitting, **changes}))
    return read_contents(folder, lines)


def problems(folder: Path, rows: Sequence[Record]) -> list[str]:
    return [damage.message for damage in read(folder, rows).damages]


def with_row(number: int, **changes: Any) -> list[Record]:
    """Return the rows, that of a number (from 1) changed."""
    rows = list(ROWS)
    rows[number - 1] = msgspec.structs.replace(rows[number - 1], **changes)
    return rows


def test_rows_in_order_are_right(tmp_path: Path) -> None:
    contents = read(tmp_path, ROWS)
    assert contents.damages == []
    assert (contents.rows, contents.total_bytes) == (10, 5000)
    assert contents.images == {
        "train": {"cats": 2, "dogs": 1},
        "augmented_train": {"cats": 3, "dogs": 1},
        "validation": {"cats": 1},
        "test": {"cats": 1, "dogs": 1},
    }
    assert ROWS[3].file_name in contents
    assert "train/cats/x" not in contents


ORDER = "is not in plan order: split, class, source, the original before its variants"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (original("b"), original("a")),
        (original("b", split="validation"), original("a", split="train")),
        (original("a", split="test"), original("b", split="validation")),
        (original("a", **DOG), original("b")),
    ],
    ids=["source", "train after validation", "validation after test", "class"],
)
def test_each_part_of_the_place_in_the_plan_counts(
    tmp_path: Path, before: Record, after: Record
) -> None:
    assert problems(tmp_path, [before, after]) == [f"row 2 {ORDER}"]
    assert problems(tmp_path, [after, before]) == []


def test_variants_are_in_order_and_after_their_original(tmp_path: Path) -> None:
    rows = [original("a"), variant("a", 1), variant("a", 0)]
    assert problems(tmp_path, rows) == [f"row 3 {ORDER}"]
    assert problems(tmp_path, [variant("a", 0), original("a")]) == [
        "row 1 is a variant of a, whose original has no row before it",
        f"row 2 {ORDER}",
    ]
    rows = [original("a"), original("b"), variant("a", 0)]
    assert problems(tmp_path, rows) == [
        f"row 3 {ORDER}",
        "row 3 is a variant of a, whose original has no row before it",
    ]


def test_the_same_place_twice_under_another_name(tmp_path: Path) -> None:
    rows = [original("a"), original("a", file_name="train/cats/other")]
    assert problems(tmp_path, rows) == [f"row 2 {ORDER}"]


def test_a_name_given_twice(tmp_path: Path) -> None:
    rows = [original("a"), original("b", file_name="train/cats/a")]
    assert problems(tmp_path, rows) == ["row 2 names train/cats/a again"]


@pytest.mark.parametrize(
    "name", ["cats/b", "train/b", "train/dogs/b", "test/cats/b", "train/cats/x/b", "x/train/cats/b"]
)
def test_a_file_in_another_folder(tmp_path: Path, name: str) -> None:
    expected = [f"row 2 names {name}, which is not directly in train/cats/"]
    assert problems(tmp_path, [original("a"), original("b", file_name=name)]) == expected


@pytest.mark.parametrize("label", [1, 2, 10**15])
def test_a_label_of_another_class(tmp_path: Path, label: int) -> None:
    expected = [f"row 1 has label {label} for class 'cats', unlike dataset.json"]
    assert problems(tmp_path, [original("a", label=label)]) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_sha256", "cd" * 32),
        ("group", "g"),
        ("fold", 1),
        ("source_width", 31),
        ("source_height", 41),
    ],
)
def test_a_variant_that_differs_from_its_original(tmp_path: Path, name: str, value: object) -> None:
    expected = [f"row 2 differs in {name} from the row of its original"]
    assert problems(tmp_path, with_row(2, **{name: value})) == expected


def test_a_variant_of_another_split(tmp_path: Path) -> None:
    rows = [original("a", split="test"), variant("a", 0, split="test")]
    expected = ["row 2 is a variant in test; only train images have variants"]
    assert problems(tmp_path, rows) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            original("a", variant=0),
            "row 1 has variant 0 and origin source, which exclude each other",
        ),
        (
            variant("a", 0, variant=None),
            "row 1 has variant None and origin augmented, which exclude each other",
        ),
    ],
    ids=["original", "variant"],
)
def test_variants_have_numbers_and_originals_have_none(
    tmp_path: Path, row: Record, said: str
) -> None:
    assert said in problems(tmp_path, [row])


@pytest.mark.parametrize(
    "change",
    [
        {"ops": ({"op": "hflip"},)},
        {"sha256": "cd" * 32},
        {"width": 31},
        {"height": 41},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_original_that_is_not_its_source(tmp_path: Path, change: dict[str, Any]) -> None:
    said = "row 1 is an original, but its ops, sha256 or size are not those of its source"
    assert problems(tmp_path, [original("a", **change)]) == [said]


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        ({"rows": 11}, ("manifest", "manifest.jsonl", "has 10 rows; dataset.json says 11")),
        (
            {"manifest_sha256": "0" * 64},
            (
                "manifest",
                "manifest.jsonl",
                "is not the one that dataset.json was written for: edited, or of another build",
            ),
        ),
        (
            {"counts": {"train": {"cats": 2}}},
            (
                "dataset",
                "dataset.json",
                "counts other images per split and class than manifest.jsonl",
            ),
        ),
    ],
    ids=["rows", "hash", "counts"],
)
def test_a_manifest_that_dataset_json_was_not_written_for(
    tmp_path: Path, change: dict[str, Any], damage: tuple[str, str, str]
) -> None:
    found = read(tmp_path, ROWS, **change).damages
    assert [(each.kind, each.file, each.message) for each in found] == [damage]


def test_zeros_count_nothing(tmp_path: Path) -> None:
    counts = {"train": {"cats": 1, "dogs": 0}, "test": {"cats": 0, "dogs": 0}}
    assert read(tmp_path, [original("a")], counts=counts).damages == []
    other = {"train": {"cats": 1, "dogs": 0}, "test": {"cats": 0, "dogs": 1}}
    assert len(read(tmp_path, [original("a")], counts=other).damages) == 1


def test_rows_are_read_on_without_dataset_json(tmp_path: Path) -> None:
    contents = read_contents(tmp_path, [encode_row(original("a", label=9)), b"no row\n"])
    assert contents.info is None
    assert contents.rows == 2
    found = [(damage.kind, damage.message) for damage in contents.damages]
    assert found == [("manifest", "row 2 is not JSON")]


def test_a_damaged_dataset_json_is_named_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("[]", encoding="utf-8")
    damages = read_contents(tmp_path, []).damages
    assert [(each.kind, each.file, each.message) for each in damages] == [
        ("dataset", "dataset.json", "must be an object (got [])")
    ]
    (tmp_path / "dataset.json").unlink()
    (tmp_path / "dataset.json").mkdir()
    damages = read_contents(tmp_path, []).damages
    assert [damage.kind for damage in damages] == ["unreadable"]
    assert damages[0].message == "cannot be read: Is a directory"


class TestSize:
    """Originals that were brought to one size are not their sources, and all have that size."""

    def framed(self, folder: Path, rows: Sequence[Record]) -> list[str]:
        output = {"format": "jpeg", "quality": 90, "max_side": None, "originals": "copy"}
        recipe = recipe_of(output={**output, "size": [10, 20]})
        contents = read(folder, rows, recipe=recipe, recipe_sha256=recipe.sha256)
        return [damage.message for damage in contents.damages]

    def test_originals_need_not_be_their_sources(self, tmp_path: Path) -> None:
        resized = original("a", width=10, height=20, sha256="ef" * 32)
        assert self.framed(tmp_path, [resized, variant("a", 0)]) == []
        assert problems(tmp_path, [resized]) == [
            "row 1 is an original, but its ops, sha256 or size are not those of its source"
        ]

    def test_all_have_the_size(self, tmp_path: Path) -> None:
        wrong = original("a", width=10, height=21, sha256="ef" * 32)
        assert self.framed(tmp_path, [wrong, variant("a", 0, width=9)]) == [
            "row 1 has 10 x 21 pixels, and the recipe 10 x 20",
            "row 2 has 9 x 20 pixels, and the recipe 10 x 20",
        ]

    def test_an_original_has_no_ops(self, tmp_path: Path) -> None:
        changed = original("a", width=10, height=20, sha256="ef" * 32, ops=({"op": "hflip"},))
        assert self.framed(tmp_path, [changed]) == [
            "row 1 is an original, but its ops, sha256 or size are not those of its source"
        ]
