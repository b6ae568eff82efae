"""Reading any image safely, upright and as 8-bit RGB; writing deterministically."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.assets import bundled_assets
from augbuild.catalogue.transforms import Op
from augbuild.errors import (
    FIX_AND_RERUN,
    ApplyError,
    AugbuildError,
    ImageError,
    SourceError,
    is_machine_error,
)
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import (
    Format,
    encode,
    has_more_frames,
    read_image,
    read_layer,
    read_size,
    read_small,
    shrink,
)
from augbuild.sources.decoding import MAX_PIXELS
from augbuild.sources.folders.formats import has_heif
from augbuild.sources.originals import read_bytes

from .images import ARROW, noise, saved


@pytest.mark.parametrize("orientation", range(10))
def test_every_exif_orientation_comes_out_upright(orientation: int) -> None:
    # The inverse of what a reader has to do, as Transpose values.
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright = Image.fromarray(ARROW)
    if orientation in turns:
        stored = upright.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(saved(stored, "PNG", exif=exif))
    assert image.size == (40, 30)
    assert np.array_equal(np.asarray(image), ARROW)
    layer = read_layer(saved(stored.convert("RGBA"), "PNG", exif=exif))
    assert np.array_equal(np.asarray(layer)[..., :3], ARROW)
    assert read_small(saved(stored, "JPEG", quality=95, exif=exif), (40, 30))[2, 2].mean() > 60


@pytest.mark.parametrize("orientation", range(10))
def test_size_in_a_header_is_that_of_the_upright_image(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(ARROW), "JPEG", exif=exif)
    assert read_size(data) == read_image(data).size


def test_size_is_read_although_the_pixels_are_cut_off() -> None:
    data = saved(noise(50, 20), "PNG")
    assert read_size(data[: len(data) // 2]) == (50, 20)
    with pytest.raises(ImageError):
        read_size(data[:10])


@pytest.mark.parametrize(
    "bad", [b"Exif\x00\x00garbage", b"", b"Exif\x00\x00II*\x00\xff\xff\xff\xff"]
)
def test_malformed_exif_counts_as_upright(bad: bytes) -> None:
    assert read_image(saved(Image.fromarray(ARROW), "JPEG", exif=bad)).size == (40, 30)


def test_first_frame_is_read_and_the_others_are_told() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for format in ("PNG", "TIFF", "WEBP"):
        data = saved(frames[0], format, save_all=True, append_images=frames[1:])
        pixel = read_image(data).getpixel((0, 0))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 200
        assert has_more_frames(data)
        assert not has_more_frames(saved(frames[0], format))
    assert not has_more_frames(saved(frames[0], "JPEG"))
    assert not has_more_frames(b"no image")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "PPM"])
def test_every_truncation_of_the_pixels_is_refused(format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8))
    data = saved(noise, format)
    for length in range(1, len(data) - 2, max(1, len(data) // 40)):
        if length > len(data) - 200:  # what stands behind the pixels may be cut off
            with contextlib.suppress(ImageError):
                assert np.array_equal(
                    np.asarray(read_image(data[:length])), np.asarray(read_image(data))
                )
            continue
        with pytest.raises(ImageError) as caught:
            read_image(data[:length])
        assert caught.value.reason in {"truncated", "not_an_image"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "not_an_image"),
        (b"<html><body>404</body></html>", "not_an_image"),
        (saved(Image.new("RGB", (4, 4)), "GIF"), "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_an_image"),
        (b"BM" + bytes(10), "not_an_image"),
        (b"P6 100000 100000 255\n", "too_large"),
        (b"P6 8000 8000 255\n", "too_large"),
        (b"P6 10000 9500 255\n", "too_large"),
        (b"P4 10000 5001\n", "too_large"),
        (b"P4 10000 5000\n", "truncated"),
    ],
    ids=[
        "empty",
        "git-lfs",
        "html",
        "gif",
        "eps",
        "bad header",
        "bomb",
        "over our limit",
        "over Pillow's",
        "a row over our limit",
        "at our limit",
    ],
)
def test_what_is_no_usable_image_has_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_image(file)
    assert caught.value.reason == reason
    assert str(tmp_path) not in str(caught.value)
    assert "object at 0x" not in str(caught.value)


def test_limit_is_the_one_stated() -> None:
    assert MAX_PIXELS == 50_000_000


def test_what_is_no_regular_file_is_unreadable_and_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", tmp_path / "missing.jpg", tmp_path, Path("/dev/null")):
        with pytest.raises(ImageError) as caught:
            read_bytes(path)
        assert caught.value.reason == "unreadable"


_ANT = "animals_and_nature/ant"


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(2)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_want_of_descriptors_is_blamed_on_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(data := saved(Image.fromarray(ARROW), "TIFF"))
    ant = bundled_assets("emoji")[_ANT]
    with no_descriptor_left():
        with pytest.raises(SourceError) as caught:
            read_bytes(tmp_path / "x.tif")
        for read in (read_image, has_more_frames):
            with pytest.raises(OSError, match="Too many open files"):
                read(data)
        with pytest.raises(AugbuildError) as caught_in_op:
            apply(Image.fromarray(ARROW), [Op("overlay_emoji", {"emoji_path": _ANT})])
    assert not isinstance(caught.value, ImageError)
    assert str(caught.value) == f"{tmp_path / 'x.tif'}: Too many open files; {FIX_AND_RERUN}"
    assert not isinstance(caught_in_op.value, ApplyError)
    assert str(caught_in_op.value) == f"{ant}: Too many open files; {FIX_AND_RERUN}"
    assert read_bytes(tmp_path / "x.tif") == data


@pytest.mark.parametrize(
    ("number", "of_the_machine"),
    [
        (errno.EMFILE, True),
        (errno.ENFILE, True),
        (errno.ENOMEM, True),
        (errno.ENOTCONN, True),
        (errno.ESTALE, True),
        (errno.EIO, False),  # a bad sector
        (errno.EACCES, False),
        (errno.ENOENT, False),
        (errno.ELOOP, False),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if value is not True else "",
)
def test_errors_of_the_machine_are_told_from_those_of_a_file(
    number: int, of_the_machine: bool
) -> None:
    assert is_machine_error(OSError(number, os.strerror(number))) == of_the_machine


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate((1 << 30) + 1)  # sparse
    with pytest.raises(ImageError, match=r"^the file has 1,073,741,825 bytes; at most") as caught:
        read_bytes(tmp_path / "huge.jpg")
    assert caught.value.reason == "too_large"


def test_a_thumbnail_is_close_to_the_whole_image() -> None:
    photo = Image.fromarray(
        np.add.outer(np.arange(400), np.arange(600)).astype(np.float32) / 4
    ).convert("RGB")
    data = saved(photo, "JPEG", quality=95)
    whole = np.asarray(read_image(data).resize((9, 8), Image.Resampling.BOX), np.int16)
    assert np.abs(read_small(data, (9, 8)).astype(np.int16) - whole).max() <= 6


@pytest.mark.parametrize("format", get_args(Format))
def test_encoding_is_deterministic_and_carries_nothing_over(format: Format) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8))
    image.info = {
        "comment": b"private",
        "icc_profile": b"private",
        "exif": b"Exif\x00\x00private",
        "dpi": (300, 300),
    }
    data = encode(image, format, 90)
    assert data == encode(image.copy(), format, 90)
    assert b"private" not in data
    assert read_image(data).size == (31, 24)
    if format == "png":
        assert np.array_equal(np.asarray(read_image(data)), np.asarray(image))


def test_quality_changes_the_bytes() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8))
    assert len(encode(image, "jpeg", 30)) < len(encode(image, "jpeg", 90))


def test_every_setting_of_an_encoder_is_ours() -> None:
    """Whatever Pillow's defaults become: they are what we ask for today."""
    image = noise(64, 48)
    plain = {"exif": b"", "icc_profile": None}
    assert encode(image, "jpeg", 80) == saved(image, "JPEG", quality=80, subsampling=2, **plain)
    assert encode(image, "png", 80) == saved(image, "PNG", compress_level=6, **plain)
    assert encode(image, "webp", 80) == saved(image, "WEBP", quality=80, method=4, **plain)


