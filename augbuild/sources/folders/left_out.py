"""Findings about what a source has beside its images: nothing is left out in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from augbuild.core.text import as_toml, plural
from augbuild.sources.findings import Finding, FindingKind
from augbuild.sources.folders.formats import begins_as_image, remedy
from augbuild.sources.folders.listing import (
    BROKEN_LINK,
    HIDDEN,
    LINK,
    LINK_TWICE,
    NO_EXTENSION,
    NOT_REGULAR,
    OTHER_KIND,
    UNPLACED,
    Listing,
    legible,
)

ReadStart = Callable[[str], bytes]
"""Reads the first bytes of a file by its path in the source; none where it cannot be read."""

_EXAMPLES = 3
_MOST_EXTENSIONS = 6

# What is left out for each reason but extensions: noun, verb of one and of many, what to do.
_KINDS = {
    HIDDEN: ("hidden file or folder", "hidden files and folders", "remove {them}"),
    UNPLACED: (
        "image in no class folder",
        "images in no class folder",
        "move {them} into class folders, or remove {them}",
    ),
    NOT_REGULAR: ("device, pipe or socket", "devices, pipes or sockets", "remove {them}"),
}
_LINKS = {
    LINK: ("link", "links", "follow {them}, without --no-follow-links"),
    LINK_TWICE: (
        "link to a folder that is read already",
        "links to folders that are read already",
        "remove {them}",
    ),
    BROKEN_LINK: ("link to nothing", "links to nothing", "restore what {they} led to"),
}


_GO = "remove {them}, or rename {them} if {they} {hold}"


def find_left_out(listing: Listing, read_start: ReadStart) -> list[Finding]:
    """Find what was left out, one finding a kind, each with what to do about it."""
    findings = []
    others: dict[str, Sequence[str]] = {}
    for reason, paths in sorted(listing.left_out.items()):
        extension = reason.removeprefix("extension ") if reason.startswith("extension ") else ""
        advice = remedy(extension, len(paths))
        if reason in _KINDS:
            findings.append(_of_kind(paths, *_KINDS[reason]))
        elif reason in _LINKS:
            findings.append(_of_links(paths, *_LINKS[reason]))
        elif advice:
            noun = f"{extension} file"
            findings.append(_of_kind(paths, noun, f"{noun}s", f"{advice}, or remove {{them}}"))
        elif extension:
            others[extension] = paths
        elif reason == NO_EXTENSION:
            findings += _without_extension(paths, read_start)
        elif reason == OTHER_KIND:
            findings.append(_of_kind(paths, "file of another kind", "files of another kind", _GO))
    if others:
        findings.insert(0, _of_extensions(others))
    return findings


def find_links_out(listing: Listing) -> list[Finding]:
    """Find the links that lead out of the source."""
    links = listing.links_out
    if not links:
        return []
    lead = "link leads" if len(links) == 1 else "links lead"
    message = f"{len(links):,} {lead} out of the source"
    advice = "replace {them} by what {they} {lead} to, or leave {them} out with --no-follow-links"
    return [_finding("links", message, links, advice)]


def _of_extensions(files: dict[str, Sequence[str]]) -> Finding:
    """Return the finding of all that nobody would take for images, by their extensions."""
    counts = Counter({extension: len(paths) for extension, paths in files.items()})
    shown = [f"{extension} {count:,}" for extension, count in counts.most_common(_MOST_EXTENSIONS)]
    more = len(counts) - len(shown)
    if more > 0:
        shown.append(f"{plural(more, 'more extension')}")
    are = "file that is no image is" if counts.total() == 1 else "files that are no images are"
    # As the names spell them: patterns mind the case.
    spelt = {PurePosixPath(path).suffix for paths in files.values() for path in paths}
    patterns = ", ".join(as_toml(f"*{suffix}") for suffix in sorted(spelt))
    return Finding(
        kind="files left out",
        message=f"{counts.total():,} {are} left out: {', '.join(shown)}",
        count=counts.total(),
        advice=f"if that is right, exclude = [{patterns}] in [source] says so",
    )


def _without_extension(paths: Sequence[str], read_start: ReadStart) -> list[Finding]:
    """Return the findings of files without an extension: apart, those that are images."""
    images = [path for path in paths if begins_as_image(read_start(path))]
    found = []
    if images:
        nouns = "image whose name has no extension", "images whose names have no extension"
        found.append(_of_kind(images, *nouns, "add an extension to the name, such as .jpg"))
    rest = sorted(set(paths) - set(images))
    if rest:
        nouns = "file without an extension", "files without an extension"
        found.append(_of_kind(rest, *nouns, "remove {them}, or exclude {them} in [source]"))
    return found


def _of_kind(paths: Sequence[str], noun: str, nouns: str, advice: str) -> Finding:
    return _finding("files left out", _left_out(paths, noun, nouns), paths, advice)


def _of_links(paths: Sequence[str], noun: str, nouns: str, advice: str) -> Finding:
    return _finding("links", _left_out(paths, noun, nouns), paths, advice)


def _left_out(paths: Sequence[str], noun: str, nouns: str) -> str:
    return f"{plural(len(paths), noun, nouns)} {'is' if len(paths) == 1 else 'are'} left out"


def _finding(kind: FindingKind, message: str, paths: Sequence[str], advice: str) -> Finding:
    one = len(paths) == 1
    return Finding(
        kind=kind,
        message=message,
        count=len(paths),
        examples=tuple(legible(path) for path in sorted(paths)[:_EXAMPLES]),
        advice=advice.format(
            them="it" if one else "them",
            they="it" if one else "they",
            lead="leads" if one else "lead",
            hold="holds an image" if one else "hold images",
        ),
    )


def find_unused_patterns(listing: Listing) -> list[Finding]:
    """Find the patterns of `include` and `exclude` that match nothing."""
    return [
        Finding(
            kind="other",
            message=f"{pattern} matches no file",
            advice="correct the pattern, or remove it",
        )
        for pattern in listing.unused_patterns()
    ]


def find_unread_images(listing: Listing, read_start: ReadStart) -> dict[str, str]:
    """Return the paths of images that are not read for their names, each with what they are.

    That is their extension, or "without an extension".
    """
    unread: dict[str, str] = {}
    for reason, paths in listing.left_out.items():
        extension = reason.removeprefix("extension ")
        if remedy(extension, 1) is not None:
            unread.update(dict.fromkeys(paths, extension))
        elif reason in {NO_EXTENSION, OTHER_KIND} or reason != extension:
            kind = "without an extension" if reason == NO_EXTENSION else extension
            images = [path for path in paths if begins_as_image(read_start(path))]
            unread.update(dict.fromkeys(images, kind))
    return unread
