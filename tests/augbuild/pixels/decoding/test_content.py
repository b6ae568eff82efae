"""What a file really is, for the message that rejects it."""

from __future__ import annotations

import io
import struct
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_image
from augbuild.pixels.decoding.content import describe_content


def encoded(format: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, format)
    return buffer.getvalue()


def tiff(bands: int, bits: int, *, form: int = 1, compression: int = 1, order: str = "<") -> bytes:
    """Write the header of a grey TIFF of some bands."""
    entries = [(256, 4, 1, 9), (257, 4, 1, 9), (259, 3, 1, compression), (262, 3, 1, 1)]
    sizes = struct.pack(f"{order}{bands}H", *([bits] * bands))
    place = 8 + 2 + 12 * 7 + 4
    entries.append((258, 3, bands, bits if bands < 2 else place))
    entries += [(277, 3, 1, bands), (339, 3, 1, form)]
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    data += struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in sorted(entries):
        short = kind == 3 and count == 1
        written = struct.pack(
            f"{order}HH" if short else f"{order}I", *((value, 0) if short else (value,))
        )
        data += struct.pack(f"{order}HHI", tag, kind, count) + written
    return data + bytes(4) + sizes + bytes(2000)


CONVERT = "convert it to JPEG or PNG"
HEIF = f"pip install 'augbuild[heif]', or {CONVERT}"
FILM = "a film, which is not read; extract the frames that you want"
FILES = {
    "GIF": (encoded("GIF"), f"a GIF, which is not read; {CONVERT}"),
    "JPEG 2000": (encoded("JPEG2000"), f"a JPEG 2000 image, which is not read; {CONVERT}"),
    "icon": (encoded("ICO"), f"an icon, which is not read; {CONVERT}"),
    "PDF": (encoded("PDF"), "a PDF, which is not read; extract its images"),
    "HEIC": (b"\0\0\0\x18ftypheic" + bytes(99), f"a HEIC image, which is not read; {HEIF}"),
    "MP4": (b"\0\0\0\x18ftypisom" + bytes(99), FILM),
    "AVI": (b"RIFF\0\0\0\0AVI LIST", FILM),
    "DICOM": (bytes(128) + b"DICM", f"a DICOM file, which is not read; {CONVERT}"),
    "LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "a Git LFS pointer, which is not read; run git lfs pull",
    ),
    "HTML": (b"\n<!DOCTYPE html><html>", "a web page, which is not read; download the image again"),
    "SVG": (b"<svg xmlns='x'/>", f"an SVG drawing, which is not read; {CONVERT}"),
    "16-bit bands": (
        tiff(5, 16),
        "a TIFF with 5 bands of 16 bits: not supported; convert it to 8-bit RGB or grey",
    ),
    "big-endian": (
        tiff(5, 16, order=">"),
        "a TIFF with 5 bands of 16 bits: not supported; convert it to 8-bit RGB or grey",
    ),
    "float": (
        tiff(3, 32, form=3),
        "a TIFF with 3 bands of 32 float bits: not supported; convert it to 8-bit RGB or grey",
    ),
    "one band": (
        tiff(1, 64, compression=5),
        "a TIFF with 1 band of 64 bits, compression 5: not supported; convert it to 8-bit RGB or "
        "grey",
    ),
    "damaged TIFF": (tiff(0, 8), "a TIFF that is damaged, or of a kind that is not supported"),
    "BMP of 2 bits": (
        b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 9, 9, 1, 2, 0) + bytes(99),
        f"a BMP with 2 bits a pixel: not supported; {CONVERT}",
    ),
    "BMP of a PNG": (
        b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 9, 9, 1, 24, 5) + bytes(99),
        f"a BMP that holds a PNG: not supported; {CONVERT}",
    ),
}
if find_spec("pillow_heif") is None:  # with it, AVIF is read
    FILES["AVIF"] = (encoded("AVIF"), f"an AVIF image, which is not read; {HEIF}")


@pytest.mark.parametrize(("data", "message"), FILES.values(), ids=FILES.keys())
def test_the_message_says_what_the_file_is(data: bytes, message: str) -> None:
    assert describe_content(data) == message
    with pytest.raises(ImageError) as error:
        read_image(data)
    assert (error.value.reason, str(error.value)) == ("not_an_image", message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"MIT License", "not a JPEG, PNG, PPM, BMP, TIFF or WebP image"),
        (b"BM" + bytes(10), "not a JPEG, PNG, PPM, BMP, TIFF or WebP image"),
    ],
)
def test_what_nobody_knows(data: bytes, message: str) -> None:
    assert describe_content(data) is None
    with pytest.raises(ImageError) as error:
        read_image(data)
    assert str(error.value) == message


@given(st.sampled_from([b"BM", b"II*\0", b"MM\0*", b""]), st.binary(max_size=300))
def test_any_bytes_may_be_described(start: bytes, rest: bytes) -> None:
    assert describe_content(start + rest) != ""
