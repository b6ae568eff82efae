"""What a hub has given us: a folder on this disk, and what has to be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from augbuild.core.text import shorten
from augbuild.errors import SourceError
from augbuild.sources.findings import Finding

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded dataset.

    `folder` is where it is on this machine, `root` what was asked for within it; `attribution`
    says where it is from, for everyone who is given what is built of it.
    """

    folder: Path
    root: Path
    attribution: str
    findings: tuple[Finding, ...] = ()


def failed(spec: str, error: Exception, advice: str) -> SourceError:
    """Return the error for a download that a hub's library gave up."""
    # Of several lines the first says what happened; the others are links to documentation.
    reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return SourceError(f"{spec} cannot be downloaded: {shorten(reason, _LONGEST_REASON)}; {advice}")
