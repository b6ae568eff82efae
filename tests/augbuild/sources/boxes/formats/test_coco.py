"""COCO files: where they are found, what is read of them, what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, LabelledBox, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.formats.coco import find_coco, is_coco, read_coco
from tests.augbuild.sources.boxes.scenes import SCENES, write_coco


def read(file: Path) -> Annotations:
    paths = [f"{name}.jpg" for name in SCENES]
    return read_coco({file: None}, file.parent, PhotoIndex(paths))


def test_boxes_are_read_with_their_photos_and_classes(tmp_path: Path) -> None:
    found = read(write_coco(tmp_path / "x.json"))
    assert [photo.path for photo in found.photos] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert found.photos[0].boxes == (
        LabelledBox("cat", Box(2, 3, 20, 30)),
        LabelledBox("dog", Box(30, 4, 16, 24)),
    )
    assert found.classes == {"cat", "dog"}
    assert found.findings == []


def test_classes_go_by_their_ids_and_not_by_their_places(tmp_path: Path) -> None:
    categories = [{"id": 7, "name": "unused"}, {"id": 1, "name": "b"}, {"id": 0, "name": "a"}]
    found = read(write_coco(tmp_path / "x.json", categories=categories))
    assert [each.label for each in found.photos[0].boxes] == ["a", "b"]
    assert found.classes == {"a", "b", "unused"}


def test_a_photo_that_is_not_there_keeps_its_name(tmp_path: Path) -> None:
    images = [{"id": number, "file_name": f"old/{number}.jpg"} for number in range(1, 6)]
    found = read(write_coco(tmp_path / "x.json", images=images))
    assert [(photo.name, photo.path) for photo in found.photos][3:] == [
        ("old/4.jpg", "4.jpg"),
        ("old/5.jpg", None),
    ]


def test_crowds_and_annotations_without_a_box_are_told(tmp_path: Path) -> None:
    annotations = [
        {"image_id": 1, "category_id": 0, "bbox": [1, 1, 9, 9], "iscrowd": 1},
        {"image_id": 1, "category_id": 0, "bbox": []},
        {"image_id": 1, "category_id": 0},
        {"image_id": 1, "category_id": 0, "bbox": [1.5, 1, 9, 9]},
    ]
    found = read(write_coco(tmp_path / "x.json", annotations=annotations))
    assert found.photos[0].boxes == (LabelledBox("cat", Box(1.5, 1, 9, 9)),)
    assert [finding.text() for finding in found.findings] == [
        "1 crowd of x.json is left out: not one object each",
        "2 annotations have no box in x.json",
    ]


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"image_id": 9, "category_id": 0}, "names image 9, which it does not have"),
        ({"image_id": 1, "category_id": "x"}, "names category 'x', which it does not have"),
    ],
)
def test_what_it_names_must_be_there(
    tmp_path: Path, annotation: dict[str, object], message: str
) -> None:
    file = write_coco(tmp_path / "x.json", annotations=[annotation])
    with pytest.raises(SourceError) as caught:
        read(file)
    assert str(caught.value) == f"{file}: annotations[0] {message}"


@pytest.mark.parametrize(
    ("bbox", "message"),
    [
        (
            [1, 2, 3],
            "annotations[0].bbox must be left, top, width and height (got [1.0, 2.0, 3.0])",
        ),
        ([1, 2, 3, "4"], 'annotations[0].bbox[3] must be a number (got "4")'),
        ("1,2,3,4", 'annotations[0].bbox must be a list or null (got "1,2,3,4")'),
    ],
)
def test_a_box_is_four_numbers(tmp_path: Path, bbox: object, message: str) -> None:
    annotation = {"image_id": 1, "category_id": 0, "bbox": bbox}
    file = write_coco(tmp_path / "x.json", annotations=[annotation])
    with pytest.raises(SourceError) as caught:
        read(file)
    assert str(caught.value) == f"{file}: {message}"


class TestIsFound:
    def test_as_roboflow_exports_it(self, tmp_path: Path) -> None:
        own = write_coco(tmp_path / "_annotations.coco.json")
        assert find_coco(tmp_path) == {own: None}

    def test_in_folders_of_splits(self, tmp_path: Path) -> None:
        files = {}
        for folder, split in (("test", "test"), ("train", "train"), ("valid", "validation")):
            files[write_coco(tmp_path / folder / "_annotations.coco.json")] = split
        write_coco(tmp_path / "cats" / "_annotations.coco.json")
        assert find_coco(tmp_path) == files

    def test_as_coco_itself_lays_it_out(self, tmp_path: Path) -> None:
        train = write_coco(tmp_path / "annotations" / "instances_train2017.json")
        write_coco(tmp_path / "annotations" / "captions_train2017.json")
        assert find_coco(tmp_path) == {train: None}
        val = write_coco(tmp_path / "annotations" / "instances_val2017.json")
        assert find_coco(tmp_path) == {train: "train", val: "validation"}

    def test_not_where_several_files_are_of_no_split(self, tmp_path: Path) -> None:
        write_coco(tmp_path / "annotations" / "instances_a.json")
        write_coco(tmp_path / "annotations" / "instances_train.json")
        assert find_coco(tmp_path) == {}

    def test_by_its_sections_and_not_by_its_name(self, tmp_path: Path) -> None:
        assert is_coco(write_coco(tmp_path / "any.json"))
        (tmp_path / "labels.json").write_text(json.dumps({"images": []}))
        (tmp_path / "rows.json").write_text(json.dumps([{"images": 1, "annotations": 2}]))
        (tmp_path / "not.json").write_text("{")
        for name in ("labels.json", "rows.json", "not.json", "none.json"):
            assert not is_coco(tmp_path / name)


def test_photos_are_looked_for_in_the_folder_of_the_split(tmp_path: Path) -> None:
    scenes = {"1": SCENES["1"]}
    train = write_coco(tmp_path / "annotations" / "instances_train2017.json", scenes)
    val = write_coco(tmp_path / "annotations" / "instances_val2017.json", scenes)
    index = PhotoIndex(["train2017/1.jpg", "val2017/1.jpg"])
    found = read_coco({train: "train", val: "validation"}, tmp_path, index)
    assert [(photo.path, photo.split) for photo in found.photos] == [
        ("train2017/1.jpg", "train"),
        ("val2017/1.jpg", "validation"),
    ]
