"""Images decoded once, as each says, and found again by all that their pixels depend on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.errors import ImageError
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from trainer.data.decode import decode_all, fill_store, image_bytes, load_pixels, store_key

DEEP = Decoding(depth=12)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 65
    Image.fromarray(values).save(tmp_path / "x.png")
    return tmp_path / "x.png"


def test_pixels_are_decoded_as_is_said(image: Path) -> None:
    assert load_pixels(image, 8).max() == 16
    assert load_pixels(image, 8, DEEP).max() == 255
    with pytest.raises(ImageError, match="depth = 11 goes up to 2,047"):
        load_pixels(image, 8, Decoding(depth=11))


def test_a_store_has_a_row_for_each_image(image: Path, tmp_path: Path) -> None:
    box = Path(f"{image}#xywh=0,0,4,4")
    images = {image: DEEP, box: DEFAULT_DECODING}
    assert fill_store(tmp_path / "store", images, 8, quiet=True) == []
    array = np.fromfile(tmp_path / "store", np.uint8).reshape(2, 8, 8, 3)
    assert array.nbytes == 2 * image_bytes(8)
    assert np.array_equal(array[0], load_pixels(image, 8, DEEP))
    assert np.array_equal(array[1], load_pixels(box, 8))


def test_what_cannot_be_decoded_is_named_and_leaves_no_store(image: Path, tmp_path: Path) -> None:
    images = {image: Decoding(max_pixels=63), tmp_path / "none.png": DEFAULT_DECODING}
    failures = fill_store(tmp_path / "store", images, 8, quiet=True)
    assert failures == decode_all(None, images, 8, quiet=True)
    assert [path.name for path, _ in failures] == ["x.png", "none.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.png"]


def test_key_depends_on_all_that_pixels_depend_on(image: Path) -> None:
    keys = {store_key({image: DEFAULT_DECODING}, 8), store_key({image: DEFAULT_DECODING}, 9)}
    keys.add(store_key({image: DEEP}, 8))
    keys.add(store_key({Path(f"{image}#xywh=0,0,4,4"): DEFAULT_DECODING}, 8))
    os.utime(image, ns=(1, 1))
    keys.add(store_key({image: DEFAULT_DECODING}, 8))
    assert len(keys) == 5
