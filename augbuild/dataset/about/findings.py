"""What is to be known of a tree: classes that a folder lacks, variants that bring nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from augbuild.core.text import plural
from augbuild.dataset.info import DatasetInfo
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.sources.findings import Finding, FindingKind

_LACKING: Mapping[str, tuple[FindingKind, str]] = {
    AUGMENTED_FOLDER: ("class without variants", "give each class variants"),
    "validation": ("class without validation images", "add images of them"),
    "test": ("class without test images", "add images of them"),
}


def find_in_tree(info: DatasetInfo) -> list[Finding]:
    """Find what was done to images that their owner may not expect."""
    found = []
    if info.more_frames:
        have = "source has" if info.more_frames == 1 else "sources have"
        message = f"{info.more_frames:,} {have} more than one frame or page; the first was used"
        found.append(Finding(kind="more frames", message=message, count=info.more_frames))
    if info.flat:
        variants = plural(info.flat, "variant")
        message = f"{variants} came out all one colour; the recipe may be too strong for them"
        found.append(Finding(kind="flat variants", message=message, count=info.flat))
    if info.equal:
        found.append(_find_equal(info.equal, distinct=bool(info.recipe.augment.distinct)))
    in_train = info.counts.get("train", {})
    empty = [repr(label) for label in info.classes if not in_train.get(label)]
    if empty:
        message = f"no train image was left in {', '.join(empty)}: all were rejected"
        found.append(Finding(kind="class without train images", message=message, count=len(empty)))
    found += find_lacking_classes(info.counts, info.classes)
    return found


def _find_equal(equal: int, *, distinct: bool) -> Finding:
    advice = "[augment] distinct = true draws such variants again"
    if distinct:
        advice = "the recipe has too few outcomes: add a drawn transform, or make fewer variants"
    are = "variant is" if equal == 1 else "variants are"
    return Finding(
        kind="equal variants",
        message=f"{equal:,} {are} the same as another of their source, or as the source itself",
        count=equal,
        advice=advice,
    )


def find_lacking_classes(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]
) -> Iterator[Finding]:
    """Find the folders of a tree that have images, but none of some classes.

    torchvision's ImageFolder numbers the classes of the one folder that it is given.
    """
    in_train = counts.get("train", {})
    for folder, (kind, remedy) in _LACKING.items():
        of_folder = counts.get(folder, {})
        lacking = [label for label in classes if not of_folder.get(label)]
        if folder == AUGMENTED_FOLDER:
            # A class that has no train images is known for that already.
            lacking = [label for label in lacking if in_train.get(label)]
        if not lacking or not any(of_folder.values()):
            continue
        have = plural(len(lacking), "class has", "classes have")
        yield Finding(
            kind=kind,
            message=f"{have} no images in {folder}/, where torchvision's ImageFolder would number "
            "the other classes anew",
            count=len(lacking),
            examples=tuple(lacking),
            advice=f"load it as its README.md shows, or {remedy}",
        )


def find_rejected_of_balance(
    planned: Mapping[str, int], made: Mapping[str, int]
) -> Iterator[Finding]:
    """Find the classes that a balance does not bring to its target, as images were rejected.

    `planned` and `made` count the train images of each class, variants included.
    """
    short = [label for label, number in planned.items() if made.get(label, 0) < number]
    if not short:
        return
    have = plural(len(short), "class has", "classes have")
    examples = []
    for label in short:
        number = made.get(label, 0)
        examples.append(f"{label} {number:,} of {planned[label]:,}")
    yield Finding(
        kind="balance not reached",
        message=f"{have} fewer train images than the balance gives, because some were rejected",
        count=len(short),
        examples=tuple(examples),
        advice="leave out those that rejected.jsonl names ([source] exclude), and build again",
    )
