"""Findings: what the owner of a dataset should know about it, each with a count and a way on."""

from __future__ import annotations

from typing import Literal

import msgspec

from augbuild.core.text import plural

FindingKind = Literal[
    "already augmented",
    "balance not reached",
    "class without test images",
    "class without train images",
    "class without validation images",
    "class without variants",
    "contradicting labels",
    "duplicates",
    "duplicates across splits",
    "duplicates unknown",
    "empty class folder",
    "equal variants",
    "files left out",
    "flat variants",
    "gps position",
    "layout in doubt",
    "licence file",
    "links",
    "low bit depth",
    "more frames",
    "one class",
    "similar class names",
    "undersampled classes",
    "unused column",
    "other",
]

_MOST_EXAMPLES = 3


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing about a dataset that its owner should know.

    `message` is a clause that begins with the count where there is one; `examples` are paths or
    names, the first few of `count`; `advice` is a clause that, followed, makes the finding go.
    """

    kind: FindingKind
    message: str
    count: int = 1
    examples: tuple[str, ...] = ()
    advice: str = ""

    def text(self) -> str:
        """Return the finding as one line."""
        text = self.message
        if self.examples:
            shown = ", ".join(self.examples[:_MOST_EXAMPLES])
            more = self.count - min(len(self.examples), _MOST_EXAMPLES)
            others = f" and {plural(more, 'other')}" if more > 0 else ""
            text += f" ({shown}{others})"
        return f"{text}; {self.advice}" if self.advice else text
