"""Pascal VOC: XML files and the lists of the splits."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import LabelledBox, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.formats.voc import find_voc, read_voc
from tests.augbuild.sources.boxes.scenes import SCENES, write_voc

INDEX = PhotoIndex([f"JPEGImages/{name}.jpg" for name in SCENES])


def test_boxes_are_read_with_their_photos_and_classes(tmp_path: Path) -> None:
    folder = write_voc(tmp_path / "Annotations")
    found = read_voc({folder: None}, tmp_path, INDEX)
    assert [photo.path for photo in found.photos] == [f"JPEGImages/{n}.jpg" for n in "1234"]
    assert found.photos[0].boxes == (
        LabelledBox("cat", Box(2, 3, 20, 30)),
        LabelledBox("dog", Box(30, 4, 16, 24)),
    )
    assert found.classes == {"cat", "dog"}
    assert {photo.split for photo in found.photos} == {None}


def test_a_photo_goes_by_the_name_of_the_xml_file_then_by_that_within(tmp_path: Path) -> None:
    folder = write_voc(tmp_path / "Annotations", {"1": [], "other": []})
    text = (folder / "1.xml").read_text()
    (folder / "1.xml").write_text(text.replace("1.jpg", "2.jpg"))
    (folder / "other.xml").write_text(text.replace("1.jpg", "3.jpg"))
    found = read_voc({folder: None}, tmp_path, INDEX)
    assert [photo.path for photo in found.photos] == ["JPEGImages/1.jpg", "JPEGImages/3.jpg"]


def test_image_sets_are_the_splits(tmp_path: Path) -> None:
    folder = write_voc(tmp_path / "Annotations")
    sets = tmp_path / "ImageSets" / "Main"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("1\n")
    (sets / "test.txt").write_text("2\n\n")
    (sets / "trainval.txt").write_text("1\n3\n")
    (sets / "cat_train.txt").write_text("4  1\n")
    found = read_voc({folder: None}, tmp_path, INDEX)
    assert [photo.split for photo in found.photos] == ["validation", "test", "train", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", "is not XML: no element found: line 1, column 12"),
        ("<annotation><object/></annotation>", "object 1 has no name"),
        (
            "<annotation><object><name>a</name><bndbox><xmin>1</xmin></bndbox></object>"
            "</annotation>",
            "object 1: ymin must be a number (got '')",
        ),
        (
            "<annotation><object><name>a</name><bndbox><xmin>nan</xmin></bndbox></object>"
            "</annotation>",
            "object 1: xmin must be a number (got 'nan')",
        ),
        (
            '<!DOCTYPE x [<!ENTITY a "aaaa">]><annotation>&a;</annotation>',
            "defines XML entities, which annotations do not need; remove them",
        ),
        ("<\0a/>", "is not UTF-8 text"),
    ],
)
def test_what_is_wrong_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    folder = tmp_path / "Annotations"
    folder.mkdir()
    (folder / "1.xml").write_text(text)
    with pytest.raises(SourceError) as caught:
        read_voc({folder: None}, tmp_path, INDEX)
    assert str(caught.value).replace(": object", " object") == f"{folder}/1.xml {message}"


class TestIsFound:
    def test_in_a_folder_of_annotations(self, tmp_path: Path) -> None:
        folder = write_voc(tmp_path / "Annotations")
        write_voc(tmp_path / "train")
        assert find_voc(tmp_path) == {folder: None}

    def test_in_folders_of_splits(self, tmp_path: Path) -> None:
        train, valid = write_voc(tmp_path / "train"), write_voc(tmp_path / "valid")
        write_voc(tmp_path / "cats")
        (tmp_path / "test").mkdir()
        assert find_voc(tmp_path) == {train: "train", valid: "validation"}

    def test_beside_the_photos(self, tmp_path: Path) -> None:
        assert find_voc(write_voc(tmp_path / "flat")) == {tmp_path / "flat": None}

    def test_not_in_other_xml(self, tmp_path: Path) -> None:
        (tmp_path / "Annotations").mkdir()
        (tmp_path / "Annotations" / "a.xml").write_text("<report/>")
        assert find_voc(tmp_path) == {}
