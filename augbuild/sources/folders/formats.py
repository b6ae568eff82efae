"""File names of images: which extensions are read, and what to do about those that are not."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

# Other extensions of the formats that are read, each with the usual one.
_OTHER_NAMES: Mapping[str, str] = {
    ".jpe": ".jpg",
    ".jfif": ".jpg",
    ".jif": ".jpg",
    ".pjpeg": ".jpg",
    ".pjp": ".jpg",
    ".apng": ".png",
    ".pbm": ".ppm",
    ".pnm": ".ppm",
}

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", *_OTHER_NAMES}
)
"""What torchvision's ImageFolder takes for an image, and other names of the same formats."""

HEIF_EXTENSIONS = frozenset({".heic", ".heif", ".hif", ".avif"})
"""Read with the extra `heif`."""

CONVERT = "convert {them} to JPEG or PNG"
_INSTALL_HEIF = "pip install 'augbuild[heif]', or convert {them} to JPEG or PNG"
_EXTRACT = "extract the frames that you want as JPEG or PNG"
_DEVELOP = "develop {them} as JPEG or PNG"

# Images (and films) that are not read, each with what to do.
_REMEDIES: Mapping[str, str] = {
    **dict.fromkeys(HEIF_EXTENSIONS, _INSTALL_HEIF),
    **dict.fromkeys((".gif", ".ico", ".psd", ".xcf", ".svg", ".eps", ".pcx", ".mpo"), CONVERT),
    **dict.fromkeys((".jp2", ".j2k", ".jpx", ".jxl", ".jxr", ".dib", ".exr", ".hdr"), CONVERT),
    **dict.fromkeys((".dcm", ".dicom", ".nii", ".mha", ".svs", ".ndpi", ".fits"), CONVERT),
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".raf", ".rw2"), _DEVELOP),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"), _EXTRACT),
    ".pdf": _EXTRACT.replace("frames", "pages"),
}

# How files begin that hold images, for those without an extension.
_IMAGE_STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"P5\n",
    b"P6\n",
)
_ISO_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"avif")


def has_heif() -> bool:
    """Check whether the extra `heif` is installed, without importing it."""
    return importlib.util.find_spec("pillow_heif") is not None


def read_extensions() -> frozenset[str]:
    """Return the extensions that are read here, in lower case."""
    return IMAGE_EXTENSIONS | HEIF_EXTENSIONS if has_heif() else IMAGE_EXTENSIONS


def extension_of(name: str) -> str:
    """Return the extension of a file name, in lower case and with its dot; "" for none."""
    # Not PurePosixPath: of 100,000 files, that alone takes seconds.
    stem, _, extension = name.rpartition("/")[2].rpartition(".")
    return f".{extension.lower()}" if stem and extension else ""


def usual_extension(extension: str) -> str:
    """Return what an image with this extension is called where others read it, too.

    torchvision's ImageFolder passes over a .jfif without a word.
    """
    return _OTHER_NAMES.get(extension, extension)


def remedy(extension: str, count: int) -> str | None:
    """Return what to do with so many images of an extension that is not read; None if no image."""
    text = _REMEDIES.get(extension)
    return text and text.format(them="it" if count == 1 else "them")


def begins_as_image(start: bytes) -> bool:
    """Check whether the first 16 bytes of a file are those of an image."""
    if start.startswith(_IMAGE_STARTS):
        return True
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return True
    return start[4:8] == b"ftyp" and start[8:12] in _ISO_BRANDS
