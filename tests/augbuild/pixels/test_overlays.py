"""Assets of ops are opened by us: by name or below a folder, checked by their hash, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.assets import asset_sha256, bundled_assets, resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS
from augbuild.pixels.apply import apply
from augbuild.pixels.overlays import _OPEN, Screenshot, open_asset

from .images import default_op, noise, write_layer


def test_there_is_a_way_to_open_each_kind() -> None:
    assert _OPEN.keys() == ASSET_KINDS


def test_an_emoji_keeps_its_palette() -> None:
    """AugLy scales an emoji as it is stored, without smoothing."""
    path = bundled_assets("emoji")["smileys/grinning_face"]
    found = open_asset("emoji", "smileys/grinning_face", None, None)
    assert isinstance(found, Image.Image)
    with Image.open(path) as stored:
        assert found.mode == stored.mode == "P"
        assert np.array_equal(np.asarray(found), np.asarray(stored))


def test_a_font_is_a_path() -> None:
    path = resolve_asset("font", "OpenSans-Regular", None)
    assert open_asset("font", "OpenSans-Regular", None, None) == str(path)


@pytest.mark.parametrize("name", ["mobile", "web"])
def test_a_template_comes_with_the_box_for_the_image(name: str) -> None:
    path = resolve_asset("template", name, None)
    found = open_asset("template", name, None, None)
    assert isinstance(found, Screenshot)
    assert list(found.box) == json.loads(path.with_name("bboxes.json").read_bytes())[path.name]
    with Image.open(path) as stored:
        assert found.template.size == stored.size


def test_an_image_is_a_layer_with_its_transparency(tmp_path: Path) -> None:
    write_layer(tmp_path)
    found = open_asset("image", "layer.png", tmp_path, None)
    assert isinstance(found, Image.Image)
    assert found.mode == "RGBA"


def test_an_asset_is_opened_once(tmp_path: Path) -> None:
    write_layer(tmp_path)
    emoji = open_asset("emoji", "flags/germany", None, None)
    assert open_asset("emoji", "flags/germany", None, None) is emoji
    layer = open_asset("image", "layer.png", tmp_path, None)
    assert open_asset("image", "layer.png", tmp_path, None) is layer


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    sha256 = asset_sha256(write_layer(tmp_path) / "layer.png")
    assert isinstance(open_asset("image", "layer.png", tmp_path, sha256), Image.Image)
    wrong = "0" * 64
    with pytest.raises(ValueError, match=r"^'layer.png' is not the file that the recipe was made"):
        open_asset("image", "layer.png", tmp_path, wrong)
    with pytest.raises(ValueError, match=r"^'web' is not the file that the recipe was made with$"):
        open_asset("template", "web", None, wrong)


def test_what_is_no_image_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match=r"^'text.png' cannot be used: not a JPEG, PNG, PPM, BMP,"):
        open_asset("image", "text.png", tmp_path, None)


def test_a_path_out_of_the_folder_is_not_opened(tmp_path: Path) -> None:
    write_layer(tmp_path)
    (tmp_path / "recipe").mkdir()
    with pytest.raises(ValueError, match="below the recipe's folder"):
        open_asset("image", "../layer.png", tmp_path / "recipe", None)


def test_an_image_that_changes_is_read_again(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9), "red").save(tmp_path / "layer.png")
    op = default_op("overlay_image", x_pos=0.0, y_pos=0.0)
    assert apply(noise(20, 10), [op], tmp_path).getpixel((0, 0)) == (255, 0, 0)
    Image.new("RGB", (9, 8), "blue").save(tmp_path / "layer.png")
    assert apply(noise(20, 10), [op], tmp_path).getpixel((0, 0)) == (0, 0, 255)
