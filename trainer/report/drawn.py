"""A figure that was drawn, and what a page needs to show it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

# Figures have more pixels than the page shows, so that they are sharp on a fine screen.
_PIXELS_PER_CSS_PIXEL = 1.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: the stem of its file, its title, how to read it, and its PNG file."""

    stem: str
    title: str
    caption: str
    png: bytes

    @property
    def width(self) -> int:
        """Return the width on the page, in CSS pixels."""
        return self._side(16)

    @property
    def height(self) -> int:
        """Return the height on the page, in CSS pixels."""
        return self._side(20)

    @property
    def data_uri(self) -> str:
        """Return the PNG file as an address that needs no file."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"

    def _side(self, offset: int) -> int:
        # The header of a PNG file has width and height at bytes 16 and 20 (PNG, 11.2.2, IHDR).
        pixels = int.from_bytes(self.png[offset : offset + 4], "big")
        return round(pixels / _PIXELS_PER_CSS_PIXEL)
