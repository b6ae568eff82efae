"""YOLO: a data.yaml, and a text file for each photo."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.formats.yolo import find_yolo, read_yolo, read_yolo_file
from tests.augbuild.sources.boxes.scenes import SCENES, photos, write_yolo

HEAD = "names: [cat, dog]\n"


def read(folder: Path, text: str) -> Annotations:
    (folder / "data.yaml").write_text(text)
    yolo = read_yolo_file(folder / "data.yaml")
    paths = [path.relative_to(yolo.root).as_posix() for path in yolo.root.rglob("*.jpg")]
    return read_yolo(yolo, PhotoIndex(sorted(paths)))


def two_splits(folder: Path) -> Path:
    """Lay photos out as Roboflow does: train/images, train/labels, valid/images …"""
    for split, names in (("train", "123"), ("valid", "4")):
        scenes = {name: SCENES[name] for name in names}
        photos(folder / split / "images", scenes)
        write_yolo(folder / split / "labels", scenes)
    return folder


def splits(found: Annotations) -> dict[str | None, str | None]:
    return {photo.path: photo.split for photo in found.photos}


def test_boxes_are_read_in_percents(tmp_path: Path) -> None:
    found = read(two_splits(tmp_path), f"{HEAD}train: train/images\nval: valid/images")
    assert splits(found) == {
        "train/images/1.jpg": "train",
        "train/images/2.jpg": "train",
        "train/images/3.jpg": "train",
        "valid/images/4.jpg": "validation",
    }
    cat, dog = found.photos[0].boxes
    assert (cat.label, cat.box) == ("cat", Box(3.125, 6.25, 31.25, 62.5, percent=True))
    assert (dog.label, dog.box) == ("dog", Box(46.875, 8.3333, 25, 50, percent=True))
    assert found.classes == {"cat", "dog"}


@pytest.mark.parametrize(
    "lines",
    [
        "train: ../train/images\nval: ../valid/images",  # as Roboflow writes it
        "path: .\ntrain: train/images/\nvalid: [valid/images]",
        "path: ../datasets/nowhere\ntrain: train\nval: valid",
        "train:\n  - train/images\nval:\n- ./valid/images\ntest:",
    ],
)
def test_splits_are_named_in_every_usual_way(tmp_path: Path, lines: str) -> None:
    found = splits(read(two_splits(tmp_path), f"{HEAD}{lines}"))
    assert sorted(found.values(), key=str) == ["train", "train", "train", "validation"]


def test_root_may_be_another_folder(tmp_path: Path) -> None:
    two_splits(tmp_path / "set")
    found = read(tmp_path, f"{HEAD}path: set\ntrain: train/images\nval: {tmp_path}/set/valid")
    assert splits(found)["valid/images/4.jpg"] == "validation"


def test_a_split_may_be_a_list_of_photos(tmp_path: Path) -> None:
    two_splits(tmp_path)
    listed = f"./train/images/1.jpg\n\n{tmp_path}/train/images/2.jpg\ntrain/images/9.jpg\n"
    (tmp_path / "train.txt").write_text(listed)
    found = read(tmp_path, f"{HEAD}train: train.txt")
    assert [(photo.name, photo.path) for photo in found.photos] == [
        ("train/images/1.jpg", "train/images/1.jpg"),
        ("train/images/2.jpg", "train/images/2.jpg"),
        ("train/images/9.jpg", None),
    ]


def test_a_photo_without_a_text_file_has_no_boxes(tmp_path: Path) -> None:
    two_splits(tmp_path)
    (tmp_path / "train" / "labels" / "1.txt").unlink()
    (tmp_path / "train" / "labels" / "2.txt").write_text("\n")
    found = read(tmp_path, f"{HEAD}train: train/images")
    assert [len(photo.boxes) for photo in found.photos] == [0, 0, 2]


def test_text_files_may_lie_beside_the_photos(tmp_path: Path) -> None:
    photos(tmp_path / "flat")
    write_yolo(tmp_path / "flat")
    assert {len(photo.boxes) for photo in read(tmp_path, f"{HEAD}train: flat").photos} == {2}


def test_a_polygon_is_what_it_spans(tmp_path: Path) -> None:
    two_splits(tmp_path)
    line = "1 0.1 0.2 0.5 0.25 0.3 0.75\n"
    (tmp_path / "train" / "labels" / "1.txt").write_text(line)
    found = read(tmp_path, f"{HEAD}train: train/images")
    assert found.photos[0].boxes[0].box == Box(10, 20, 40, 55, percent=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 0.5 0.5 0.1 0.1", "line 2 has class '2', which {yaml} does not name"),
        ("0 0.5 0.5 0.1", "line 2 must have a class and 4 numbers, or a polygon (got 3 numbers)"),
        ("0 0.5 0.5 0.1 0.1 0.9", "line 2 must have a class and 4 numbers, or a polygon (got 5 "
         "numbers)"),
        ("0 0.5 0.5 x 0.1", "line 2 must have numbers after its class"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_line(tmp_path: Path, line: str, message: str) -> None:
    two_splits(tmp_path)
    file = tmp_path / "train" / "labels" / "1.txt"
    file.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"{HEAD}train: train/images")
    assert str(caught.value) == f"{file}: {message.format(yaml=tmp_path / 'data.yaml')}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: train", "has no list of classes; write one: names: [cat, dog]"),
        ("names: [cat]\nnc: 1", "names no photos: train, val and test are missing"),
        ("names: [cat]\ntrain:\n  a: b", "train must be a folder, or a list of folders"),
        (
            "names: [cat, dog]\ntrain: train\nval: missing",
            "missing (validation) is neither a folder nor a .txt list below {root}; correct the "
            "line, or remove it",
        ),
        (
            "names: [cat, dog]\nval: ../..",
            "../.. (validation) is neither a folder nor a .txt list below {root}; correct the "
            "line, or remove it",
        ),
    ],
)
def test_what_a_data_yaml_lacks(tmp_path: Path, text: str, message: str) -> None:
    two_splits(tmp_path)
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    rest = str(caught.value).removeprefix(f"{tmp_path}/data.yaml").removeprefix(":").lstrip()
    assert rest == message.format(root=tmp_path)


class TestIsFound:
    def test_by_its_usual_name_first(self, tmp_path: Path) -> None:
        for name in ("coco128.yaml", "data.yaml"):
            (tmp_path / name).write_text(f"{HEAD}train: x")
        assert find_yolo(tmp_path) == tmp_path / "data.yaml"

    def test_by_its_keys(self, tmp_path: Path) -> None:
        (tmp_path / "ci.yml").write_text("on: push")
        (tmp_path / "data.yaml").write_text("version: 3")
        assert find_yolo(tmp_path) is None
        (tmp_path / "coco128.yaml").write_text(f"{HEAD}train: x")
        assert find_yolo(tmp_path) == tmp_path / "coco128.yaml"

    def test_not_where_there_are_several(self, tmp_path: Path) -> None:
        for name in ("a.yaml", "b.yaml"):
            (tmp_path / name).write_text(f"{HEAD}train: x")
        assert find_yolo(tmp_path) is None

    def test_though_it_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "data.yaml").write_text("names: &a [cat]\ntrain: x")
        assert find_yolo(tmp_path) == tmp_path / "data.yaml"
