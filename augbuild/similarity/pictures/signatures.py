"""Signatures of pictures: all that is kept of one to find others that are the same.

A signature has views, by which pictures are proposed, and a thumbnail, by which they are
confirmed: 6 kB in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from augbuild.core.pool import map_cheap
from augbuild.core.progress import ProgressBar
from augbuild.errors import ImageError
from augbuild.pixels.codec import read_size, read_small
from augbuild.similarity.pictures import thumbnails, views
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from augbuild.sources.originals import Originals, read_bytes

CHROMA_SIDE = 8

SIGNATURE = np.dtype(
    [
        ("waves", np.int8, (views.VIEWS, views.WAVES, views.WAVES)),
        ("content", np.float32, 4),
        ("grey", np.uint8, (thumbnails.SIDE, thumbnails.SIDE)),
        ("chroma", np.int8, (2, CHROMA_SIDE, CHROMA_SIDE)),
        ("size", np.int32, 2),
    ]
)
"""A signature as a NumPy record; a set of pictures is an array of them."""

Signatures = NDArray[np.void]
Signature = bytes | None
Item = TypeVar("Item", str, Path)

# Rec. 601, as JPEG: luma, and the differences of blue and red from it.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BLUE_DIFFERENCE = np.array([-0.169, -0.331, 0.5], np.float32)
_RED_DIFFERENCE = np.array([0.5, -0.419, -0.081], np.float32)
# In pictures, waves are the smaller the shorter they are. Each as much larger as the root of its
# frequency tells pictures apart best: of 60 captioned photos, 53 are among the five best matches
# of 697, in place of 49 without.
_WEIGHTS = np.hypot(*np.indices((views.WAVES, views.WAVES))).astype(np.float32) ** 0.5
# Waves of a picture that is all but flat are noise, and stay small; this is half a grey level.
_FAINTEST = 64.0

_CHUNK = 64
# Pictures to look at: a second or two, about what a pool costs to start.
_POOL_PAYS_FROM = 500


def signature(file: Path | bytes, decoding: Decoding = DEFAULT_DECODING) -> Signature:
    """Return the signature of a picture; None where it cannot be read."""
    try:
        data = file if isinstance(file, bytes) else read_bytes(file)
        width, height = read_size(data)
        pixels = read_small(data, (views.SIDE, views.SIDE), decoding).astype(np.float32)
    except ImageError:
        return None
    grey = pixels @ _LUMA
    record = np.zeros((), SIGNATURE)
    record["waves"] = _normalise(views.take_views(grey, width, height))
    record["content"] = views.find_content(grey)
    record["grey"] = np.rint(_shrink(grey, thumbnails.SIDE))
    for number, weights in enumerate((_BLUE_DIFFERENCE, _RED_DIFFERENCE)):
        chroma = _shrink(pixels @ weights, CHROMA_SIDE)
        record["chroma"][number] = np.rint(np.clip(chroma, -127, 127))
    record["size"] = width, height
    return record.tobytes()


def parse_signatures(signatures: Sequence[bytes]) -> Signatures:
    """Return signatures as one array of records."""
    return np.frombuffer(b"".join(signatures), SIGNATURE)


def sign_originals(
    originals: Originals,
    paths: Sequence[str],
    *,
    decoding: Decoding = DEFAULT_DECODING,
    n_jobs: int,
    quiet: bool = True,
) -> dict[str, bytes]:
    """Return the signature of each original that can be read, by its path."""
    return _sign_all(partial(_sign_original, originals, decoding), paths, n_jobs, quiet)


def sign_files(files: Sequence[Path], *, n_jobs: int, quiet: bool = True) -> dict[Path, bytes]:
    """Return the signature of each file that can be read."""
    return _sign_all(signature, files, n_jobs, quiet)


def _sign_all(
    sign: Callable[[Item], Signature], items: Sequence[Item], n_jobs: int, quiet: bool
) -> dict[Item, bytes]:
    signed: dict[Item, bytes] = {}
    found = map_cheap(sign, items, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=lambda _: None)
    with ProgressBar("looking at pictures", len(items), "images", quiet=quiet) as progress:
        for item, each in zip(items, found, strict=True):
            progress.advance(1)
            if each is not None:
                signed[item] = each
    return signed


def _sign_original(originals: Originals, decoding: Decoding, path: str) -> Signature:
    try:
        return signature(originals.read(path), decoding)
    except ImageError:
        return None


def _normalise(waves: NDArray[np.float32]) -> NDArray[np.int8]:
    """Weight the waves of views (…, WAVES, WAVES) and scale each view to 127."""
    weighted = waves * _WEIGHTS  # the mean, which is light alone, gets no weight
    size = np.sqrt((weighted**2).sum(axis=(-2, -1), keepdims=True))
    scaled = np.rint(weighted * (127 / np.maximum(size, _FAINTEST)))
    whole: NDArray[np.int8] = scaled.astype(np.int8)
    return whole


def _shrink(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Average whole blocks of a square, so that `side` of them are left in each direction."""
    width = values.shape[0] // side
    means: NDArray[np.float32] = values.reshape(side, width, side, width).mean(axis=(1, 3))
    return means
