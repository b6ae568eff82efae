"""Lists of images to leave out of a source: one path a line, as `augbuild audit` writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from augbuild.core.files import read_regular_file
from augbuild.core.text import plural
from augbuild.errors import OutputError, SourceError
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.findings import Finding
from augbuild.sources.folders.listing import EXCLUDED

_MOST_BYTES = 1 << 28
_COMMENT = "#"


def read_exclusions(file: Path) -> list[str]:
    """Read the paths of a list; empty lines and those that begin with # are none.

    Raises SourceError for a file that cannot be read, or is no text.
    """
    try:
        text = read_regular_file(file, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{file} is not UTF-8 text; it has one path a line") from error
    found = []
    for line in text.split("\n"):
        path = line.removesuffix("\r")
        if path.strip() and not path.startswith(_COMMENT):
            found.append(path.removeprefix("./"))
    return found


def write_exclusions(file: Path, reasons: Mapping[str, str]) -> None:
    """Write a list of paths, each with the reason in a comment; raises OutputError.

    A file that exists is not overwritten: it may have been edited.
    """
    lines = [f"# Images to leave out; a recipe names this list: exclude_file = {file.name!r}"]
    for path, reason in reasons.items():
        # A path that begins like a comment is none with its folder before it.
        written = f"./{path}" if path.startswith(_COMMENT) else path
        lines += [f"# {reason}", written]
    content = "\n".join([*lines, ""])
    try:
        with file.open("x", encoding="utf-8", errors="surrogateescape", newline="\n") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise OutputError(f"{file} exists; remove it, or write another one") from error
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}") from error


def leave_out(dataset: SourceDataset, file: Path) -> SourceDataset:
    """Return a dataset without the images that a list names.

    Raises SourceError where the list cannot be read, or leaves a class without an image.
    """
    named = dict.fromkeys(read_exclusions(file))
    kept = tuple(source for source in dataset.sources if source.path not in named)
    left = {source.label for source in kept}
    for label in dataset.classes:
        if label not in left:
            raise SourceError(f"{file} leaves out every image of class {label!r}")
    known = {source.path for source in dataset.sources}
    known.update(rejected.source for rejected in dataset.rejected)
    unknown = [path for path in named if path not in known]
    findings = dataset.findings
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        finding = Finding(
            kind="files left out",
            message=f"{plural(len(unknown), 'path')} of {file.name} {verb} not in the source",
            count=len(unknown),
            examples=tuple(unknown),
            advice="remove them from the list, or write them as they are in the source",
        )
        findings = (*findings, finding)
    ignored = Counter(dataset.ignored)
    ignored[EXCLUDED] += len(dataset.sources) - len(kept)
    counted = {reason: count for reason, count in sorted(ignored.items()) if count}
    return replace(dataset, sources=kept, ignored=counted, findings=findings)
