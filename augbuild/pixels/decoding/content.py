"""What a file that cannot be decoded really is, by how it begins: a sentence for its rejection."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_CONVERT = "convert it to JPEG or PNG"
_INSTALL_HEIF = "pip install 'augbuild[heif]', or convert it to JPEG or PNG"

# What files begin with, what they are, and what to do.
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer", "run git lfs pull"),
    (b"GIF87a", "a GIF", _CONVERT),
    (b"GIF89a", "a GIF", _CONVERT),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", _CONVERT),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image", _CONVERT),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", _CONVERT),
    (b"\xff\x0a", "a JPEG XL image", _CONVERT),
    (b"8BPS", "a Photoshop file", _CONVERT),
    (b"\0\0\1\0", "an icon", _CONVERT),
    (b"%PDF", "a PDF", "extract its images"),
    (b"%!PS", "a PostScript file", _CONVERT),
    (b"PK\3\4", "a ZIP archive", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"\x89HDF", "an HDF5 file", _CONVERT),
    (b"\x93NUMPY", "a NumPy array", _CONVERT),
    (b"SIMPLE  =", "a FITS image", _CONVERT),
)
# Files that begin with text, in lower case.
_TEXTS: tuple[tuple[bytes, str, str], ...] = (
    (b"<!doctype html", "a web page", "download the image again"),
    (b"<html", "a web page", "download the image again"),
    (b"<svg", "an SVG drawing", _CONVERT),
    (b"<?xml", "an XML file", "remove it"),
    (b"{", "a text file", "remove it"),
)
# The brand in the first box of an ISO media file.
_BRANDS: Mapping[bytes, tuple[str, str]] = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), ("a HEIC image", _INSTALL_HEIF)),
    **dict.fromkeys((b"avif", b"avis"), ("an AVIF image", _INSTALL_HEIF)),
}
_MOST_BANDS = 1000  # a camera for satellites has some hundreds; more is a damaged header
_FILM = ("a film", "extract the frames that you want")
_SNIFFED = 256

_BMP_BITS = frozenset({1, 4, 8, 16, 24, 32})
_BMP_COMPRESSIONS: Mapping[int, str] = {4: "JPEG", 5: "PNG"}
_TIFF_SIZES: Mapping[int, str] = {1: "B", 3: "H", 4: "I"}
_BITS_PER_SAMPLE, _COMPRESSION, _SAMPLES_PER_PIXEL, _SAMPLE_FORMAT = 258, 259, 277, 339
_TIFF_KINDS: Mapping[int, str] = {2: "signed ", 3: "float ", 5: "complex ", 6: "complex "}


def describe_content(data: bytes) -> str | None:
    """Return what an encoded file is and what to do about it; None where that is not known."""
    found = _by_start(data)
    if found is not None:
        return "{}, which is not read; {}".format(*found)
    try:
        if data.startswith(b"BM"):
            return _describe_bmp(data)
        if data.startswith((b"II*\0", b"MM\0*")):
            return _describe_tiff(data)
    except struct.error:  # cut short
        return None
    return None


def _by_start(data: bytes) -> tuple[str, str] | None:
    """Return what a file is that is never read, and what to do."""
    for start, name, advice in _STARTS:
        if data.startswith(start):
            return name, advice
    text = data[:_SNIFFED].lstrip().lower()
    for start, name, advice in _TEXTS:
        if text.startswith(start):
            return name, advice
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], _FILM)
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return _FILM
    if data[128:132] == b"DICM":
        return "a DICOM file", _CONVERT
    return None


def _describe_bmp(data: bytes) -> str | None:
    """Describe a BMP by its header (BITMAPINFOHEADER); None where that says nothing odd."""
    # The file header has 14 bytes; width, height and planes are of no interest here.
    size, _, _, _, bits, compression = struct.unpack_from("<IiiHHI", data, 14)
    if size < 40:  # an older header, of another form
        return None
    if compression in _BMP_COMPRESSIONS:
        return f"a BMP that holds a {_BMP_COMPRESSIONS[compression]}: not supported; {_CONVERT}"
    if bits not in _BMP_BITS:
        return f"a BMP with {bits} bits a pixel: not supported; {_CONVERT}"
    return None


def _describe_tiff(data: bytes) -> str | None:
    """Describe a TIFF by its bands and bits; None where it does not say."""
    tags = _tiff_tags(data)
    bits = tags.get(_BITS_PER_SAMPLE, (1,))
    bands = tags.get(_SAMPLES_PER_PIXEL, (1,))[0]
    form = tags.get(_SAMPLE_FORMAT, (1,))[0]
    compression = tags.get(_COMPRESSION, (1,))[0]
    usual = bits[0] <= 8 and bands <= 4 and form == 1
    if not tags or usual or bands > _MOST_BANDS:
        return "a TIFF that is damaged, or of a kind that is not supported"
    plural = "band" if bands == 1 else "bands"
    kind = _TIFF_KINDS.get(form, "")
    packed = f", compression {compression}" if compression > 1 else ""
    return (
        f"a TIFF with {bands} {plural} of {bits[0]} {kind}bits{packed}: not supported; "
        "convert it to 8-bit RGB or grey"
    )


def _tiff_tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """Read the whole numbers of the first directory of a TIFF; raises struct.error."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    tags = {}
    for index in range(min(count, 100)):
        place = start + 2 + 12 * index
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, place)
        code = _TIFF_SIZES.get(kind)
        if code is None or not 0 < length <= 32:
            continue
        # Up to four bytes stand in the entry itself, more at an offset.
        if struct.calcsize(code) * length > 4:
            (offset,) = struct.unpack_from(f"{order}I", data, place + 8)
        else:
            offset = place + 8
        tags[tag] = struct.unpack_from(f"{order}{length}{code}", data, offset)
    return tags
