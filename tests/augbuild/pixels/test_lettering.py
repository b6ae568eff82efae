"""Text on images: where AugLy's documentation says, in the colour and font that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.transforms import JsonValue, Op
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply

from .images import default_op, noise, pixels


def drawn(op: Op, image: Image.Image) -> np.ndarray:
    """Where an op has changed the image, as a mask."""
    changed: np.ndarray = (pixels(apply(image, [op])) != pixels(image)).any(axis=2)
    return changed


def test_text_is_written_at_its_place_in_its_colour() -> None:
    image = Image.new("RGB", (200, 100), "white")
    op = default_op(
        "overlay_text", text="HHH", font_size=0.3, x_pos=0.25, y_pos=0.5, color=[0, 0, 255]
    )
    rows, columns = np.nonzero(drawn(op, image))
    assert rows.min() >= 50
    assert 50 <= columns.min() < 60
    assert 20 <= rows.max() - rows.min() + 1 <= 24  # capitals of letters 30 pixels high
    assert (0, 0, 255) in apply(image, [op]).get_flattened_data()


def test_text_of_several_lines_is_written_below_each_other() -> None:
    image = Image.new("RGB", (200, 100), "white")
    one = drawn(default_op("overlay_text", text="HH", font_size=0.2, y_pos=0.0), image)
    two = drawn(default_op("overlay_text", text="HH\nHH", font_size=0.2, y_pos=0.0), image)
    assert np.array_equal(two[:25], one[:25])
    assert np.array_equal(
        two[25:50], one[:25]
    )  # AugLy's distance: the size of the letters and five pixels


@pytest.mark.parametrize("name", ["overlay_text", "meme_format"])
def test_the_opacity_of_text_works(name: str) -> None:
    image = Image.new("RGB", (200, 100), "white")
    colour: dict[str, JsonValue] = (
        {"color": [0, 0, 0]} if name == "overlay_text" else {"text_color": [0, 0, 0]}
    )
    darkest = [
        pixels(apply(image, [default_op(name, opacity=level, **colour)])).min()
        for level in (0.0, 0.5, 1.0)
    ]
    assert darkest[0] == 255
    assert abs(darkest[1] - 127) <= 1
    assert darkest[2] == 0


def test_letters_of_less_than_a_pixel_are_an_error() -> None:
    with pytest.raises(
        ApplyError, match=r"^overlay_text: its letters are less than a pixel high on 30 x 6$"
    ):
        apply(noise(30, 6), [default_op("overlay_text")])


@pytest.mark.parametrize("name", ["overlay_text", "meme_format"])
def test_fonts_differ(name: str) -> None:
    image = Image.new("RGB", (200, 100), "white")
    fonts = ("OpenSans-Regular", "Raleway-ExtraBold", "NotoSans-Regular")
    assert len({apply(image, [default_op(name, font_file=font)]).tobytes() for font in fonts}) == 3


def test_a_meme_has_its_bar_above_the_image_and_centred_text_in_it() -> None:
    image = noise(300, 80)
    op = default_op(
        "meme_format",
        text="HHHH",
        caption_height=60,
        meme_bg_color=[250, 250, 0],
        text_color=[0, 0, 9],
    )
    meme = pixels(apply(image, [op]))
    assert np.array_equal(meme[60:], pixels(image))
    rows, columns = np.nonzero((meme[:60] != (250, 250, 0)).any(axis=2))
    assert abs(columns.min() - (299 - columns.max())) <= 4
    assert rows.max() < 60
    assert rows.min() >= 5
    assert [0, 0, 9] in meme[:60].reshape(-1, 3).tolist()


@pytest.mark.parametrize("width", [40, 80, 160, 320])
def test_a_meme_fits_its_text_to_the_width(width: int) -> None:
    meme = pixels(
        apply(Image.new("RGB", (width, 10), "white"), [default_op("meme_format", text="HHHH")])
    )
    columns = np.nonzero((meme[:250] != 255).any(axis=(0, 2)))[0]
    assert 0.5 * (width - 10) <= np.ptp(columns) + 1 <= width - 10


@pytest.mark.parametrize("width", [1, 10, 11, 12])
def test_a_meme_too_narrow_for_its_text_is_an_error(width: int) -> None:
    with pytest.raises(
        ApplyError, match=f"^meme_format: the text does not fit on a bar of {width} x 250 pixels$"
    ):
        apply(noise(width, 99), [default_op("meme_format", text="Too much to say")])
