"""Pictures for the tests of similarity: signed, mirrored and turned."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from augbuild.similarity.hashes import Turn, signature

# Pillow turns the other way.
CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def turned(picture: Image.Image, turn: Turn) -> Image.Image:
    """Do with Pillow what a turn says."""
    if turn.startswith("mirrored"):
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for degrees, method in CLOCKWISE.items():
        if f"by {degrees}°" in turn:
            return picture.transpose(method)
    return picture


def prints_of(root: Path) -> dict[str, bytes]:
    """Sign the pictures below a folder that can be read."""
    found = {}
    for path in sorted(root.rglob("*")):
        known = signature(path) if path.is_file() else None
        if known is not None:
            found[path.relative_to(root).as_posix()] = known
    return found
