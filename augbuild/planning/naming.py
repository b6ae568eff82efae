"""How the outputs of a source are named: by its path alone, and apart from those of any other."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from augbuild.core.files import hash_bytes
from augbuild.sources.boxes.box import photo_of, split_box
from augbuild.sources.dataset import Rejected, Source
from augbuild.sources.folders.formats import usual_extension

# Of the 255 that file systems allow; the rest is for hash, variant and extension.
_STEM_BYTES = 200
_HASH_DIGITS = 8
_NOT_PORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]|^[-. ]+|[. ]+$')

_BOX_EXTENSION = ".png"  # without loss: a box has no bytes of its own to copy
_COLLIDES = "its outputs would be named as those of another source"


def output_stem(key: str) -> str:
    """Name the outputs of a source: its portable stem and 8 hex digits of its whole path.

    The digits keep it apart from sources with the same stem.
    """
    # macOS and Linux may spell one name in two ways.
    key = unicodedata.normalize("NFC", key)
    stem = PurePosixPath(photo_of(key)).stem
    portable = _NOT_PORTABLE.sub("_", stem).encode()
    # The cut may go through a character, which is then left out.
    short = portable[:_STEM_BYTES].decode(errors="ignore")
    sha256 = hash_bytes(key.encode())
    return f"{short}_{sha256[:_HASH_DIGITS]}"


def original_extension(key: str) -> str:
    """Return how the file of an original ends: as its source does, or `.png` for a box."""
    photo, box = split_box(key)
    if box is not None:
        return _BOX_EXTENSION
    return usual_extension(PurePosixPath(photo).suffix.lower())


def reject_collisions(sources: Iterable[Source]) -> tuple[list[Source], list[Rejected]]:
    """Reject the sources whose outputs would have the names of an earlier one's.

    Names that differ only by case are the same: on some file systems they are.
    """
    kept: list[Source] = []
    rejected: list[Rejected] = []
    taken: set[bytes] = set()
    for source in sources:
        stem = output_stem(source.key)
        name = f"{source.split}/{source.label}/{stem}".casefold()
        # 8 bytes of a hash: the name itself would cost ten times the memory.
        digest = hashlib.sha256(name.encode()).digest()
        short = digest[:8]
        if short in taken:
            rejected.append(Rejected(source.path, "bad_name", _COLLIDES))
            continue
        taken.add(short)
        kept.append(source)
    return kept, rejected
