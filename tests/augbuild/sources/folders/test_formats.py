"""Which extensions are read, and what to do about those that are not."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import pytest
from PIL import Image

from augbuild.sources.folders.formats import (
    HEIF_EXTENSIONS,
    IMAGE_EXTENSIONS,
    begins_as_image,
    extension_of,
    read_extensions,
    remedy,
    usual_extension,
)


def test_every_extension_of_the_formats_that_are_read() -> None:
    Image.init()
    read = {name for name, format in Image.EXTENSION.items() if format in {"JPEG", "PNG", "WEBP"}}
    read |= {name for name, format in Image.EXTENSION.items() if format in {"BMP", "TIFF", "PPM"}}
    assert read - {".pfm"} <= IMAGE_EXTENSIONS, "a map of distances, not a photo"


def test_every_extension_of_torchvision() -> None:
    folder = pytest.importorskip("torchvision.datasets.folder", reason="needs torchvision")
    assert set(folder.IMG_EXTENSIONS) <= IMAGE_EXTENSIONS


def test_heif_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("pillow_heif") is None:
        assert read_extensions() == IMAGE_EXTENSIONS
        (tmp_path / "pillow_heif.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
    assert read_extensions() == IMAGE_EXTENSIONS | HEIF_EXTENSIONS


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.JPG", ".jpg"), ("x/a.b.Tiff", ".tiff"), ("a", ""), ("a.", ""), (".jpg", "")],
)
def test_the_extension_of_a_name(name: str, extension: str) -> None:
    assert extension_of(name) == extension


def test_the_usual_extension_is_one_that_others_read() -> None:
    folder = pytest.importorskip("torchvision.datasets.folder", reason="needs torchvision")
    for extension in IMAGE_EXTENSIONS:
        assert usual_extension(extension) in folder.IMG_EXTENSIONS
    assert usual_extension(".jfif") == ".jpg"
    assert usual_extension(".JPG") == ".JPG"


@pytest.mark.parametrize(
    ("extension", "count", "advice"),
    [
        (".gif", 1, "convert it to JPEG or PNG"),
        (".gif", 2, "convert them to JPEG or PNG"),
        (".heic", 2, "pip install 'augbuild[heif]', or convert them to JPEG or PNG"),
        (".nef", 1, "develop it as JPEG or PNG"),
        (".mp4", 1, "extract the frames that you want as JPEG or PNG"),
        (".pdf", 1, "extract the pages that you want as JPEG or PNG"),
        (".txt", 1, None),
        (".jpg", 1, None),
    ],
)
def test_what_to_do_about_an_extension(extension: str, count: int, advice: str | None) -> None:
    assert remedy(extension, count) == advice


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF"])
def test_images_are_known_by_how_they_begin(format: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, format)
    assert begins_as_image(buffer.getvalue()[:16])


def test_other_files_do_not_begin_so() -> None:
    for start in (b"", b"License", b"RIFF....WAVE", b"....ftypisom", b"\0" * 16):
        assert not begins_as_image(start)
