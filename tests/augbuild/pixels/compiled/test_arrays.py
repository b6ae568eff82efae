"""Pillow's memory as arrays, and back."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from augbuild.pixels.compiled.arrays import borrow_array, image_of, packed_pixels
from tests.augbuild.pixels.images import noise

IN_ONE_PIECE, IN_PIECES = (900, 700), (2300, 2000)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), IN_ONE_PIECE, IN_PIECES])
def test_every_pixel_is_there(size: tuple[int, int]) -> None:
    image = noise(*size)
    values = np.asarray(image).astype(np.uint32)
    with packed_pixels(image) as pixels:
        assert pixels.shape == (size[1], size[0])
        for shift in range(3):
            assert np.array_equal((pixels >> (8 * shift)) & 255, values[:, :, shift])
        copied = image_of(pixels)
    assert (copied.mode, copied.size) == ("RGB", size)
    assert copied.tobytes() == image.tobytes()


def test_nothing_is_copied_on_the_way_in() -> None:
    image = noise(*IN_ONE_PIECE)
    with packed_pixels(image) as pixels, packed_pixels(image) as again:
        assert np.shares_memory(pixels, again)


def test_an_image_does_not_change_with_its_array() -> None:
    array = borrow_array((4, 5))
    array[:] = 0x332211
    image = image_of(array)
    array[:] = 0
    assert image.getpixel((4, 3)) == (0x11, 0x22, 0x33)


def test_an_array_is_lent_again() -> None:
    first = borrow_array((30, 20))
    assert np.shares_memory(first, borrow_array((10, 60)))
    assert borrow_array((40, 20)).shape == (40, 20)


def test_a_huge_array_is_not_kept() -> None:
    assert not np.shares_memory(borrow_array((2100, 2000)), borrow_array((2100, 2000)))


def test_threads_have_their_own() -> None:
    lent = [borrow_array((5, 5))]
    thread = threading.Thread(target=lambda: lent.append(borrow_array((5, 5))))
    thread.start()
    thread.join()
    assert not np.shares_memory(lent[0], lent[1])


def test_the_fourth_byte_is_nobodys() -> None:
    array = np.full((2, 2), 0xFF030201, np.uint32)
    other = array & np.uint32(0xFFFFFF)
    assert image_of(array).tobytes() == image_of(other).tobytes() == bytes([1, 2, 3] * 4)
    assert image_of(array).convert("RGBA") == Image.new("RGBA", (2, 2), (1, 2, 3, 255))
    assert image_of(other).convert("RGBA") == Image.new("RGBA", (2, 2), (1, 2, 3, 255))
