"""Opening a folder."""

from __future__ import annotations

import os
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.folder import open_folder
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import open_classes, touch
from tests.conftest import photo


@pytest.mark.parametrize(
    ("name", "why"), [("nope", "does not exist"), ("x.jpg", "is a file, not a folder")]
)
def test_what_is_not_a_folder(tmp_path: Path, name: str, why: str) -> None:
    touch(tmp_path, "x.jpg")
    with pytest.raises(SourceError) as error:
        open_folder(tmp_path / name)
    wanted = "the source is a folder with a folder of images for each class"
    assert str(error.value) == f"{tmp_path / name} {why}; {wanted}"


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "photos/cats/1.jpg", "photos/dogs/1.jpg")
    (tmp_path / "link").symlink_to("photos")
    dataset = open_source("link", tmp_path)
    assert dataset.identity == str((tmp_path / "photos").resolve())
    assert dataset.findings == ()


def test_a_file_that_cannot_be_read_is_no_image(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    os.mkfifo(tmp_path / "cats" / "pipe")
    assert open_folder(tmp_path).ignored == {"no extension": 1}


def test_nothing_in_the_source_is_touched(tmp_path: Path) -> None:
    file = photo(tmp_path / "cats" / "1.png", 1)
    os.utime(file, ns=(1, 1))
    open_classes(tmp_path)
    assert file.stat().st_mtime_ns == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["cats", "1.png"]


def test_real_photos(shared_data: Path) -> None:
    started = time.perf_counter()
    dataset = open_source("cats-dogs", shared_data)
    assert time.perf_counter() - started < 0.5
    assert Counter((source.split, source.label) for source in dataset.sources) == {
        ("train", "cats"): 279,
        ("train", "dogs"): 278,
        ("test", "cats"): 70,
        ("test", "dogs"): 70,
    }
    assert (dataset.rejected, dataset.ignored, tuple(each.text() for each in dataset.findings)) == (
        (),
        {},
        (),
    )


def test_bad_files(shared_data: Path) -> None:
    dataset = open_source("nasty", shared_data, SourceOptions(layout="classes"))
    # 16 of them are HEIC or AVIF files, which only pillow-heif reads.
    with_heif = 16 if find_spec("pillow_heif") else 0
    assert len(dataset.sources) == 279 + with_heif
    assert dataset.ignored["extension .gif"] == 37
    assert sum(dataset.ignored.values()) == 78 - with_heif
