"""Pixels of Pillow's images as arrays, without the copies of `numpy.asarray` and `fromarray`."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Packed = NDArray[np.uint32]
"""Pixels as Pillow keeps them, in four bytes: red is the lowest, the highest is not used."""

# Where a result is computed before Pillow copies it. Fresh memory comes page by page, at 2 µs each:
# as much again as the colours of a photo. Above this many pixels (16 MB) it is not kept.
_MOST_KEPT = 1 << 22
_kept = threading.local()


class _ArrowArray(ctypes.Structure):
    """The head of an array in Arrow's C data interface: docs/format/CDataInterface of Arrow."""


_ArrowArray._fields_ = (
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
)

_address_in = ctypes.pythonapi.PyCapsule_GetPointer
_address_in.restype = ctypes.c_void_p
_address_in.argtypes = (ctypes.py_object, ctypes.c_char_p)


@contextmanager
def packed_pixels(image: Image.Image) -> Iterator[Packed]:
    """Yield the pixels of an RGB image, shape (height, width), to be read while the block runs.

    They are Pillow's own memory, or a copy of it above 4 megapixels, which Pillow keeps in pieces.
    """
    shape = (image.height, image.width)
    try:
        capsules = image.__arrow_c_array__()
    except ValueError:
        copied = np.frombuffer(image.tobytes("raw", "RGBX"), np.uint32)
        yield copied.reshape(shape)
        return
    pixels = _ArrowArray.from_address(_address_in(capsules[1], b"arrow_array"))
    values = pixels.children[0].contents
    # The second buffer has the values, the first would say which are missing.
    memory = (ctypes.c_uint32 * (image.height * image.width)).from_address(values.buffers[1])
    yield np.frombuffer(memoryview(memory), np.uint32).reshape(shape)
    del capsules  # they own the memory


def borrow_array(shape: tuple[int, int]) -> Packed:
    """Return an array for a result, which this thread's next call returns again."""
    height, width = shape
    count = height * width
    if count > _MOST_KEPT:
        return np.empty(shape, np.uint32)
    array: Packed | None = getattr(_kept, "array", None)
    if array is None or len(array) < count:
        array = np.empty(count, np.uint32)
        _kept.array = array
    return array[:count].reshape(shape)


def image_of(pixels: Packed) -> Image.Image:
    """Copy packed pixels, shape (height, width), into an RGB image."""
    height, width = pixels.shape
    shared = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
    return shared.convert("RGB")
