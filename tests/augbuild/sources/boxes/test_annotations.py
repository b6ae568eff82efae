"""Photos found by the names that annotations have for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import PhotoIndex

FILE = Path("a.json")
INDEX = PhotoIndex(["train/1.jpg", "val/1.jpg", "val/2.jpg", "deep/er/3.png", "4.jpg"])


@pytest.mark.parametrize(
    ("name", "near", "path"),
    [
        ("2.jpg", (), "val/2.jpg"),
        ("4.jpg", ("train", ""), "4.jpg"),
        ("1.jpg", ("train",), "train/1.jpg"),
        ("val/1.jpg", (), "val/1.jpg"),
        ("./val/2.jpg", (), "val/2.jpg"),
        ("val\\2.jpg", (), "val/2.jpg"),
        ("er/3.png", (), "deep/er/3.png"),
        ("elsewhere/2.jpg", (), "val/2.jpg"),
        ("5.jpg", ("train",), None),
        ("2.png", (), None),
    ],
)
def test_a_photo_is_found_beside_its_annotations_or_anywhere(
    name: str, near: tuple[str, ...], path: str | None
) -> None:
    assert INDEX.find(name, FILE, near) == path


def test_a_photo_is_found_without_its_extension() -> None:
    assert INDEX.find_stem("3", FILE) == "deep/er/3.png"
    assert INDEX.find_stem("1", FILE, ["val"]) == "val/1.jpg"
    assert INDEX.find_stem("5", FILE) is None


def test_a_name_of_two_photos_is_asked_about() -> None:
    wanted = (
        r"^a.json: 1.jpg could be train/1.jpg or val/1.jpg; name the folder of its photos: "
        r"images = DIR in \[source\] \(--images DIR\)$"
    )
    with pytest.raises(SourceError, match=wanted):
        INDEX.find("1.jpg", FILE)
    with pytest.raises(SourceError, match=r"1 could be train/1.jpg or val/1.jpg"):
        INDEX.find_stem("1", FILE, ["deep"])
