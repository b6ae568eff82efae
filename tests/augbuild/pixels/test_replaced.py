"""The functions written anew: AugLy's pixels where AugLy works, what its documentation says where it does not."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.assets import bundled_assets, resolve_asset
from augbuild.catalogue.transforms import JsonValue, Op
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import read_image

from .test_apply import default_op, noise


@pytest.fixture
def augly() -> Iterator[ModuleType]:
    """AugLy's functions; what they do to the global generators is undone."""
    apply(noise(2, 2), [Op("hflip")])
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 (AugLy seeds it, we put it back)
    yield sys.modules["augly.image.functional"]
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


# Sides of one pixel are left out: AugLy squeezes them away and returns a grey image of another shape.
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
        # AugLy squares its matrix before it inverts it and loses half of the digits: Pillow then truncates to one less.
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


def drawn(op: Op, image: Image.Image) -> np.ndarray:
    """Where an op has changed the image, as a mask."""
    changed: np.ndarray = (pixels(apply(image, [op])) != pixels(image)).any(axis=2)
    return changed


def test_text_is_written_at_its_place_in_its_colour() -> None:
    image = Image.new("RGB", (200, 100), "white")
    op = default_op(
        "overlay_text", text="HHH", font_size=0.3, x_pos=0.25, y_pos=0.5, color=[0, 0, 255]
    )
    rows, columns = np.nonzero(drawn(op, image))
    assert rows.min() >= 50
    assert 50 <= columns.min() < 60
    assert 20 <= rows.max() - rows.min() + 1 <= 24  # capitals of letters 30 pixels high
    assert (0, 0, 255) in apply(image, [op]).get_flattened_data()


def test_text_of_several_lines_is_written_below_each_other() -> None:
    image = Image.new("RGB", (200, 100), "white")
    one = drawn(default_op("overlay_text", text="HH", font_size=0.2, y_pos=0.0), image)
    two = drawn(default_op("overlay_text", text="HH\nHH", font_size=0.2, y_pos=0.0), image)
    assert np.array_equal(two[:25], one[:25])
    assert np.array_equal(
        two[25:50], one[:25]
    )  # AugLy's distance: the size of the letters and five pixels


@pytest.mark.parametrize("name", ["overlay_text", "meme_format"])
def test_the_opacity_of_text_works(name: str) -> None:
    image = Image.new("RGB", (200, 100), "white")
    colour: dict[str, JsonValue] = (
        {"color": [0, 0, 0]} if name == "overlay_text" else {"text_color": [0, 0, 0]}
    )
    darkest = [
        pixels(apply(image, [default_op(name, opacity=level, **colour)])).min()
        for level in (0.0, 0.5, 1.0)
    ]
    assert darkest[0] == 255
    assert abs(darkest[1] - 127) <= 1
    assert darkest[2] == 0


def test_letters_of_less_than_a_pixel_are_an_error() -> None:
    with pytest.raises(
        ApplyError, match=r"^overlay_text: its letters are less than a pixel high on 30 x 6$"
    ):
        apply(noise(30, 6), [default_op("overlay_text")])


@pytest.mark.parametrize("name", ["overlay_text", "meme_format"])
def test_fonts_differ(name: str) -> None:
    image = Image.new("RGB", (200, 100), "white")
    fonts = ("OpenSans-Regular", "Raleway-ExtraBold", "NotoSans-Regular")
    assert len({apply(image, [default_op(name, font_file=font)]).tobytes() for font in fonts}) == 3


def test_a_meme_has_its_bar_above_the_image_and_centred_text_in_it() -> None:
    image = noise(300, 80)
    op = default_op(
        "meme_format",
        text="HHHH",
        caption_height=60,
        meme_bg_color=[250, 250, 0],
        text_color=[0, 0, 9],
    )
    meme = pixels(apply(image, [op]))
    assert np.array_equal(meme[60:], pixels(image))
    rows, columns = np.nonzero((meme[:60] != (250, 250, 0)).any(axis=2))
    assert abs(columns.min() - (299 - columns.max())) <= 4
    assert rows.max() < 60
    assert rows.min() >= 5
    assert [0, 0, 9] in meme[:60].reshape(-1, 3).tolist()


@pytest.mark.parametrize("width", [40, 80, 160, 320])
def test_a_meme_fits_its_text_to_the_width(width: int) -> None:
    meme = pixels(
        apply(Image.new("RGB", (width, 10), "white"), [default_op("meme_format", text="HHHH")])
    )
    columns = np.nonzero((meme[:250] != 255).any(axis=(0, 2)))[0]
    assert 0.5 * (width - 10) <= np.ptp(columns) + 1 <= width - 10


@pytest.mark.parametrize("width", [1, 10, 11, 12])
def test_a_meme_too_narrow_for_its_text_is_an_error(width: int) -> None:
    with pytest.raises(
        ApplyError, match=f"^meme_format: the text does not fit on a bar of {width} x 250 pixels$"
    ):
        apply(noise(width, 99), [default_op("meme_format", text="Too much to say")])


EMOJI = [
    "smileys/smiling_face_with_heart_eyes",
    "smileys/grinning_face",
    "flags/germany",
    "symbols/aquarius",
]


@pytest.mark.parametrize("name", EMOJI)
@pytest.mark.parametrize("size", [(64, 48), (400, 300), (50, 1)])
def test_emoji_are_auglys(augly: ModuleType, name: str, size: tuple[int, int]) -> None:
    path, image = bundled_assets("emoji")[name], noise(*size)
    try:
        import magic

        magic.from_file(str(path))
    except (ImportError, OSError):
        pytest.skip("AugLy's own function needs libmagic")
    for where in (
        {},
        {"opacity": 0.4, "emoji_size": 0.7, "x_pos": 0.1, "y_pos": 0.05},
        {"emoji_size": 0.0},
    ):
        ours = apply(image, [default_op("overlay_emoji", emoji_path=name, **where)])
        with warnings.catch_warnings(
            action="ignore", category=ResourceWarning
        ):  # it leaves the file open
            auglys = augly.overlay_emoji(image, emoji_path=str(path), **where)
            auglys_pixels = pixels(auglys)
            del auglys
        assert np.array_equal(pixels(ours), auglys_pixels)


@pytest.mark.parametrize("template", ["web", "mobile"])
@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("size", [(64, 48), (300, 700), (700, 300)])
def test_screenshots_are_auglys(
    augly: ModuleType, template: str, crop: bool, resize: bool, size: tuple[int, int]
) -> None:
    image, path = noise(*size), resolve_asset("template", template, None)
    fits: dict[str, JsonValue] = {"crop_src_to_fit": crop, "resize_src_to_match_template": resize}
    for limit in (None, 100_000):
        params = fits | {"max_image_size_pixels": limit}
        ours = apply(
            image, [Op("overlay_onto_screenshot", {"template_filepath": template, **params})]
        )
        with warnings.catch_warnings(
            action="ignore", category=ResourceWarning
        ):  # it leaves two files open
            auglys = pixels(
                augly.overlay_onto_screenshot(image, template_filepath=str(path), **params)
            )
        assert np.array_equal(pixels(ours), auglys)
