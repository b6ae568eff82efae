"""Make a dataset of what a folder or an archive has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.dataset import Source, SourceDataset
from augbuild.sources.findings import Finding
from augbuild.sources.folders.augmented import find_augmented_names
from augbuild.sources.folders.classes import (
    check_lost_classes,
    find_classes,
    find_empty_folders,
    find_merged_folders,
    find_similar_names,
    find_single_class,
)
from augbuild.sources.folders.formats import IMAGE_EXTENSIONS, remedy
from augbuild.sources.folders.left_out import (
    ReadStart,
    find_left_out,
    find_links_out,
    find_unread_images,
    find_unused_patterns,
)
from augbuild.sources.folders.listing import OTHER_CLASS, UNPLACED, Listing
from augbuild.sources.layouts.layout import Layout
from augbuild.sources.layouts.recognise import recognise_layout
from augbuild.sources.originals import Originals


def assemble(
    listing: Listing,
    *,
    root: Path,
    originals: Originals,
    identity: str,
    read_start: ReadStart,
    ignore_existing: bool = False,
) -> SourceDataset:
    """Make a dataset of the images of a listing, with findings about all else.

    Raises SourceError where there is nothing to train on, where a class has nothing but images that
    are not read, or where the layout is unclear.
    """
    unread = find_unread_images(listing, read_start)
    layout = _recognise(root, listing, unread, ignore_existing=ignore_existing)
    check_lost_classes(root, listing, layout, unread)
    classes = find_classes(root, listing, layout)
    sources = _place_images(listing, layout)
    if not sources:
        raise SourceError(_why_empty(root, listing, unread))
    findings = [
        *find_missing_splits(sources),
        *find_single_class(classes),
        # Only now: placing the images has left some out.
        *_find_in_listing(listing, layout, read_start),
        *find_similar_names(classes),
        *find_merged_folders(sources, layout),
        *find_augmented_names(sources),
    ]
    return SourceDataset(
        root=root,
        originals=originals,
        identity=identity,
        classes=tuple(sorted(classes)),
        sources=tuple(sources),
        rejected=tuple(listing.rejected.values()),
        ignored={reason: len(paths) for reason, paths in sorted(listing.left_out.items())},
        findings=tuple(findings),
    )


def _find_in_listing(listing: Listing, layout: Layout, read_start: ReadStart) -> list[Finding]:
    """Find what lies beside the images."""
    return [
        *find_links_out(listing),
        *find_left_out(listing, read_start),
        *find_empty_folders(listing, layout),
        *find_unused_patterns(listing),
    ]


def _recognise(
    root: Path, listing: Listing, unread: Mapping[str, str], *, ignore_existing: bool
) -> Layout:
    """Recognise the layout of the images that are read, or else of all.

    Where all images of one of two classes are not read, the other would seem to be the only one.
    """
    # An unsafe path (one with backslashes, say) says nothing about folders.
    rejected = [path for path in listing.rejected if is_safe_path(path)]
    images = [*listing.images, *rejected] if rejected else listing.images
    recognise = partial(
        recognise_layout, root, name=listing.options.layout, ignore_existing=ignore_existing
    )
    try:
        return recognise(images)
    except SourceError:
        with suppress(SourceError):
            return recognise([*images, *unread])
        raise


def _place_images(listing: Listing, layout: Layout) -> list[Source]:
    """Return the images that are in a wanted class; note the others as left out."""
    wanted = frozenset(listing.options.classes)
    sources = []
    for path in listing.images:
        source = layout.source(path)
        if source is None:
            listing.left_out[UNPLACED].append(path)
        elif wanted and source.label not in wanted:
            listing.left_out[OTHER_CLASS].append(path)
        else:
            sources.append(source)
    return sources


def _why_empty(root: Path, listing: Listing, unread: Mapping[str, str]) -> str:
    if listing.images:
        advice = "put the images of each class into a folder of its own"
        return f"{root} has images but no class folders; {advice}"
    # Photos of a phone (.heic) are the usual case; the most frequent kind is named.
    if unread:
        ((kind, _),) = Counter(unread.values()).most_common(1)
        advice = remedy(kind, 2) or "rename them to end in .jpg, .png or what they are"
        return f"{root} has only {kind} files, which are not read; {advice}"
    for rejected in listing.rejected.values():
        if "\\" in rejected.source:
            return (
                f"{root} has names that hold backslashes ({rejected.source}), as in archives made "
                "on Windows; unpack it again with unzip, which makes folders of them"
            )
    return f"{root} has no images ({', '.join(sorted(IMAGE_EXTENSIONS))}) in class folders"


def find_missing_splits(sources: Sequence[Source]) -> list[Finding]:
    """Find that a source with splits has train alone: it then has nothing to test on."""
    folders = {source.folder for source in sources}
    if {source.split for source in sources} != {"train"}:
        return []
    folder = next(iter(folders)) or "train"
    return [
        Finding(
            kind="layout in doubt",
            message=f"{folder}/ is the only split, so no image is kept for testing",
            advice="ignore_existing = true in [split] splits its images",
        )
    ]
