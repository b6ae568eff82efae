"""The functions written anew: AugLy's pixels where AugLy works, else what its docs say."""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.transforms import JsonValue, Op
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import read_image

from .images import default_op, noise, pixels

# No sides of one pixel: AugLy squeezes them away and returns a grey image of another shape.
SIZES = [(64, 48), (47, 61), (2, 2), (300, 999), (999, 300)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mean", "var"), [(0.0, 0.01), (0.2, 0.5), (-1.0, 1.0), (0.0, 0.0), (1.0, 0.0)]
)
def test_noise_is_auglys(augly: ModuleType, size: tuple[int, int], mean: float, var: float) -> None:
    image = noise(*size)
    ours = apply(image, [Op("random_noise", {"mean": mean, "var": var, "seed": 123})])
    assert np.array_equal(
        pixels(ours), pixels(augly.random_noise(image, mean=mean, var=var, seed=123))
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.0, 0.01, 0.5, 1.0])
def test_shuffled_pixels_are_auglys(
    augly: ModuleType, size: tuple[int, int], factor: float
) -> None:
    image = noise(*size)
    ours = apply(image, [Op("shuffle_pixels", {"factor": factor, "seed": 2**32 - 1})])
    assert np.array_equal(
        pixels(ours), pixels(augly.shuffle_pixels(image, factor=factor, seed=2**32 - 1))
    )


def test_noise_and_shuffled_pixels_on_real_photos(augly: ModuleType, shared_data: Path) -> None:
    for path in islice(sorted((shared_data / "cats-dogs" / "test").rglob("*.jpg")), 3):
        image = read_image(path)
        ours = apply(image, [Op("random_noise", {"mean": 0.0, "var": 0.01, "seed": 5})])
        assert np.array_equal(pixels(ours), pixels(augly.random_noise(image, seed=5)))
        ours = apply(image, [Op("shuffle_pixels", {"factor": 0.3, "seed": 5})])
        assert np.array_equal(pixels(ours), pixels(augly.shuffle_pixels(image, factor=0.3, seed=5)))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_thin_images_keep_their_shape_and_colours(size: tuple[int, int]) -> None:
    image = noise(*size)
    assert apply(image, [default_op("random_noise")]).size == size
    shuffled = apply(image, [default_op("shuffle_pixels")])
    assert shuffled.size == size
    assert sorted(map(tuple, pixels(shuffled).reshape(-1, 3))) == sorted(
        map(tuple, pixels(image).reshape(-1, 3))
    )


def auglys_perspective(
    augly: ModuleType, image: Image.Image, monkeypatch: pytest.MonkeyPatch, **params: object
) -> Image.Image:
    """Run AugLy's own function as it ran before NumPy lost np.float."""
    monkeypatch.setattr(np, "float", float, raising=False)
    with warnings.catch_warnings(action="ignore"):
        result: Image.Image = augly.perspective_transform(image, **params)
    return result


@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize(
    ("sigma", "dx", "dy"), [(10.0, 0.0, 0.0), (25.0, 12.0, -7.0), (0.0, 5.0, 3.0)]
)
@pytest.mark.parametrize("size", [(320, 240), (240, 320)])
def test_perspective_is_auglys(
    augly: ModuleType,
    size: tuple[int, int],
    sigma: float,
    dx: float,
    dy: float,
    crop: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = noise(40, 30).resize(size, Image.Resampling.BICUBIC)
    for seed in range(5):
        params: dict[str, JsonValue] = {
            "sigma": sigma,
            "dx": dx,
            "dy": dy,
            "seed": seed,
            "crop_out_black_border": crop,
        }
        ours = apply(image, [Op("perspective_transform", params)])
        auglys = auglys_perspective(augly, image, monkeypatch, **params)
        assert ours.size == auglys.size
        # AugLy squares its matrix before it inverts it and loses half of the digits: Pillow then
        # truncates to one less.
        difference = np.abs(pixels(ours) - pixels(auglys))
        assert difference.mean() < (0.05 if sigma else 0.6)
        assert (difference > 1).mean() < 0.001


@pytest.mark.parametrize("size", [(37, 53), (1775, 31), (31, 1775), (999, 1000)])
def test_a_shift_by_whole_pixels_is_exact(size: tuple[int, int]) -> None:
    image = noise(*size)
    shifted = pixels(
        apply(image, [default_op("perspective_transform", sigma=0.0, dx=9.0, dy=-4.0)])
    )
    assert np.array_equal(shifted[:-4, 9:], pixels(image)[4:, :-9])
    assert not shifted[-4:].any()
    assert not shifted[:, :9].any()


def test_a_perspective_that_leaves_nothing_is_an_error() -> None:
    op = default_op("perspective_transform", sigma=500.0, crop_out_black_border=True, seed=3)
    with pytest.raises(
        ApplyError,
        match=r"^perspective_transform: nothing of 40 x 30 pixels is left inside a black border$",
    ):
        apply(noise(40, 30), [op])