def test_an_opaque_layer_is_rgb_and_another_rgba() -> None:
    image = noise(8, 6)
    layer = image.convert("RGBA")
    layer.putalpha(100)
    opaque, transparent = read_layer(saved(image, "PNG")), read_layer(saved(layer, "PNG"))
    assert (opaque.mode, opaque.tobytes()) == ("RGB", image.tobytes())
    assert (transparent.mode, transparent.tobytes()) == ("RGBA", layer.tobytes())
    assert (opaque.info, transparent.info) == ({}, {})
    keyed = read_layer(saved(image, "PNG", transparency=image.getpixel((0, 0))))
    assert keyed.mode == "RGBA"
    assert keyed.getpixel((0, 0)) == (*noise(8, 6).getpixel((0, 0)), 0)  # type: ignore[misc]  # RGB


def test_a_layer_that_is_no_image_has_a_reason() -> None:
    with pytest.raises(ImageError):
        read_layer(b"no image")


@pytest.mark.parametrize("size", [(9, 8), (288, 256), (1, 1), (50, 3)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_thumbnail_has_the_size_that_was_asked_for(size: tuple[int, int], format: str) -> None:
    small = read_small(saved(noise(80, 60), format), size)
    assert small.shape == (size[1], size[0], 3)
    assert small.dtype == np.uint8


def test_previews_in_a_jpeg_are_no_frames() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert data.startswith(b"\xff\xd8")
    assert not has_more_frames(data)


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        ((40, 30), None, (40, 30)),
        ((40, 30), 40, (40, 30)),
        ((40, 30), 39, (39, 29)),
        ((30, 40), 20, (15, 20)),
        ((1000, 2), 8, (8, 1)),
        ((3, 1000), 10, (1, 10)),
    ],
)
def test_an_image_is_shrunk_to_its_longer_side(
    size: tuple[int, int], max_side: int | None, expected: tuple[int, int]
) -> None:
    image = noise(*size)
    result = shrink(image, max_side)
    assert result.size == expected
    assert (result is image) == (size == expected)


