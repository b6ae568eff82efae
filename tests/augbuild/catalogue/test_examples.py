"""Examples: one for each transform, legal, without a warning, and kind to photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.examples import EXAMPLES, OWN_IMAGE
from augbuild.catalogue.transforms import CATALOGUE
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import read_image
from augbuild.planning.sampling import draw_ops
from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import Recipe
from tests.conftest import photo

HEAD = 'name = "x"\nsource.path = "photos"\noutput.path = "out"\n[[transforms]]\n'
SIZE = (600, 400)


def example(name: str, folder: Path) -> Recipe:
    """Read the example of a transform, with the images that it names."""
    lines = [f'op = "{name}"']
    for key, value in EXAMPLES[name].items():
        lines.append(f"{key} = {value}")
        if OWN_IMAGE in value:
            photo(folder / value.split('"')[1], seed=1, size=SIZE)
    return parse_recipe(HEAD + "\n".join(lines), folder, "x.toml")


def test_every_transform_has_one() -> None:
    assert list(EXAMPLES) == list(CATALOGUE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_nothing_to_warn_of(name: str, tmp_path: Path) -> None:
    assert example(name, tmp_path).warnings == ()


def contrast(image: Image.Image) -> float:
    """Return how much the brightness of an image varies, as a standard deviation of 0 to 127."""
    return float(np.asarray(image.convert("L"), dtype=float).std())


def roughness(image: Image.Image) -> float:
    """Return how much neighbours differ, for its contrast: 1.1 for pixels without any order."""
    grey = np.asarray(image.convert("L"), dtype=float)
    return float(np.abs(np.diff(grey, axis=1)).mean() / grey.std())


@pytest.mark.parametrize("name", EXAMPLES)
def test_variants_still_look_like_photos(name: str, tmp_path: Path) -> None:
    recipe = example(name, tmp_path)
    original = read_image(photo(tmp_path / "a.png", seed=2, size=SIZE))
    for variant in range(8):
        ops = draw_ops(recipe, "a.png", "a", variant)
        result = apply(original, ops, tmp_path)
        # Neither blank nor noise, and no thumbnail; a screenshot has 1,200 pixels.
        assert contrast(result) > 0.6 * contrast(original), ops
        assert roughness(result) < 0.7, ops
        assert 150 < min(result.size) <= max(result.size) < 1300, ops


def test_most_variants_differ_from_the_photo(tmp_path: Path) -> None:
    original = read_image(photo(tmp_path / "a.png", seed=3, size=SIZE))
    for name in EXAMPLES:
        recipe = example(name, tmp_path)
        drawn = (draw_ops(recipe, "a.png", "a", variant) for variant in range(8))
        results = [apply(original, ops, tmp_path) for ops in drawn]
        assert any(result.tobytes() != original.tobytes() for result in results), name
