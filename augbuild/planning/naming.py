"""How the outputs of a source are named: by its path alone, and apart from those of any other."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from augbuild.sources.dataset import Rejected, Source

_STEM_BYTES = 200  # of the 255 that file systems allow; the rest is for hash, variant and extension
_NOT_PORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]|^[-. ]+|[. ]+$')


def output_stem(key: str) -> str:
    """Name the outputs of a source: its portable stem and 8 hex digits of its whole path, which keep it apart."""
    key = unicodedata.normalize("NFC", key)
    stem = _NOT_PORTABLE.sub("_", PurePosixPath(key).stem)
    short = stem.encode()[:_STEM_BYTES].decode(errors="ignore")
    return f"{short}_{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def reject_collisions(sources: Iterable[Source]) -> tuple[list[Source], list[Rejected]]:
    """Part the sources whose outputs would have the same name as those of an earlier one, on any file system."""
    kept: list[Source] = []
    rejected: list[Rejected] = []
    taken: set[bytes] = set()  # 8 bytes each: a name would cost ten times the memory
    for source in sources:
        name = f"{source.split}/{source.label}/{output_stem(source.key)}".casefold()
        digest = hashlib.sha256(name.encode()).digest()[:8]
        if digest in taken:
            rejected.append(
                Rejected(
                    source.path, "bad_name", "its outputs would be named as those of another source"
                )
            )
        else:
            taken.add(digest)
            kept.append(source)
    return kept, rejected
