"""Each photo is in one split, with all of its boxes."""

from __future__ import annotations

from augbuild.sources.boxes.annotations import LabelledBox, Photo
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.splits import settle_splits
from augbuild.sources.dataset import Split

A, B = LabelledBox("cat", Box(0, 0, 1, 1)), LabelledBox("dog", Box(0, 0, 2, 2))


def photo(path: str, split: Split | None, *boxes: LabelledBox) -> Photo:
    return Photo(path, path, boxes, split)


def settled(*photos: Photo, ignore_existing: bool = False) -> tuple[dict[str, object], list[str]]:
    kept, findings = settle_splits(photos, ignore_existing=ignore_existing)
    return {each.name: each.split for each in kept}, [each.text() for each in findings]


def test_splits_are_kept() -> None:
    photos = photo("1", "test", A), photo("2", "train", B), photo("3", None)
    assert settled(*photos[:2]) == ({"1": "test", "2": "train"}, [])
    assert settled(photos[2]) == ({"3": None}, [])
    assert settled(*photos[:2], ignore_existing=True) == ({"1": None, "2": None}, [])


def test_a_photo_that_is_annotated_twice_has_all_boxes() -> None:
    kept, findings = settle_splits(
        [photo("1", None, A), photo("1", None, B)], ignore_existing=False
    )
    assert [(each.name, each.boxes) for each in kept] == [("1", (A, B))]
    assert findings == []


def test_a_photo_of_two_splits_stays_in_the_first() -> None:
    photos = photo("1", "test", A), photo("1", "train", A), photo("2", "test", B)
    assert settled(*photos) == (
        {"1": "train", "2": "test"},
        [
            "1 photo is in more than one split; used in the first alone (1); "
            "list each photo in one split"
        ],
    )


def test_splits_of_the_same_photos_are_none() -> None:
    photos = [photo(name, split, A) for name in "12" for split in ("train", "validation")]
    assert settled(*photos) == (
        {"1": None, "2": None},
        [
            "2 photos are in more than one split; the splits are not kept (1, 2); "
            "list each photo in one split"
        ],
    )


def test_a_photo_of_no_split_is_left_out_where_others_have_one() -> None:
    photos = photo("1", "train", A), photo("2", "test", A), photo("3", None, A)
    assert settled(*photos) == (
        {"1": "train", "2": "test"},
        [
            "1 photo is in no split and left out (3); add them to a split; or split all anew: "
            "ignore_existing = true in [split]"
        ],
    )
    assert settled(*photos, ignore_existing=True) == ({"1": None, "2": None, "3": None}, [])
