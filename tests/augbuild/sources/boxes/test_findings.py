"""Findings about annotations; `test_open.py` has them as they are printed together."""

from __future__ import annotations

from augbuild.sources.boxes.annotations import LabelledBox, Photo
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.findings import (
    find_augmented_photos,
    find_in_classes,
    find_left_out_photos,
)
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.folders.listing import Listing

BOX = LabelledBox("cat", Box(0, 0, 9, 9))


def test_photos_that_give_nothing_are_counted() -> None:
    listing = Listing(SourceOptions(), images=["1.jpg", "2.jpg", "3.jpg", "4.jpg"])
    photos = [Photo("1.jpg", "1.jpg", (BOX,)), Photo("2.jpg", "2.jpg", ()), Photo("x", None, ())]
    assert [finding.text() for finding in find_left_out_photos(photos, listing)] == [
        "1 photo without a box is left out (2.jpg)",
        "2 photos that the annotations do not name are left out (3.jpg, 4.jpg)",
    ]


def texts(declared: set[str], used: set[str], wanted: set[str] | None = None) -> list[str]:
    return [finding.text() for finding in find_in_classes(declared, used, wanted or set())]


def test_classes_without_boxes_are_named() -> None:
    assert texts({"a", "b", "c", "d"}, {"b", "d"}) == [
        "2 classes have no box, and so no images (a, c)"
    ]
    assert texts({"a", "b", "d"}, {"b", "d"}, {"b", "d"}) == []
    assert texts({"a", "b", "c", "d"}, {"b", "d"}, {"a", "b", "d"}) == [
        "1 class has no box, and so no images (a)"
    ]


def test_one_class_is_too_few() -> None:
    assert texts({"cat"}, {"cat"}) == [
        "'cat' is the only class that has boxes; a classifier needs two: annotate another"
    ]
    assert texts({"cat", "dog"}, {"cat", "dog"}) == []


def test_photos_without_boxes_do_not_look_augmented() -> None:
    names = [f"x.rf.{mark * 20}.jpg" for mark in "ab"]
    assert find_augmented_photos([Photo(name, name, ()) for name in names]) == []
    (finding,) = find_augmented_photos([Photo(name, name, (BOX, BOX)) for name in names])
    assert finding.count == 2
