"""Nothing of Pillow or libtiff gets out while we decode, and nothing of ours is changed by that."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from PIL import Image

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_image
from augbuild.pixels.quiet import ignore_pillow_warnings, quiet_decoders

from .images import ARROW, saved

# EXIF of one entry whose text of 255 bytes is said to lie behind the end of the file.
ODD_EXIF = (
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00\x0e\x01\x02\x00\xff\x00\x00\x00\x00\xff\x00\x00"
)
ODD_JPEG = saved(Image.fromarray(ARROW), "JPEG", exif=ODD_EXIF)
TIFF = saved(Image.fromarray(ARROW), "TIFF")


def warn_as(module: str) -> None:
    """Warn as a line of `module` would."""
    source = "import warnings\nwarnings.warn('odd', UserWarning)"
    exec(compile(source, "<odd>", "exec"), {"__name__": module})


def test_the_odd_file_makes_pillow_warn(tmp_path: Path) -> None:
    """Else the tests below would show nothing."""
    (tmp_path / "odd.jpg").write_bytes(ODD_JPEG)
    with (
        pytest.warns(UserWarning, match="Corrupt EXIF|larger than"),
        Image.open(tmp_path / "odd.jpg") as image,
    ):
        image.getexif()


def test_pillows_warnings_are_ignored_even_where_they_are_errors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(ODD_JPEG).size == (40, 30)
        with ignore_pillow_warnings():
            warn_as("PIL.TiffImagePlugin")


@pytest.mark.parametrize("module", ["PIL", "PILOTS.image", "numpy", "my.PIL.module"])
def test_warnings_of_other_modules_are_not(module: str) -> None:
    with ignore_pillow_warnings(), pytest.warns(UserWarning, match="odd"):
        warn_as(module)


def test_the_filters_are_put_back() -> None:
    filters, before = warnings.filters, list(warnings.filters)
    with ignore_pillow_warnings(), ignore_pillow_warnings():
        assert len(warnings.filters) == len(before) + 2
    with pytest.raises(ImageError):
        read_image(b"no image")
    assert warnings.filters is filters
    assert list(warnings.filters) == before


def test_a_program_may_reset_its_filters_meanwhile() -> None:
    with warnings.catch_warnings():
        with ignore_pillow_warnings():
            warnings.resetwarnings()
        assert list(warnings.filters) == []


def test_a_program_that_shows_a_warning_once_shows_it_once() -> None:
    """A filter set with the functions of `warnings` would make Python forget what it has shown."""
    program = {"__name__": "program"}
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(3):
            read_image(ODD_JPEG)
            exec(compile("import warnings\nwarnings.warn('once')", "<program>", "exec"), program)
    assert [str(each.message) for each in shown] == ["once"]


def test_many_threads_decode_while_others_change_the_filters() -> None:
    before = list(warnings.filters)
    failed: list[BaseException] = []
    done = threading.Event()

    def decode() -> None:
        try:
            for _ in range(60):
                read_image(ODD_JPEG)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=decode) for _ in range(8)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        within = list(warnings.filters)
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            done.wait(0.001)
        assert failed == []
        assert list(warnings.filters) == within
    assert list(warnings.filters) == before


def test_another_threads_catch_warnings_leaves_no_filter_of_ours() -> None:
    before = list(warnings.filters)
    outer = ignore_pillow_warnings()
    outer.__enter__()
    with warnings.catch_warnings():  # copies the list that has our filter
        outer.__exit__(None, None, None)
    assert list(warnings.filters) == before


def test_importing_the_library_changes_no_filter() -> None:
    program = """
import warnings, numpy, PIL.Image
before = list(warnings.filters)
import augbuild.pixels.codec, augbuild.pixels.apply, augbuild.similarity.search
print(list(warnings.filters) == before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_libtiff_is_kept_from_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_decoders(TIFF):
        os.write(2, b"noise of libtiff\n")
    with quiet_decoders(TIFF.replace(b"II", b"MM", 1)):
        os.write(2, b"noise of libtiff\n")
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"


def test_standard_error_is_left_to_other_formats(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_decoders(ODD_JPEG):
        os.write(2, b"a program's own\n")
    assert capfd.readouterr().err == "a program's own\n"


def test_standard_error_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), quiet_decoders(TIFF):
        raise KeyError
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"


def test_no_descriptor_is_left_open() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc to count open files")
    before = count()
    for _ in range(3):
        read_image(TIFF)
    assert count() == before


def test_reading_in_many_threads_keeps_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    threads = [
        threading.Thread(target=lambda: [read_image(TIFF) for _ in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"


def test_decoding_prints_nothing(capfd: pytest.CaptureFixture[str], shared_data: Path) -> None:
    noisy = shared_data / "nasty" / "pillow" / "crash-63b1dffefc8c075ddc606c0a2f5fdc15ece78863.tif"
    with pytest.raises(ImageError):
        read_image(noisy)
    os.write(2, b"still ours\n")
    assert capfd.readouterr().err == "still ours\n"
