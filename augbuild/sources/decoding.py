"""How the files of a source become pixels, beside what they say themselves."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_PIXELS = 50_000_000
"""Larger images are rejected before they are decoded, unless a recipe allows more."""

MOST_PIXELS = 178_956_970
"""What a recipe may allow: Pillow itself refuses more, and its limit is that of the process."""


class Decoding(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the files of a source are decoded: the part of `[source]` that changes pixels.

    Images of over `max_pixels` are rejected. Of integers of 16 bits, `depth` are used. A box is cut
    out with `margin` on each side, a fraction of its own width and height, if the shorter side of
    what it shows has `min_size` pixels.
    """

    max_pixels: Annotated[int, Meta(ge=1, le=MOST_PIXELS)] = MAX_PIXELS
    depth: Annotated[int, Meta(ge=1, le=16)] = 16
    margin: Annotated[float, Meta(ge=0, le=10)] = 0.0
    min_size: Annotated[int, Meta(ge=1, le=10_000)] = 1


DEFAULT_DECODING = Decoding()


def decoding_of(options: Decoding) -> Decoding:
    """Return the part of the options of a source that decides how its files are decoded."""
    fields = {name: getattr(options, name) for name in Decoding.__struct_fields__}
    return Decoding(**fields)
