"""Layers of every mode, at every edge."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from augbuild.catalogue.assets import bundled_assets
from augbuild.catalogue.transforms import Op
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys

PLACES = [(0.0, 0.0), (1.0, 1.0), (0.9, 0.95), (0.33, 0.5)]


def transparent(mode: str) -> Image.Image:
    """Make a layer with every degree of transparency, in another mode."""
    image = noise(40, 30, seed=5).convert("RGBA")
    image.putalpha(noise(40, 30, seed=6).getchannel("G"))
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
@pytest.mark.parametrize("place", PLACES)
def test_layers_of_every_mode(mode: str, place: tuple[float, float], tmp_path: Path) -> None:
    transparent(mode).save(tmp_path / "layer.png")
    x_pos, y_pos = place
    for opacity in (0.0, 0.4, 1.0):
        for size in (0.0, 0.31, 1.0):
            where = {"overlay_size": size, "opacity": opacity, "x_pos": x_pos, "y_pos": y_pos}
            op = Op("overlay_image", {"overlay": "layer.png", **where})
            assert_as_auglys(noise(60, 50), op, tmp_path)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("scale_bg", [False, True])
def test_backgrounds_of_every_mode(mode: str, scale_bg: bool, tmp_path: Path) -> None:
    transparent(mode).save(tmp_path / "layer.png")
    for size in (0.2, 1.0):
        params = {"overlay_size": size, "opacity": 0.7, "scale_bg": scale_bg}
        op = Op("overlay_onto_background_image", {"background_image": "layer.png", **params})
        assert_as_auglys(noise(60, 50), op, tmp_path)


def test_emoji_of_every_mode_that_augly_ships() -> None:
    modes: dict[tuple[str, bool], str] = {}
    for name, path in bundled_assets("emoji").items():
        with Image.open(path) as image:
            modes.setdefault((image.mode, "transparency" in image.info), name)
    assert len(modes) > 1
    for name in modes.values():
        op = Op("overlay_emoji", {"emoji_path": name, "opacity": 0.8, "emoji_size": 0.5})
        assert_as_auglys(noise(90, 60), op)
