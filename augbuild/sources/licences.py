"""Licence files: what lies in a source, or beside it, and may say whose images these are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from augbuild.sources.findings import Finding
from augbuild.sources.layouts.splits import split_of

# GitHub's own detection (licensee) looks for these, too.
_NAME = re.compile(
    r"(?:(?:un)?licen[cs]es?|copying|copyright|notice)(?:[-_ ][^.]*)?"
    r"(?:\.(?:.*\.)?(?:txt|md|rst|html|pdf))?",
    re.IGNORECASE,
)


def find_licence_files(root: Path) -> list[Finding]:
    """Find the licence files of a source: in its folder, and in that of a file or a split folder.

    LICENSE, COPYING.txt, LICENSE.CC0.txt and the like; they are named, and not read.
    """
    names = []
    if root.is_dir():
        names += _licences_in(root, "")
        if split_of(root.name) is not None:
            names += _licences_in(root.parent, "../")
    elif root.is_file():
        names += _licences_in(root.parent, "")
    if not names:
        return []
    lie = "licence file lies" if len(names) == 1 else "licence files lie"
    finding = Finding(
        kind="licence file",
        message=f"{len(names):,} {lie} with the source",
        count=len(names),
        examples=tuple(names),
        advice='if it is that of the images, name it in the recipe: [dataset] license = "…"',
    )
    return [finding]


def _licences_in(folder: Path, prefix: str) -> list[str]:
    try:
        # Not iterdir(): a table's folder may have 100,000 images in it.
        with os.scandir(folder) as entries:
            names = [each.name for each in entries if _NAME.fullmatch(each.name) and each.is_file()]
    except OSError:  # the source itself could be opened; what lies beside it need not be readable
        return []
    return [f"{prefix}{name}" for name in sorted(names)]
