"""What is seen of a source: counts, sizes, and classes that a mirror would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.sources.folder import open_folder
from augbuild.starting.survey import Survey, reads_differently_mirrored, survey_source
from tests.conftest import photo, photos


def test_images_are_counted_by_split_and_class(tmp_path: Path) -> None:
    photos(tmp_path / "train", {"cats": 3, "dogs": 2})
    photos(tmp_path / "test", {"dogs": 1})
    survey = survey_source(open_folder(tmp_path))
    assert survey.counts == {"train": {"cats": 3, "dogs": 2}, "test": {"dogs": 1}}
    assert survey.is_split
    assert survey.to_augment == {"cats": 3, "dogs": 2}
    assert (survey.images, survey.classes) == (6, ("cats", "dogs"))


def test_all_images_may_be_augmented_where_there_are_no_splits(tmp_path: Path) -> None:
    survey = survey_source(open_folder(photos(tmp_path, {"cats": 3, "dogs": 2})))
    assert not survey.is_split
    assert survey.to_augment == {"cats": 3, "dogs": 2}


@pytest.mark.parametrize(("images", "read"), [(64, 64), (66, 33), (126, 63), (128, 64), (130, 44)])
def test_sizes_are_read_evenly_over_all(images: int, read: int, tmp_path: Path) -> None:
    photo(tmp_path / "small.png", 1, (20, 10))
    photo(tmp_path / "large.png", 2, (30, 10))
    for label in ("small", "large"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for index in range(images // 2):
            (tmp_path / "set" / label / f"{index}.png").hardlink_to(tmp_path / f"{label}.png")
    survey = survey_source(open_folder(tmp_path / "set"))
    assert len(survey.sizes) == read
    assert abs(survey.sizes.count((20, 10)) - read / 2) <= 0.5


def test_files_that_are_no_images_are_counted_and_named(tmp_path: Path) -> None:
    photos(tmp_path, {"cats": 2, "dogs": 1})
    (tmp_path / "cats" / "bad.jpg").write_bytes(b"no image")
    (tmp_path / "cats" / "empty.jpg").write_bytes(b"")
    (tmp_path / "cats" / "notes.txt").write_bytes(b"x")
    (tmp_path / "cats" / "gone.jpg").symlink_to("nowhere")
    survey = survey_source(open_folder(tmp_path))
    assert (survey.unread, survey.sizes) == (2, ((40, 30),) * 3)
    assert [each.source for each in survey.rejected] == ["cats/gone.jpg"]
    assert any(".txt" in kind for kind in survey.ignored)
    written = json.loads(json.dumps(survey.to_json()))
    assert written["counts"] == {"images": {"cats": 4, "dogs": 1}}
    assert (written["median_size"], written["unread"]) == ([40, 30], 2)


@pytest.mark.parametrize(
    ("sizes", "median"),
    [
        ((), None),
        (((5, 9),), (5, 9)),
        (((10, 1), (1, 20), (30, 2)), (1, 20)),  # by the longer side, whichever that is
    ],
)
def test_median_is_by_the_longer_side(
    sizes: tuple[tuple[int, int], ...], median: tuple[int, int] | None
) -> None:
    assert Survey(counts={}, sizes=sizes).median_size == median


@pytest.mark.parametrize(
    "label",
    [
        "0", "7", "00042", "b", "B", "é", "e\u0301", "字", '"', "\\", "\n", "nine", "Zero",
        "digit_3", "letter b", "char-x", "b_lower", "A_uppercase", "left", "turn_left",
        "Arrow-RIGHT", "right2",
    ],
)  # fmt: skip
def test_signs_and_directions_are_known(label: str) -> None:
    assert reads_differently_mirrored(label)


@pytest.mark.parametrize(
    "label", ["cats", "no", "ten birds", "bright", "leftover", "n02085620", "123456", "someone", ""]
)
def test_other_names_are_not_taken_for_signs(label: str) -> None:
    assert not reads_differently_mirrored(label)
