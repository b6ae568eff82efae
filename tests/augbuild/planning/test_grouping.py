"""Groups: by a pattern in the paths, by near-duplicates, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.planning.grouping import find_groups, group_name, groups_by_pattern
from augbuild.sources.dataset import Source, SourceDataset
from augbuild.sources.originals import FolderOriginals


def dataset_of(root: Path, *paths: str) -> SourceDataset:
    sources = tuple(Source(path, path.split("/")[0]) for path in paths)
    return SourceDataset(root, FolderOriginals(root), "photos", ("a", "b"), sources)


def test_groups_of_a_table_are_kept_besides_those_of_the_rule(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, "a/1_x.jpg", "a/2_y.jpg", "b/3_y.jpg", "b/4_z.jpg", "b/5_w.jpg")
    owners = ("anna", "anna", None, "bert", "bert")
    grouped = [replace(s, group=g) for s, g in zip(dataset.sources, owners, strict=True)]
    first, last = ["a/1_x.jpg", "a/2_y.jpg"], ["b/4_z.jpg", "b/5_w.jpg"]
    assert find_groups(grouped, "none") == {
        **dict.fromkeys(first, "a/1_x.jpg"), **dict.fromkeys(last, "b/4_z.jpg"),
    }  # fmt: skip
    by_pattern = find_groups(grouped, "_([xyzw])")
    assert by_pattern["b/3_y.jpg"] == by_pattern["a/1_x.jpg"] == "a/1_x.jpg"


class TestPattern:
    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            (
                r"p\d",
                {
                    "a/p1_x.jpg": "a/p1_x.jpg",
                    "a/p1_y.jpg": "a/p1_x.jpg",
                    "b/p1_z.jpg": "a/p1_x.jpg",
                },
            ),
            (
                r"_([xyz])",
                {
                    "a/p1_x.jpg": "a/p1_x.jpg",
                    "a/p1_y.jpg": "a/p1_y.jpg",
                    "b/p1_z.jpg": "b/p1_z.jpg",
                },
            ),
            (
                r"^a/(p\d)?",
                {"a/p1_x.jpg": "a/p1_x.jpg", "a/p1_y.jpg": "a/p1_x.jpg"},
            ),  # a/other.jpg is alone
            (r"nowhere", {}),
        ],
    )
    def test_first_group_or_whole_match(self, pattern: str, expected: dict[str, str]) -> None:
        paths = ["b/p1_z.jpg", "a/p1_y.jpg", "a/p1_x.jpg", "a/other.jpg"]
        assert groups_by_pattern([Source(path, path[0]) for path in paths], pattern) == expected

    def test_it_sees_the_split_folder(self) -> None:
        assert groups_by_pattern([Source("a/1.jpg", "a", "train", "train")], "train") == {
            "train/a/1.jpg": "train/a/1.jpg"
        }

    def test_a_group_is_named_by_its_smallest_path(self) -> None:
        sources = [Source(f"{number}_p.jpg", "a") for number in (3, 1, 2)]
        assert set(groups_by_pattern(sources, "p").values()) == {"1_p.jpg"}


class TestWhatARecipeAsksFor:
    def test_none(self, tmp_path: Path) -> None:
        """Which is not a pattern: `none` may be in a path."""
        assert find_groups(dataset_of(tmp_path, "a/none1.png", "a/none2.png").sources, "none") == {}

    def test_a_pattern(self, tmp_path: Path) -> None:
        dataset = dataset_of(tmp_path, "a/p1_x.png", "b/p1_y.png", "a/p2_z.png")
        assert find_groups(dataset.sources, r"p\d") == {
            "a/p1_x.png": "a/p1_x.png",
            "b/p1_y.png": "a/p1_x.png",
            "a/p2_z.png": "a/p2_z.png",
        }

    def test_near_duplicates(self, tmp_path: Path) -> None:
        """Across classes, too; and with what a table keeps together."""
        sources = dataset_of(tmp_path, "a/2.png", "a/3.png", "b/1.png", "b/4.png").sources
        twins = [("a/2.png", "b/1.png")]
        assert find_groups(sources, "near-duplicates", twins) == dict.fromkeys(
            ["a/2.png", "b/1.png"], "a/2.png"
        )
        owned = [replace(each, group="anna" if each.key > "a/3" else None) for each in sources]
        assert set(find_groups(owned, "near-duplicates", twins).values()) == {"a/2.png"}


def test_a_source_that_is_alone_is_its_own_group() -> None:
    source = Source("a/1.jpg", "a", folder="train")
    assert group_name(source, {}) == "train/a/1.jpg"
    assert group_name(source, {"train/a/1.jpg": "train/a/0.jpg"}) == "train/a/0.jpg"


def test_boxes_of_a_photo_are_one_group_that_is_named_by_the_photo() -> None:
    paths = []
    for name in ("b.png", "c.png", "a.png"):
        paths += [f"{name}#xywh=9,9,9,9", f"{name}#xywh=0,0,9,9"]
    sources = [Source(path, "x", group=path.partition("#")[0]) for path in paths]
    for rule, of_c in (("none", "c.png"), ("near-duplicates", "a.png")):
        groups = find_groups(sources, rule, [("a.png", "c.png")])
        wanted = ["b.png"] * 2 + [of_c] * 2 + ["a.png"] * 2
        assert [group_name(source, groups) for source in sources] == wanted