def test_heic_and_avif_are_read_with_the_extra() -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs pillow-heif, the extra heif")
    heif.register_heif_opener()
    for format in ("HEIF", "AVIF"):
        data = saved(Image.fromarray(ARROW), format)
        assert read_image(data).size == (40, 30)
        for length in range(12, len(data) - 20, 50):
            with pytest.raises(ImageError):
                read_image(data[:length])


@pytest.mark.skipif(has_heif(), reason="needs an environment without pillow-heif")
def test_avif_is_not_read_without_the_extra() -> None:
    with pytest.raises(ImageError, match=r"an AVIF image, which is not read; pip install"):
        read_image(saved(Image.fromarray(ARROW), "AVIF"))


def test_shrinking_is_pillows_lanczos_after_whole_factors() -> None:
    """Another way would make other variants of every recipe with max_side."""
    image = noise(400, 300)
    expected = image.resize((20, 15), Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert shrink(image, 20).tobytes() == expected.tobytes()


def test_a_thumbnail_of_a_jpeg_is_that_of_its_draft() -> None:
    """Another way would make other near-duplicates, and be several times as slow."""
    data = saved(noise(800, 600), "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (32, 24))
        assert image.size == (100, 75)
        small = image.resize((32, 24), Image.Resampling.BOX, reducing_gap=3.0)
    assert np.array_equal(read_small(data, (32, 24)), np.asarray(small))
