"""What an owner may not know of an original: where it was taken, what range its values have."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from augbuild.pixels.codec import DECODER_ERRORS, open_encoded
from augbuild.pixels.decoding.modes import is_deep
from augbuild.pixels.quiet import quiet_decoders
from augbuild.sources.findings import Finding

_JPEG_START = b"\xff\xd8"
_EXIF_START = b"Exif\0\0"
_MOST_BEFORE_EXIF = 1 << 16  # a JPEG's EXIF is in one of its first segments, of 64 kB at most
_GPS_IFD = 0x8825
_LATITUDE = 2

_PROBES = 4  # in each direction

_EXAMPLES = 3
_ALL_BITS = 16
# Photos that are a little dark use 15 bits of 16; 14-bit cameras are common.
_FEW_BITS = 14


def has_position(data: bytes) -> bool:
    """Check whether an encoded image says where on earth it was taken (EXIF GPS)."""
    # Most photos on the web have no EXIF at all, and are not opened again for this.
    if data.startswith(_JPEG_START) and _EXIF_START not in data[:_MOST_BEFORE_EXIF]:
        return False
    with quiet_decoders(data):
        try:
            with open_encoded(data) as image:
                return _LATITUDE in image.getexif().get_ifd(_GPS_IFD)
        except DECODER_ERRORS:
            return False


def highest_value(data: bytes) -> int | None:
    """Return the highest value of an encoded image of 16-bit integers; None for any other."""
    if data.startswith(_JPEG_START):
        return None
    with quiet_decoders(data):
        try:
            with open_encoded(data) as image:
                if not is_deep(image.mode):
                    return None
                values = np.asarray(image)
        except DECODER_ERRORS:
            return None
    lowest = int(values.min())
    highest = int(values.max())
    # 32 bits for values of 8, or for more than 16: those are scaled by their own range.
    if values.dtype.itemsize > 2 and (highest <= 255 or highest > 65535):
        return None
    return highest if lowest >= 0 else None


def is_flat(image: Image.Image) -> bool:
    """Check whether an RGB image is all one colour."""
    # A few pixels nearly always tell, and cost far less than to look at all of them.
    corner = image.getpixel((0, 0))
    for row in range(_PROBES):
        for column in range(_PROBES):
            x = column * (image.width - 1) // (_PROBES - 1)
            y = row * (image.height - 1) // (_PROBES - 1)
            if image.getpixel((x, y)) != corner:
                return False
    return all(low == high for low, high in image.getextrema())  # type: ignore[misc]  # a pair a band


@dataclass(slots=True)
class OriginalTraits:
    """What the originals of a tree have in common: positions, and the range of 16-bit values."""

    positions: int = 0
    deep: int = 0
    highest: int = 0
    with_position: list[str] = field(default_factory=list)
    with_depth: list[str] = field(default_factory=list)

    def add(self, path: str, *, has_position: bool, highest: int | None) -> None:
        """Take one original into account."""
        if has_position:
            self.positions += 1
            if len(self.with_position) < _EXAMPLES:
                self.with_position.append(path)
        if highest is not None:
            self.deep += 1
            self.highest = max(self.highest, highest)
            if len(self.with_depth) < _EXAMPLES:
                self.with_depth.append(path)

    def findings(self, depth: int) -> list[Finding]:
        """Return what was found, given the `depth` that 16-bit values are read with."""
        found = []
        if self.positions:
            message = (
                f"{self.positions:,} originals say where they were taken (GPS), as their copies do"
            )
            if self.positions == 1:
                message = "1 original says where it was taken (GPS), as its copy does"
            found.append(
                Finding(
                    kind="gps position",
                    message=message,
                    count=self.positions,
                    examples=tuple(self.with_position),
                    advice="before you publish them, remove that from the source: "
                    "exiftool -gps:all= -overwrite_original -r FOLDER",
                )
            )
        bits = max(1, self.highest.bit_length())
        # Of all images together: a dark one among others has few bits, too.
        if self.deep and depth == _ALL_BITS and bits <= _FEW_BITS:
            use, come = "images use", "come"
            if self.deep == 1:
                use, come = "image uses", "comes"
            found.append(
                Finding(
                    kind="low bit depth",
                    message=f"{self.deep:,} 16-bit {use} values up to {self.highest:,} of 65,535, "
                    f"and {come} out nearly black",
                    count=self.deep,
                    examples=tuple(self.with_depth),
                    advice=f"depth = {bits} in [source] makes {(1 << bits) - 1:,} white",
                )
            )
        return found
