"""Gaussian noise with the numbers of NumPy's RandomState: Mersenne Twister and the polar method.

As numpy/random/src/mt19937 and src/legacy compute them; there one number after the other, here a
block of 624 words at a time, in vectors where order does not matter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy import float32, float64, uint32
from numpy.typing import NDArray
from PIL import Image

from augbuild.pixels.compiled.arrays import Packed, borrow_array, image_of, packed_pixels
from augbuild.pixels.compiled.compiler import compiled

Doubles = NDArray[np.float64]
Words = NDArray[np.uint32]

_WORDS = 624
_SHIFT = 397
_PAIRS = _WORDS // 4  # two words a number, two numbers a pair
_BYTE = uint32(255)
_ONE = uint32(1)
_HIGH_BIT = uint32(0x80000000)
_LOW_BITS = uint32(0x7FFFFFFF)
_TWIST = uint32(0x9908B0DF)
# A value of 0 to 255 on a scale of 0 to 1, in single precision as AugLy has it.
_SCALED = np.arange(256, dtype=float32) / float32(255.0)


def random_noise(image: Image.Image, mean: float, var: float, seed: int) -> Image.Image:
    """Add Gaussian noise of a mean and variance, as `augbuild.pixels.replaced`."""
    state = np.random.RandomState(seed).get_state(legacy=False)
    words = state["state"]["key"].copy()
    sigma = var**0.5
    with packed_pixels(image) as pixels:
        result = borrow_array(pixels.shape)
        _add_noise(pixels, words, float64(mean), float64(sigma), _SCALED, result)
    return image_of(result)


@compiled
def _add_noise(
    pixels: Packed,
    words: Words,
    mean: np.float64,
    sigma: np.float64,
    scaled: NDArray[np.float32],
    result: Packed,
) -> None:
    """Add noise to the three values of each pixel, row by row; `words` is where numbers begin."""
    height, width = pixels.shape
    normals = np.empty(2 * _PAIRS)
    ready = 0
    used = 0
    for y in range(height):
        for x in range(width):
            pixel = pixels[y, x]
            noisy = uint32(0)
            for shift in range(0, 24, 8):
                if used == ready:
                    ready = _draw_normals(words, normals)
                    used = 0
                value = scaled[(pixel >> uint32(shift)) & _BYTE] + (mean + sigma * normals[used])
                used += 1
                value = min(max(value, 0.0), 1.0) * 255.0
                noisy |= uint32(value) << uint32(shift)
            result[y, x] = noisy


@compiled
def _draw_normals(words: Words, normals: Doubles) -> int:
    """Draw a block of standard normal numbers by Marsaglia's polar method; return their count.

    It is 2 * _PAIRS at most: pairs outside the unit circle are dropped.
    """
    _twist(words)
    first = np.empty(_PAIRS)
    second = np.empty(_PAIRS)
    squares = np.empty(_PAIRS)
    for pair in range(_PAIRS):
        word = 4 * pair
        x = _uniform(words[word], words[word + 1])
        y = _uniform(words[word + 2], words[word + 3])
        first[pair] = x
        second[pair] = y
        squares[pair] = x * x + y * y
    count = 0
    for pair in range(_PAIRS):
        square = squares[pair]
        first[count] = first[pair]
        second[count] = second[pair]
        squares[count] = square
        if 0.0 < square < 1.0:
            count += 1
    # Loops of their own: all but the logarithm is done in vectors then.
    for pair in range(count):
        normals[pair] = math.log(squares[pair])
    for pair in range(count):
        squares[pair] = math.sqrt(-2.0 * normals[pair] / squares[pair])
    for pair in range(count):
        normals[2 * pair] = squares[pair] * second[pair]
        normals[2 * pair + 1] = squares[pair] * first[pair]
    return 2 * count


@compiled
def _uniform(high: np.uint32, low: np.uint32) -> np.float64:
    """Return a number from -1 to 1, of 53 bits, from two words as the generator leaves them."""
    whole = float64(_temper(high) >> uint32(5)) * 67108864.0 + float64(_temper(low) >> uint32(6))
    return float64(2.0 * (whole / 9007199254740992.0) - 1.0)


@compiled
def _temper(word: np.uint32) -> np.uint32:
    word ^= word >> uint32(11)
    word ^= uint32(word << uint32(7)) & uint32(0x9D2C5680)
    word ^= uint32(word << uint32(15)) & uint32(0xEFC60000)
    return uint32(word ^ (word >> uint32(18)))


@compiled
def _twist(words: Words) -> None:
    """Replace all words by the next ones (Matsumoto and Nishimura, 1998)."""
    ahead = _WORDS - _SHIFT
    # Two loops: within each, no word depends on one that is new.
    for index in range(ahead):
        words[index] = words[index + _SHIFT] ^ _step(words[index], words[index + 1])
    for index in range(ahead, _WORDS - 1):
        words[index] = words[index - ahead] ^ _step(words[index], words[index + 1])
    words[_WORDS - 1] = words[_SHIFT - 1] ^ _step(words[_WORDS - 1], words[0])


@compiled
def _step(word: np.uint32, following: np.uint32) -> np.uint32:
    mixed = (word & _HIGH_BIT) | (following & _LOW_BITS)
    odd = mixed & _ONE
    return uint32((mixed >> _ONE) ^ (odd * _TWIST))
