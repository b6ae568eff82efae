"""Reading any image safely, upright and as 8-bit RGB; writing deterministically and atomically."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.assets import bundled_assets
from augbuild.catalogue.transforms import Op
from augbuild.core.files import write_atomic
from augbuild.errors import ApplyError, AugbuildError, ImageError, SourceError, is_machine_error
from augbuild.pixels.apply import apply
from augbuild.pixels.codec import (
    MAX_PIXELS,
    encode,
    has_more_frames,
    read_grey,
    read_image,
)
from augbuild.sources.originals import read_bytes

ARROW = np.zeros((30, 40, 3), np.uint8)
ARROW[:10, :10] = (250, 20, 20)  # a red corner at the top left tells the eight orientations apart


def saved(image: Image.Image, format: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=format, **settings)  # type: ignore[arg-type]  # settings of whichever format
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(10))
def test_every_exif_orientation_comes_out_upright(orientation: int) -> None:
    turns = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # the inverse of what a reader has to do, as Transpose values
    upright = Image.fromarray(ARROW)
    stored = (
        upright
        if orientation not in turns
        else upright.transpose(Image.Transpose(turns[orientation]))
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read_image(saved(stored, "PNG", exif=exif))
    assert pixels.size == (40, 30)
    assert np.array_equal(np.asarray(pixels), ARROW)
    assert read_grey(saved(stored, "JPEG", quality=95, exif=exif), (40, 30))[2, 2] > 60


@pytest.mark.parametrize(
    "bad", [b"Exif\x00\x00garbage", b"", b"Exif\x00\x00II*\x00\xff\xff\xff\xff"]
)
def test_malformed_exif_counts_as_upright(bad: bytes) -> None:
    assert read_image(saved(Image.fromarray(ARROW), "JPEG", exif=bad)).size == (40, 30)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    grey = np.asarray(read_image(saved(Image.fromarray(ramp), "PNG")))[..., 0]
    assert np.array_equal(grey.ravel(), np.arange(256))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 200.0]], np.float32), [0, 100, 200]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 65535]], np.int32), [0, 255]),
        (np.array([[7, 7]], np.int32), [7, 7]),
        (np.array([[np.nan, 1e6, 2e6]], np.float32), [0, 128, 255]),
    ],
    ids=[
        "unit floats",
        "byte floats",
        "signed floats",
        "16 bits in 32",
        "bytes in 32",
        "own range, nan",
    ],
)
def test_deep_values_are_scaled_by_a_stated_rule(values: np.ndarray, expected: list[int]) -> None:
    assert (
        np.asarray(read_image(saved(Image.fromarray(values), "TIFF")))[0, :, 0].tolist() == expected
    )


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"]
)
def test_every_mode_becomes_rgb(mode: str) -> None:
    source = (
        Image.fromarray(np.full((8, 8), 9, np.uint16))
        if mode == "I;16"
        else Image.new(mode, (8, 8))
    )
    image = read_image(saved(source, "TIFF" if mode not in {"RGBA", "P"} else "PNG"))
    assert (image.mode, image.size, image.info) == ("RGB", (8, 8), {})


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_transparency_is_composited_on_white(mode: str) -> None:
    transparent = Image.new("RGBA", (4, 4), (10, 20, 30, 0)).convert(mode)
    format = "TIFF" if mode == "PA" else "PNG"
    data = saved(
        transparent if mode != "PA" else Image.new("LA", (4, 4), (10, 0)),
        format if mode != "PA" else "PNG",
    )
    assert read_image(data).getpixel((0, 0)) == (255, 255, 255)


def test_transparent_palette_and_colour_key_are_composited_on_white() -> None:
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([200, 0, 0] * 256)
    assert read_image(saved(palette, "PNG", transparency=0)).getpixel((0, 0)) == (255, 255, 255)
    assert read_image(saved(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))).getpixel((0, 0)) == (
        255, 255, 255,
    )  # fmt: skip


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
    again, ant = (
        "put that right and run the same command again to finish",
        bundled_assets("emoji")[_ANT],
    )
    with no_descriptor_left():
        with pytest.raises(SourceError) as caught:
            read_bytes(tmp_path / "x.tif")
        for read in (read_image, has_more_frames):
            with pytest.raises(OSError, match="Too many open files"):
                read(data)
        with pytest.raises(AugbuildError) as caught_in_op:
            apply(Image.fromarray(ARROW), [Op("overlay_emoji", {"emoji_path": _ANT})])
    assert not isinstance(caught.value, ImageError)
    assert str(caught.value) == f"{tmp_path / 'x.tif'}: Too many open files; {again}"
    assert not isinstance(caught_in_op.value, ApplyError)
    assert str(caught_in_op.value) == f"{ant}: Too many open files; {again}"
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
    with pytest.raises(ImageError) as caught:
        read_bytes(tmp_path / "huge.jpg")
    assert caught.value.reason == "too_large"


def test_decoding_prints_nothing(capfd: pytest.CaptureFixture[str], shared_data: Path) -> None:
    noisy = shared_data / "nasty" / "pillow" / "crash-63b1dffefc8c075ddc606c0a2f5fdc15ece78863.tif"
    with pytest.raises(ImageError):
        read_image(noisy)
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"


def test_grey_thumbnail_is_close_to_the_whole_image() -> None:
    photo = Image.fromarray(
        np.add.outer(np.arange(400), np.arange(600)).astype(np.float32) / 4
    ).convert("RGB")
    data = saved(photo, "JPEG", quality=95)
    whole = np.asarray(read_image(data).convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    assert np.abs(read_grey(data, (9, 8)).astype(np.int16) - whole).max() <= 6


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_encoding_is_deterministic_and_carries_nothing_over(format: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8))
    image.info = {
        "comment": b"private",
        "icc_profile": b"private",
        "exif": b"Exif\x00\x00private",
        "dpi": (300, 300),
    }
    data = encode(image, format, 90)  # type: ignore[arg-type]  # the three formats
    assert data == encode(image.copy(), format, 90)  # type: ignore[arg-type]
    assert b"private" not in data
    assert read_image(data).size == (31, 24)
    if format == "png":
        assert np.array_equal(np.asarray(read_image(data)), np.asarray(image))


def test_quality_changes_the_bytes() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8))
    assert len(encode(image, "jpeg", 30)) < len(encode(image, "jpeg", 90))


def test_written_file_is_whole_and_nothing_is_left_in_staging(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    write_atomic(tmp_path / "x.bin", b"old", staging)
    write_atomic(tmp_path / "x.bin", b"new", staging)
    assert (tmp_path / "x.bin").read_bytes() == b"new"
    assert list(staging.iterdir()) == []


def test_torn_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A writer that dies in the middle must not be taken for one that finished: the old file stays, whole."""
    staging, target = tmp_path / "staging", tmp_path / "x.bin"
    staging.mkdir()
    write_atomic(target, b"old", staging)
    resource = pytest.importorskip("resource")
    pid = os.fork()
    if pid == 0:  # a child that may write 4 kB and no more
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        write_atomic(target, b"n" * 100_000, staging)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert target.read_bytes() == b"old"
    assert [path.stat().st_size for path in staging.iterdir()] == [4096]


def test_failed_write_is_cleaned_up(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    (tmp_path / "x.bin").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "x.bin", b"data", staging)
    assert list(staging.iterdir()) == []


def test_reading_in_many_threads_keeps_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    data = saved(Image.fromarray(ARROW), "TIFF")
    threads = [
        threading.Thread(target=lambda: [read_image(data) for _ in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"
