"""A dataset made of a folder: its splits, its order, and what is not a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import Source
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import findings_of, labels, open_classes, touch


def test_sources_are_sorted_by_path_whatever_the_order_of_creation(tmp_path: Path) -> None:
    names = [
        "a/b.jpg", "a/b/c.jpg", "a-/1.jpg", "a/B.jpg", "a/é.jpg", "a/😀.jpg", "a/\ue000.jpg",
    ]  # fmt: skip
    touch(tmp_path / "1", *names)
    touch(tmp_path / "2", *reversed(names))
    found = open_source("1", tmp_path).sources
    assert [source.path for source in found] == sorted(names, key=str.encode)
    assert found == open_source("2", tmp_path).sources
    assert found[0] == Source("a-/1.jpg", "a-", "", None, None)


@pytest.mark.parametrize("named", ["val", "validation", "Validation", "dev", "valid"])
def test_split_folders(tmp_path: Path, named: str) -> None:
    touch(tmp_path, "Train/cats/1.jpg", "Train/dogs/x/2.jpg", "test/cats/1.jpg", "LICENSE")
    touch(tmp_path, f"{named}/dogs/1.jpg")
    dataset = open_source(".", tmp_path)
    assert dataset.is_split
    assert {(s.folder, s.key, s.label, s.split) for s in dataset.sources} == {
        ("Train", "cats/1.jpg", "cats", "train"),
        ("Train", "dogs/x/2.jpg", "dogs", "train"),
        ("test", "cats/1.jpg", "cats", "test"),
        (named, "dogs/1.jpg", "dogs", "validation"),
    }
    assert all((tmp_path / source.path).is_file() for source in dataset.sources)


def test_splits_may_be_passed_over(tmp_path: Path) -> None:
    paths = {"train/cats/1.jpg": "cats", "test/cats/1.jpg": "cats", "val/dogs/1.jpg": "dogs"}
    dataset = open_source(".", touch(tmp_path, *paths), ignore_existing=True)
    assert labels(dataset) == paths
    assert {(s.folder, s.split) for s in dataset.sources} == {("", None)}


def test_without_train_they_may_still_be_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "val/cats/1.jpg", "test/dogs/1.jpg")
    dataset = open_source(".", tmp_path, ignore_existing=True)
    assert dataset.classes == ("cats", "dogs")


@pytest.mark.parametrize("ignore_existing", [False, True])
def test_a_class_called_train(tmp_path: Path, ignore_existing: bool) -> None:
    touch(tmp_path, "train/1.jpg", "test/1.jpg", "bus/1.jpg", "train/more/2.jpg")
    dataset = open_source(".", tmp_path, ignore_existing=ignore_existing)
    assert dataset.classes == ("bus", "test", "train")
    assert not dataset.is_split


def test_a_class_called_train_in_a_split(tmp_path: Path) -> None:
    touch(tmp_path, "train/train/1.jpg", "train/bus/1.jpg", "test/train/2.jpg")
    assert [(s.path, s.label, s.split) for s in open_source(".", tmp_path).sources] == [
        ("test/train/2.jpg", "train", "test"),
        ("train/bus/1.jpg", "bus", "train"),
        ("train/train/1.jpg", "train", "train"),
    ]


def test_folders_without_images_beside_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/cats/1.jpg", "test/dogs/1.jpg", "docs/a/notes.txt", ".cache/1.jpg")
    touch(tmp_path, "train/sheet.jpg")
    dataset = open_source(".", tmp_path)
    assert dataset.is_split
    assert dataset.ignored == {"extension .txt": 1, "hidden": 1, "not in a class folder": 1}


def test_train_alone_has_nothing_to_test_on(tmp_path: Path) -> None:
    touch(tmp_path, "data/Train/cats/1.jpg", "data/Train/dogs/1.jpg")
    (text,) = findings_of(open_source(".", tmp_path))
    assert text == (
        "data/Train/ is the only split, so no image is kept for testing; "
        "ignore_existing = true in [split] splits its images"
    )
    assert findings_of(open_source(".", tmp_path, ignore_existing=True)) == []
    touch(tmp_path, "data/test/cats/1.jpg")
    assert findings_of(open_source(".", tmp_path)) == []


def test_one_class_is_said_where_the_layout_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg")
    (finding,) = open_classes(tmp_path).findings
    assert finding.kind == "one class"
    assert findings_of(open_classes(touch(tmp_path, "dogs/1.jpg"))) == []


NO_IMAGES = (
    "{root} has no images (.apng, .bmp, .jfif, .jif, .jpe, .jpeg, .jpg, .pbm, .pgm, .pjp, .pjpeg, "
    ".png, .pnm, .ppm, .tif, .tiff, .webp) in class folders"
)
REFUSED = [
    (
        ["1.jpg", "2.png"],
        "{root} has images but no class folders; "
        "put the images of each class into a folder of its own",
    ),
    ([], NO_IMAGES),
    (["a/1.txt"], NO_IMAGES),
    (["1.gif"], "{root} has only .gif files, which are not read; convert them to JPEG or PNG"),
    (
        ["train\\cats\\1.jpg", "train\\dogs\\1.jpg"],
        "{root} has names that hold backslashes (train\\cats\\1.jpg), as in archives made on "
        "Windows; unpack it again with unzip, which makes folders of them",
    ),
]


@pytest.mark.parametrize(
    ("paths", "message"), REFUSED, ids=[" ".join(paths) or "nothing" for paths, _ in REFUSED]
)
def test_what_is_not_a_dataset(tmp_path: Path, paths: list[str], message: str) -> None:
    with pytest.raises(SourceError) as error:
        open_source(".", touch(tmp_path, *paths))
    assert str(error.value) == message.format(root=tmp_path)


def test_unzip_makes_folders_of_backslashes(tmp_path: Path) -> None:
    """As the message about them promises."""
    import shutil
    import subprocess
    import zipfile

    if shutil.which("unzip") is None:
        pytest.skip("needs unzip")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("cats", "dogs"):
            member = zipfile.ZipInfo(f"{name}\\1.jpg")
            member.create_system = 0  # Windows: of others, unzip takes the name as it is
            archive.writestr(member, b"x")
    subprocess.run(["unzip", "-q", "../x.zip"], cwd=touch(tmp_path / "x", "y.txt"), check=False)
    (tmp_path / "x" / "y.txt").unlink()
    assert open_source("x", tmp_path).classes == ("cats", "dogs")
