"""What an owner may not know of an original, and the findings that follow."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augbuild.pixels.decoding.traits import OriginalTraits, has_position, highest_value, is_flat
from tests.augbuild.pixels.images import noise, saved

ORIENTATION, GPS = 0x0112, 0x8825


def exif(latitude: bool) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = 1
    if latitude:
        tags.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
        tags[GPS] = tags.get_ifd(GPS)  # without which Pillow's TIFF writer leaves it out
    return tags


class TestPosition:
    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_is_found_in_every_format(self, format: str) -> None:
        assert has_position(saved(noise(9, 9), format, exif=exif(latitude=True)))
        assert not has_position(saved(noise(9, 9), format, exif=exif(latitude=False)))
        assert not has_position(saved(noise(9, 9), format))

    @pytest.mark.parametrize(
        "data", [b"", b"\xff\xd8Exif\0\0", b"\xff\xd8\xff\xe1\0\x20Exif\0\0MM"]
    )
    def test_is_not_in_what_is_no_image(self, data: bytes) -> None:
        assert not has_position(data)


class TestHighestValue:
    @pytest.mark.parametrize(
        ("values", "highest"),
        [
            (np.array([[0, 4095]], np.uint16), 4095),
            (np.array([[7, 7]], np.uint16), 7),
            (np.array([[0, 256]], np.int32), 256),
            (np.array([[0, 65535]], np.int32), 65535),
            (np.array([[0, 255]], np.int32), None),
            (np.array([[0, 65536]], np.int32), None),
            (np.array([[-1, 4095]], np.int32), None),
            (np.array([[0, 200]], np.uint8), None),
            (np.array([[0, 200]], np.float32), None),
        ],
    )
    def test_is_that_of_integers_of_16_bits(
        self, values: NDArray[np.generic], highest: int | None
    ) -> None:
        assert highest_value(saved(Image.fromarray(values), "TIFF")) == highest

    def test_is_none_of_other_images(self) -> None:
        assert highest_value(saved(noise(9, 9), "JPEG")) is None
        assert highest_value(saved(noise(9, 9), "PNG")) is None
        assert highest_value(b"no image") is None


class TestFindings:
    def test_name_the_first_positions(self) -> None:
        traits = OriginalTraits()
        for number in range(5):
            traits.add(f"{number}.jpg", has_position=number > 0, highest=None)
        (finding,) = traits.findings(16)
        assert finding.text() == (
            "4 originals say where they were taken (GPS), as their copies do (1.jpg, 2.jpg, 3.jpg "
            "and 1 other); before you publish them, remove that from the source: "
            "exiftool -gps:all= -overwrite_original -r FOLDER"
        )
        traits = OriginalTraits()
        traits.add("a.jpg", has_position=True, highest=None)
        (finding,) = traits.findings(16)
        assert finding.message == "1 original says where it was taken (GPS), as its copy does"

    def test_name_the_depth_to_write(self) -> None:
        traits = OriginalTraits()
        for path, highest in (("a.png", 100), ("b.png", 4000), ("c.png", None)):
            traits.add(path, has_position=False, highest=highest)
        (finding,) = traits.findings(16)
        assert finding.text() == (
            "2 16-bit images use values up to 4,000 of 65,535, and come out nearly black "
            "(a.png, b.png); depth = 12 in [source] makes 4,095 white"
        )
        assert traits.findings(12) == []

    def test_are_in_good_english_for_one(self) -> None:
        traits = OriginalTraits()
        traits.add("a.png", has_position=False, highest=1)
        (finding,) = traits.findings(16)
        text = "1 16-bit image uses values up to 1 of 65,535, and comes out nearly black"
        assert finding.message == text

    @pytest.mark.parametrize(("highest", "found"), [(16383, True), (16384, False), (0, True)])
    def test_are_about_14_bits_or_fewer(self, highest: int, found: bool) -> None:
        traits = OriginalTraits()
        traits.add("a.png", has_position=False, highest=highest)
        assert bool(traits.findings(16)) == found

    def test_are_about_all_images_together(self) -> None:
        traits = OriginalTraits()
        for highest in (100, 65535):
            traits.add("a.png", has_position=False, highest=highest)
        assert traits.findings(16) == []
        assert OriginalTraits().findings(16) == []


def test_a_flat_image_is_told_from_one_with_a_single_other_pixel() -> None:
    image = Image.new("RGB", (40, 30), (7, 7, 7))
    assert is_flat(image)
    image.putpixel((17, 11), (7, 7, 8))  # where none of the probes looks
    assert not is_flat(image)
    assert not is_flat(noise(40, 30))
