"""Text on images: transforms of AugLy that are written anew, because its own cannot be called.

overlay_text unpickles a file beside its font; meme_format fails on current Pillow.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from augbuild.errors import ApplyError

Colour = tuple[int, int, int]

_LINE_GAP = 5  # pixels between lines of text, as in AugLy
_CAPTION_MARGIN = 10  # pixels, of both sides together, as in AugLy
_CAPTION_STEP = 5  # AugLy tries every fifth size of letters


def overlay_text(
    image: Image.Image,
    text: str,
    font_file: str,
    font_size: float,
    opacity: float,
    color: Colour,
    x_pos: float,
    y_pos: float,
) -> Image.Image:
    """Write `text` at a position and size given as fractions of the frame.

    As AugLy's overlay_text, which takes the text as indices of a font's characters. Raises
    ApplyError where the letters would be less than a pixel high.
    """
    width, height = image.size
    size = int(min(width, height) * font_size)
    if not size:
        message = f"its letters are less than a pixel high on {width} x {height}"
        raise ApplyError("overlay_text", message)
    font = _load_font(font_file, size)
    written = image.copy()
    draw = ImageDraw.Draw(written)
    left = x_pos * width
    top = y_pos * height
    line_height = size + _LINE_GAP
    for number, line in enumerate(text.split("\n")):
        place = (left, top + number * line_height)
        draw.text(place, line, fill=color, font=font)
    return Image.blend(image, written, opacity)


def meme_format(
    image: Image.Image,
    text: str,
    font_file: str,
    opacity: float,
    text_color: Colour,
    caption_height: int,
    meme_bg_color: Colour,
) -> Image.Image:
    """Put a bar with `text` above the image, in the largest letters that fit.

    As AugLy's meme_format. Raises ApplyError where no letters fit.
    """
    height = image.height + caption_height
    meme = Image.new("RGB", (image.width, height), meme_bg_color)
    meme.paste(image, (0, caption_height))
    written = meme.copy()
    caption = _Caption(ImageDraw.Draw(written), text, font_file)
    size = caption.largest_size(
        most_width=image.width - _CAPTION_MARGIN,
        most_height=caption_height - _CAPTION_MARGIN,
    )
    if size is None:
        message = f"the text does not fit on a bar of {image.width} x {caption_height} pixels"
        raise ApplyError("meme_format", message)
    caption.write(size, image.width, caption_height, text_color)
    return Image.blend(meme, written, opacity)


@dataclass(frozen=True, slots=True)
class _Caption:
    """A text to write centred into the bar at the top of an image."""

    draw: ImageDraw.ImageDraw
    text: str
    font_file: str

    def measure(self, size: int) -> tuple[float, float]:
        """Return the width and height of the text in letters of a size."""
        font = _load_font(self.font_file, size)
        box = self.draw.multiline_textbbox((0, 0), self.text, font=font, align="center")
        return box[2], box[3]

    def largest_size(self, most_width: int, most_height: int) -> int | None:
        """Find the largest of AugLy's sizes of letters that fits; None where there is none."""

        def fits(size: int) -> bool:
            width, height = self.measure(size)
            return width <= most_width and height <= most_height

        sizes = range(most_height, 0, -_CAPTION_STEP)
        best = bisect_left(sizes, True, key=fits)
        return sizes[best] if best < len(sizes) else None

    def write(self, size: int, bar_width: int, bar_height: int, colour: Colour) -> None:
        width, height = self.measure(size)
        left = round((bar_width - width) / 2)
        top = round((bar_height - height) / 2)
        self.draw.multiline_text(
            (left, top),
            self.text,
            font=_load_font(self.font_file, size),
            fill=colour,
            align="center",
        )


def _load_font(file: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the one that every build of Pillow has: the same letters everywhere.
    layout = ImageFont.Layout.BASIC
    font = io.BytesIO(_read_font(file))
    return ImageFont.truetype(font, size, layout_engine=layout)


@lru_cache(maxsize=16)
def _read_font(file: str) -> bytes:
    # Not left to FreeType, which says only that it cannot read a file, and not why.
    return Path(file).read_bytes()
