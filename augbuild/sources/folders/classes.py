"""The classes of a source: which there are, which are lost, and which names are nearly the same."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.core.text import list_words, nearest, plural
from augbuild.errors import SourceError
from augbuild.sources.dataset import Source
from augbuild.sources.findings import Finding
from augbuild.sources.folders.formats import remedy
from augbuild.sources.folders.listing import EXCLUDED, Listing, legible
from augbuild.sources.layouts.layout import Layout

_EXAMPLES = 3
_CLASSES_SHOWN = 10
_SEPARATORS = re.compile(r"[\s_-]+")


def find_classes(root: Path, listing: Listing, layout: Layout) -> set[str]:
    """Return the classes, or those of `options.classes`: all rejected images still make a class.

    Raises SourceError for a class of `options.classes` that is not there.
    """
    classes = set()
    for path in (*listing.images, *listing.rejected):
        folder = layout.class_folder(path)
        if folder is not None and is_safe_path(folder):
            classes.add(folder.rpartition("/")[2])
    wanted = listing.options.classes
    for label in wanted:
        if label in classes:
            continue
        near = nearest(label, classes)
        shown = ", ".join(repr(each) for each in sorted(classes)[:_CLASSES_SHOWN])
        hint = f"did you mean {near!r}?" if near else f"it has {shown}"
        raise SourceError(f"{root} has no class {label!r}, which [source] classes names; {hint}")
    return classes.intersection(wanted) if wanted else classes


def check_lost_classes(
    root: Path, listing: Listing, layout: Layout, unread: Mapping[str, str]
) -> None:
    """Raise SourceError for a class of nothing but images that are not read, `unread`."""
    kept = {layout.class_folder(path) for path in (*listing.images, *listing.rejected)}
    labels = {folder.rpartition("/")[2] for folder in kept if folder}
    lost: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path, kind in unread.items():
        folder = layout.class_folder(path)
        label = folder.rpartition("/")[2] if folder else ""
        wanted = not listing.options.classes or label in listing.options.classes
        if folder and wanted and label not in labels:
            lost[folder][kind] += 1
    for folder, kinds in sorted(lost.items()):
        counts = [f"{count:,} {kind}" for kind, count in kinds.most_common()]
        advice = remedy(kinds.most_common()[0][0], kinds.total())
        advice = advice or "rename them to end in .jpg, .png or what they are"
        raise SourceError(
            f"{root} has no image of class {folder.rpartition('/')[2]!r} that can be read, only "
            f"{list_words(counts).replace(' or ', ' and ')}; {advice}, or leave the class out: "
            f'exclude = ["{folder}/*"] in [source]'
        )


def find_empty_folders(listing: Listing, layout: Layout) -> list[Finding]:
    """Find the folders that would each be a class if they had images."""
    filled = set()
    # An excluded image is none of the dataset, but its folder is not empty.
    for path in (*listing.images, *listing.rejected, *listing.left_out.get(EXCLUDED, ())):
        filled.add(layout.class_folder(path))
    empty = []
    for folder in sorted(listing.folders):
        inside = f"{folder}/x"
        if layout.kind == "class-splits":
            inside = f"{folder}/{next(iter(layout.splits))}/x"
        if layout.class_folder(inside) == folder and folder not in filled:
            empty.append(legible(folder))
    if not empty or layout.kind == "leaf":
        return []
    have = "has no images and is" if len(empty) == 1 else "have no images and are"
    return [
        Finding(
            kind="empty class folder",
            message=f"{plural(len(empty), 'class folder')} {have} left out",
            count=len(empty),
            examples=tuple(empty[:_EXAMPLES]),
            advice="remove {0}, or put images into {0}".format("it" if len(empty) == 1 else "them"),
        )
    ]


def find_single_class(classes: Set[str]) -> list[Finding]:
    """Find that there is one class: only where the recipe says how the source is laid out."""
    if len(classes) != 1:
        return []
    return [
        Finding(
            kind="one class",
            message=f"{next(iter(classes))!r} is the only class",
            advice="a classifier needs two: add a folder of images for another",
        )
    ]


def find_merged_folders(sources: Iterable[Source], layout: Layout) -> list[Finding]:
    """Find the folders of one name that are one class, where each innermost folder is a class."""
    if layout.kind != "leaf":
        return []
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for source in sources:
        folder = source.key.rpartition("/")[0]
        # A split that is not kept is still no part of the class.
        for split in layout.splits:
            folder = folder.removeprefix(f"{split}/")
        folders[source.label].add(folder)
    merged = {label: sorted(found) for label, found in folders.items() if len(found) > 1}
    if not merged:
        return []
    examples = [" and ".join(merged[label][:_EXAMPLES]) for label in sorted(merged)]
    classes = "class is" if len(merged) == 1 else "classes are"
    return [
        Finding(
            kind="similar class names",
            message=f"{len(merged):,} {classes} of several folders that have one name",
            count=len(merged),
            examples=tuple(examples[:_EXAMPLES]),
            advice="rename the folders that are not the same class",
        )
    ]


def find_similar_names(classes: Iterable[str]) -> list[Finding]:
    """Find the classes whose names differ by case, blanks, hyphens or how accents are written."""
    findings = []
    seen: dict[str, str] = {}
    for label in sorted(classes):
        folded = unicodedata.normalize("NFC", label).casefold()
        # Not digits and letters: "1-0" and "10" are two classes of somebody's digits.
        plain = _SEPARATORS.sub(" ", folded).strip()
        first = seen.setdefault(plain, label)
        if first == label:
            continue
        if unicodedata.normalize("NFC", first).casefold() == folded:
            where = "file systems that ignore case (macOS, Windows)"
            why = f"share one folder on {where}"
        else:
            why = "differ only by case, blanks, hyphens or underscores"
        findings.append(
            Finding(
                kind="similar class names",
                message=f"classes {first!r} and {label!r} {why}",
                advice="merge the two folders, or rename one",
            )
        )
    return findings
