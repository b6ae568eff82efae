"""Originals as pixels: a whole file, or the box of it that a path names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_image
from augbuild.pixels.originals import (
    decode_original,
    original_content,
    original_size,
    read_picture,
)
from augbuild.sources.decoding import Decoding

from .images import noise, saved

PHOTO = saved(noise(40, 30), "PNG")
PIXELS = np.asarray(noise(40, 30))


def test_a_path_without_a_box_is_the_whole_file() -> None:
    image = decode_original(PHOTO, "a/1.png")
    assert np.array_equal(np.asarray(image), PIXELS)
    assert original_size(PHOTO, "a/1.png") == (40, 30)
    assert original_content(PHOTO, "a/1.png", image) == PHOTO


@pytest.mark.parametrize(
    ("box", "margin", "rows", "columns"),
    [
        ("5,6,20,10", 0.0, slice(6, 16), slice(5, 25)),
        ("5,6,20,10", 0.2, slice(4, 18), slice(1, 29)),
        ("30,20,20,20", 0.0, slice(20, 30), slice(30, 40)),
        ("percent:25,50,50,50", 0.0, slice(15, 30), slice(10, 30)),
    ],
)
def test_a_box_is_cut_out_of_its_photo(
    box: str, margin: float, rows: slice, columns: slice
) -> None:
    path, decoding = f"a/1.png#xywh={box}", Decoding(margin=margin)
    wanted = PIXELS[rows, columns]
    image = decode_original(PHOTO, path, decoding)
    assert np.array_equal(np.asarray(image), wanted)
    assert original_size(PHOTO, path, decoding) == (wanted.shape[1], wanted.shape[0])
    content = original_content(PHOTO, path, image)
    assert content.startswith(b"\x89PNG")
    assert np.array_equal(np.asarray(read_image(content)), wanted)


def test_a_file_may_be_named_with_its_box(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(PHOTO)
    assert np.array_equal(np.asarray(read_picture(tmp_path / "1.png")), PIXELS)
    box = tmp_path / "1.png#xywh=1,2,3,4"
    assert np.array_equal(np.asarray(read_picture(box)), PIXELS[2:6, 1:4])
    assert read_picture(box, Decoding(margin=1)).size == (7, 10)


@pytest.mark.parametrize(
    ("box", "reason"),
    [("1,1,0,1", "box_empty"), ("40,1,1,1", "box_outside"), ("1,1,4,9", "box_small")],
)
def test_a_box_that_shows_too_little_is_no_image(box: str, reason: str) -> None:
    decoding = Decoding(min_size=5)
    for read in (decode_original, original_size):
        with pytest.raises(ImageError) as caught:
            read(PHOTO, f"1.png#xywh={box}", decoding)
        assert caught.value.reason == reason


@pytest.mark.parametrize("orientation", [2, 6, 8])
def test_a_photo_that_is_stored_turned_has_no_certain_boxes(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(noise(40, 30), "JPEG", exif=exif)
    with pytest.raises(ImageError, match="save the photo upright") as caught:
        decode_original(data, "1.jpg#xywh=1,1,9,9")
    assert caught.value.reason == "box_turned"
    assert decode_original(data, "1.jpg").size in {(40, 30), (30, 40)}


def test_decoding_is_that_of_files_too() -> None:
    with pytest.raises(
        ImageError, match=r"at most 1,199 are decoded \(max_pixels in \[source\]\)$"
    ):
        decode_original(PHOTO, "1.png", Decoding(max_pixels=1199))
    assert decode_original(PHOTO, "1.png", Decoding(max_pixels=1200)).size == (40, 30)
    deep = saved(Image.fromarray(np.array([[0, 4095, 2048]], np.uint16)), "PNG")
    image = decode_original(deep, "1.png", Decoding(depth=12))
    assert np.asarray(image)[0, :, 0].tolist() == [0, 255, 128]
