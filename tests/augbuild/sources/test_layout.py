"""Layouts: which folder is a split and which a class, from paths alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import Source
from augbuild.sources.layout import Layout, recognise_layout
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import touch

CLASSES = Layout(class_depth=0, keeps_splits=False)
SPLITS = Layout(class_depth=1, keeps_splits=True)
PASSED_OVER = Layout(class_depth=1, keeps_splits=False)


def layout_of(*images: str, ignore_existing: bool = False) -> Layout:
    return recognise_layout(Path("root"), images, ignore_existing=ignore_existing)


@pytest.mark.parametrize(
    ("images", "layout"),
    [
        ([], CLASSES),
        (["1.jpg"], CLASSES),
        (["cats/1.jpg", "dogs/1.jpg"], CLASSES),
        (["train/cats/1.jpg"], SPLITS),
        (["TRAIN/cats/1.jpg", "Test/cats/1.jpg"], SPLITS),
        (["train/cats/1.jpg", "val/cats/1.jpg", "validation/cats/1.jpg"], SPLITS),
        (["train/cats/1.jpg", "train/sheet.jpg"], SPLITS),
        (["train/cats/1.jpg", "sheet.jpg"], SPLITS),
        (["train/1.jpg", "bus/1.jpg"], CLASSES),
        (["train/1.jpg", "train/more/1.jpg", "bus/1.jpg"], CLASSES),
        (["training/cats/1.jpg"], CLASSES),
    ],
)
def test_layouts(images: list[str], layout: Layout) -> None:
    assert layout_of(*images) == layout


def test_existing_splits_may_be_passed_over() -> None:
    images = ["val/cats/1.jpg", "test/cats/1.jpg"]
    assert layout_of(*images, ignore_existing=True) == PASSED_OVER
    with pytest.raises(SourceError, match="but no train/"):
        layout_of(*images)


def test_the_order_of_images_does_not_matter() -> None:
    with pytest.raises(SourceError, match="has Test/, val/ but no train/"):
        layout_of("val/a/1.jpg", "Test/a/1.jpg")
    with pytest.raises(SourceError, match="has test/ with folders of images beside a/"):
        layout_of("train/x/1.jpg", "b/1.jpg", "test/x/1.jpg", "a/1.jpg")


@pytest.mark.parametrize(
    ("layout", "path", "source"),
    [
        (CLASSES, "cats/a/1.jpg", Source("cats/a/1.jpg", "cats")),
        (CLASSES, "1.jpg", None),
        (SPLITS, "Val/cats/a/1.jpg", Source("cats/a/1.jpg", "cats", "Val", "validation")),
        (SPLITS, "test/cats/1.jpg", Source("cats/1.jpg", "cats", "test", "test")),
        (SPLITS, "test/1.jpg", None),
        (PASSED_OVER, "test/cats/1.jpg", Source("test/cats/1.jpg", "cats")),
        (PASSED_OVER, "test/1.jpg", None),
    ],
)
def test_what_an_image_is(layout: Layout, path: str, source: Source | None) -> None:
    assert layout.source(path) == source
    assert (layout.class_folder(path) is None) == (source is None)


def test_class_folders() -> None:
    assert CLASSES.class_folder("cats/a/1.jpg") == "cats"
    assert SPLITS.class_folder("test/cats/a/1.jpg") == "test/cats"


def test_strings_that_repeat_are_kept_once() -> None:
    first, second = (SPLITS.source(f"train/cats{''}/{number}.jpg") for number in range(2))
    assert first is not None
    assert second is not None
    assert first.label is second.label
    assert first.folder is second.folder


NO_IMAGES = (
    "{root} has no images (.bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp) "
    "in class folders"
)
REFUSED = [
    (
        ["1.jpg", "2.png"],
        "{root} has images but no class folders; "
        "put the images of each class into a folder of its own",
    ),
    (
        [],
        NO_IMAGES,
    ),
    (
        ["a/1.txt"],
        NO_IMAGES,
    ),
    (
        ["a/1.HEIC", "a/1.txt"],
        "{root} has only .heic files, which are not read; convert them to JPEG or PNG",
    ),
    (["a/1.avif"], "{root} has only .avif files, which are not read; convert them to JPEG or PNG"),
    (
        ["test/a/1.jpg", "val/a/1.jpg"],
        "{root} has test/, val/ but no train/; a source with splits needs one",
    ),
    (
        ["train/1.jpg", "test/1.jpg"],
        "{root}: images lie directly in test/; put them into a folder for each class there",
    ),
    (
        ["train/cats/1.jpg", "test/1.jpg"],
        "{root}: images lie directly in test/; put them into a folder for each class there",
    ),
    (
        ["train/cats/1.jpg", "test/cats/1.jpg", "extra/1.jpg"],
        "{root} has test/ with folders of images beside extra/: "
        "if it is a split, move extra/ away; if it is a class, put its images directly into it",
    ),
    (
        ["train/steam/1.jpg", "bus/1.jpg"],
        "{root} has train/ with folders of images beside bus/: "
        "if it is a split, move bus/ away; if it is a class, put its images directly into it",
    ),
]


@pytest.mark.parametrize(
    ("paths", "message"), REFUSED, ids=[" ".join(paths) or "nothing" for paths, _ in REFUSED]
)
def test_what_is_not_a_dataset(tmp_path: Path, paths: list[str], message: str) -> None:
    with pytest.raises(SourceError) as error:
        open_source(".", touch(tmp_path, *paths))
    assert str(error.value) == message.format(root=tmp_path)
