"""Which annotations a file is, or a folder has."""

from __future__ import annotations

from pathlib import Path

from augbuild.sources.boxes.annotations import PhotoIndex
from augbuild.sources.boxes.find import find_annotations
from tests.augbuild.sources.fixtures import touch

from .scenes import SCENES, photos, write_coco, write_voc, write_yolo

PATHS = [f"photos/{name}.jpg" for name in SCENES]


def photos_found(path: Path) -> tuple[Path, int]:
    """Return the root of annotations, and how many photos they have."""
    found = find_annotations(path)
    assert found is not None
    return found.root, len(found.read(PhotoIndex(PATHS)).photos)


def test_a_file_of_any_format(tmp_path: Path) -> None:
    coco = write_coco(tmp_path / "coco" / "any.json")
    assert photos_found(coco) == (tmp_path / "coco", 4)
    official = write_coco(tmp_path / "annotations" / "instances_val2017.json")
    assert photos_found(official) == (tmp_path, 4)
    photos(tmp_path / "yolo" / "photos")
    yolo = tmp_path / "yolo" / "any.yml"
    yolo.write_text("names: [cat, dog]\ntrain: photos")
    assert photos_found(yolo) == (tmp_path / "yolo", 4)


def test_a_folder_of_any_format(tmp_path: Path) -> None:
    write_voc(tmp_path / "voc" / "Annotations")
    write_coco(tmp_path / "coco" / "_annotations.coco.json")
    write_yolo(photos(tmp_path / "yolo" / "photos"))
    (tmp_path / "yolo" / "data.yaml").write_text("names: [cat, dog]\ntrain: photos")
    for folder in ("voc", "coco", "yolo"):
        assert photos_found(tmp_path / folder) == (tmp_path / folder, 4)


def test_all_else_has_none(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg", "rows.csv", "rows.json", "photo.xml")
    for name in (".", "cats", "rows.csv", "rows.json", "photo.xml", "missing", "missing.yaml"):
        assert find_annotations(tmp_path / name) is None
