"""Annotations opened as a dataset: what is told, and what stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceDataset, SourceOptions
from augbuild.sources.decoding import Decoding
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import findings_of

from .scenes import SCENES, photos, write_coco, write_voc, write_yolo


def coco(folder: Path) -> Path:
    photos(folder)
    write_coco(folder / "_annotations.coco.json")
    return folder


def voc(folder: Path) -> Path:
    photos(folder / "JPEGImages")
    write_voc(folder / "Annotations")
    return folder


def yolo(folder: Path) -> Path:
    photos(folder / "images")
    write_yolo(folder / "labels")
    (folder / "data.yaml").write_text("names: [cat, dog]\ntrain: images\n")
    return folder


def labels(dataset: SourceDataset) -> list[str]:
    return [source.label for source in dataset.sources]


@pytest.mark.parametrize("write", [coco, voc, yolo])
def test_every_box_is_an_image_of_its_class(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset = open_source(str(write(tmp_path / "set")), tmp_path)
    assert labels(dataset).count("cat") == labels(dataset).count("dog") == 4
    assert dataset.classes == ("cat", "dog")
    assert len({source.path for source in dataset.sources}) == 8
    assert len({source.group for source in dataset.sources}) == 4
    assert [source.path for source in dataset.sources] == sorted(
        source.path for source in dataset.sources
    )


def test_splits_are_kept_or_ignored(tmp_path: Path) -> None:
    for split, names in (("train", "123"), ("valid", "4")):
        scenes = {name: SCENES[name] for name in names}
        photos(tmp_path / split, scenes)
        write_coco(tmp_path / split / "_annotations.coco.json", scenes)
    dataset = open_source(".", tmp_path)
    assert [source.split for source in dataset.sources] == ["train"] * 6 + ["validation"] * 2
    assert not open_source(".", tmp_path, ignore_existing=True).is_split


def test_train_alone_is_a_finding(tmp_path: Path) -> None:
    assert findings_of(open_source(str(yolo(tmp_path)), tmp_path)) == [
        "train/ is the only split, so no image is kept for testing; "
        "ignore_existing = true in [split] splits its images"
    ]
    dataset = open_source(str(tmp_path), tmp_path, ignore_existing=True)
    assert findings_of(dataset) == []


def test_options_are_honoured(tmp_path: Path) -> None:
    options = SourceOptions(classes=("dog",), exclude=("1.jpg",), margin=0.5, min_size=2)
    dataset = open_source(str(coco(tmp_path)), tmp_path, options)
    assert labels(dataset) == ["dog"] * 3
    assert dataset.decoding == Decoding(margin=0.5, min_size=2)
    assert dataset.ignored == {"excluded": 1, "extension .json": 1}


def test_photos_may_be_elsewhere(tmp_path: Path) -> None:
    photos(tmp_path / "photos")
    write_coco(tmp_path / "set" / "x.json")
    with pytest.raises(SourceError) as caught:
        open_source("set/x.json", tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/set/x.json: none of its 4 photos is there (first: 1.jpg); "
        "name their folder: images = DIR in [source] (--images DIR)"
    )
    dataset = open_source("set/x.json", tmp_path, SourceOptions(images="photos"))
    assert (dataset.root, len(dataset.sources)) == (tmp_path / "photos", 8)
    with pytest.raises(SourceError, match=r"nowhere \(images\) is not a folder$"):
        open_source("set/x.json", tmp_path, SourceOptions(images="nowhere"))


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    scenes = {**SCENES, "5": [], "6": [("bird", (1, 1, 0, 5))], "7": [("cat", (0, 0, 9, 9))]}
    photos(tmp_path, scenes)
    (tmp_path / "7.jpg").unlink()
    photos(tmp_path, {"8": []})
    write_coco(tmp_path / "_annotations.coco.json", scenes)
    dataset = open_source(".", tmp_path)
    assert findings_of(dataset) == [
        "1 photo without a box is left out (5.jpg)",
        "1 photo that the annotations do not name is left out (8.jpg)",
        "1 class has no box, and so no images (bird)",
    ]
    assert [(each.source, each.reason) for each in dataset.rejected] == [
        ("6.jpg#xywh=1,1,0,5", "box_empty"),
        ("7.jpg", "unreadable"),
    ]


def test_photos_that_look_augmented_are_told_once_each(tmp_path: Path) -> None:
    scenes = {f"x_jpg.rf.{mark * 32}": SCENES["1"] for mark in "ab"}
    photos(tmp_path, scenes)
    write_coco(tmp_path / "_annotations.coco.json", scenes)
    (finding,) = open_source(".", tmp_path).findings
    assert (finding.kind, finding.count) == ("already augmented", 2)


def test_one_class_and_two_spellings_are_told(tmp_path: Path) -> None:
    write_coco(photos(tmp_path / "a") / "_annotations.coco.json")
    options = SourceOptions(classes=("cat",))
    assert findings_of(open_source("a", tmp_path, options)) == [
        "'cat' is the only class that has boxes; a classifier needs two: annotate another"
    ]
    scenes = {"1": [("cat", (0, 0, 9, 9)), ("Cat", (1, 1, 9, 9))]}
    write_coco(photos(tmp_path / "b", scenes) / "_annotations.coco.json", scenes)
    assert "classes 'Cat' and 'cat' share one folder" in findings_of(open_source("b", tmp_path))[0]


def test_a_class_that_is_not_there_stops(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no class 'cats', which \[source\] classes names; "):
        open_source(str(coco(tmp_path)), tmp_path, SourceOptions(classes=("cats",)))


def test_annotations_without_a_box_stop(tmp_path: Path) -> None:
    scenes: dict[str, list[tuple[str, tuple[float, float, float, float]]]] = {"1": []}
    write_coco(photos(tmp_path, scenes) / "_annotations.coco.json", scenes)
    with pytest.raises(SourceError, match=r"its annotations have no box that can be used$"):
        open_source(".", tmp_path)


def test_a_layout_in_the_recipe_means_the_folders(tmp_path: Path) -> None:
    coco(tmp_path)
    photos(tmp_path / "cats")
    photos(tmp_path / "dogs")
    dataset = open_source(".", tmp_path, SourceOptions(layout="classes"))
    assert dataset.classes == ("cats", "dogs")
