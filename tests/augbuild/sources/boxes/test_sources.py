"""Boxes become sources, or are rejected by name."""

from __future__ import annotations

import math

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import LabelledBox, Photo
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.sources import BoxSources
from augbuild.sources.dataset import Rejected, Source

CAT, DOG = LabelledBox("cat", Box(1, 2, 3, 4)), LabelledBox("dog", Box(5, 6, 7, 8))


def added(*boxes: LabelledBox, path: str | None = "a/1.jpg", wanted: str = "") -> BoxSources:
    sources = BoxSources(frozenset(wanted.split()))
    sources.add(Photo("1.jpg", path, boxes, "test"))
    return sources


def test_a_box_is_a_source_and_its_photo_is_the_group() -> None:
    assert added(CAT, DOG).sources == [
        Source("a/1.jpg#xywh=1,2,3,4", "cat", split="test", group="a/1.jpg"),
        Source("a/1.jpg#xywh=5,6,7,8", "dog", split="test", group="a/1.jpg"),
    ]


def test_only_wanted_classes_are_taken() -> None:
    assert [source.label for source in added(CAT, DOG, wanted="dog").sources] == ["dog"]
    assert added(CAT, path=None, wanted="dog").rejected == []


@pytest.mark.parametrize("box", [Box(1, 2, 0, 4), Box(1, 2, 3, 0), Box(1, 2, -3, 4)])
def test_a_box_of_no_size_is_rejected_by_name(box: Box) -> None:
    found = added(CAT, LabelledBox("cat", box))
    name = f"a/1.jpg#xywh={box}"
    why = "the box has no width or no height"
    assert found.rejected == [Rejected(name, "box_empty", why)]
    assert len(found.sources) == 1


def test_numbers_of_no_photo_are_rejected() -> None:
    found = added(
        LabelledBox("cat", Box(1, 2, math.nan, 4)), LabelledBox("cat", Box(1e300, 2, 3, 4))
    )
    assert [each.reason for each in found.rejected] == ["box_empty", "box_empty"]
    assert found.rejected[0].message == "the numbers of the box are none of a photo"
    assert max(len(each.source) for each in found.rejected) <= 1000


def test_a_box_of_two_classes_is_rejected() -> None:
    found = added(DOG, CAT, LabelledBox("dog", CAT.box))
    why = "the box is annotated as 'cat' and as 'dog'"
    assert found.rejected == [Rejected("a/1.jpg#xywh=1,2,3,4", "box_labels", why)]
    assert [source.label for source in found.sources] == ["dog"]


def test_a_box_that_is_annotated_twice_is_used_once() -> None:
    found = added(CAT, CAT, DOG, CAT)
    assert [source.label for source in found.sources] == ["cat", "dog"]
    assert [finding.text() for finding in found.findings()] == [
        "2 boxes are annotated twice, and used once (a/1.jpg#xywh=1,2,3,4, "
        "a/1.jpg#xywh=1,2,3,4); remove the second annotation"
    ]
    assert added(CAT, DOG).findings() == []


def test_a_photo_that_is_not_there_is_rejected_once() -> None:
    found = added(CAT, DOG, path=None)
    why = "is not there, so its 2 boxes cannot be used"
    assert (found.rejected, found.sources) == ([Rejected("1.jpg", "unreadable", why)], [])
    assert added(path=None).rejected == []


@pytest.mark.parametrize("label", ["a/b", "..", ".x", "", "a\nb", "é" * 101])
def test_a_class_must_be_a_folder(label: str) -> None:
    with pytest.raises(
        SourceError, match=r"the annotations have a class .*, which cannot be a fol"
    ):
        added(LabelledBox(label, CAT.box))
