"""The boxes of photos as sources, or as rejected where they cannot be used."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.core.text import nearest, plural, shorten
from augbuild.errors import Reason, SourceError
from augbuild.sources.boxes.annotations import Photo
from augbuild.sources.boxes.box import Box, box_path
from augbuild.sources.dataset import Rejected, Source
from augbuild.sources.findings import Finding

_EXAMPLES = 3
_CLASSES_SHOWN = 10
_LONGEST_LABEL = 200  # in bytes: a class is a folder
_LONGEST_NAME = 1000


@dataclass(slots=True)
class BoxSources:
    """The boxes of all photos so far; only those of `wanted` classes, if there are any.

    `repeated` are the boxes that were annotated before with the same class.
    """

    wanted: frozenset[str] = frozenset()
    sources: list[Source] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    _checked: set[str] = field(default_factory=set)

    def add(self, photo: Photo) -> None:
        """Take the boxes of one photo; raises SourceError for a class that cannot be a folder."""
        labels: dict[str, set[str]] = {}
        boxes: dict[str, Box] = {}
        for each in photo.boxes:
            if self.wanted and each.label not in self.wanted:
                continue
            self._check_label(each.label)
            name = box_path(photo.path or photo.name, each.box)
            if each.label in labels.setdefault(name, set()):
                self.repeated.append(name)
            labels[name].add(each.label)
            boxes[name] = each.box
        if photo.path is None and boxes:
            why = f"is not there, so its {plural(len(boxes), 'box', 'boxes')} cannot be used"
            self.rejected.append(Rejected(photo.name[:_LONGEST_NAME], "unreadable", why))
            return
        for name, box in boxes.items():
            problem = _find_problem(box, labels[name])
            if problem is not None:
                self.rejected.append(Rejected(name[:_LONGEST_NAME], *problem))
                continue
            (label,) = labels[name]
            self.sources.append(Source(name, label, split=photo.split, group=photo.path))

    def add_all(self, file: Path, photos: Sequence[Photo]) -> None:
        """Take the boxes of all photos that `file` annotates; raises SourceError where none is."""
        for photo in photos:
            self.add(photo)
        if self.sources:
            return
        missing = [photo.name for photo in photos if photo.path is None]
        if missing and len(missing) == len(photos):
            raise SourceError(
                f"{file}: none of its {plural(len(photos), 'photo')} is there (first: "
                f"{missing[0]}); name their folder: images = DIR in [source] (--images DIR)"
            )
        raise SourceError(f"{file}: its annotations have no box that can be used")

    def findings(self) -> list[Finding]:
        """Find the boxes that are annotated more than once."""
        if not self.repeated:
            return []
        are = "box is" if len(self.repeated) == 1 else "boxes are"
        return [
            Finding(
                kind="other",
                message=f"{len(self.repeated):,} {are} annotated twice, and used once",
                count=len(self.repeated),
                examples=tuple(self.repeated[:_EXAMPLES]),
                advice="remove the second annotation",
            )
        ]

    def _check_label(self, label: str) -> None:
        if label in self._checked:
            return
        is_name = is_safe_path(label) and "/" not in label and not label.startswith(".")
        if not is_name or len(label.encode()) > _LONGEST_LABEL or not label.isprintable():
            raise SourceError(
                f"the annotations have a class {shorten(label)!r}, which cannot be a folder; "
                "rename it there"
            )
        self._checked.add(label)


def check_wanted(file: Path, wanted: Sequence[str], declared: Set[str]) -> frozenset[str]:
    """Return the classes of `options.classes`; raises SourceError for one that is not there."""
    for label in wanted:
        if label in declared:
            continue
        near = nearest(label, declared)
        shown = ", ".join(repr(each) for each in sorted(declared)[:_CLASSES_SHOWN])
        hint = f"did you mean {near!r}?" if near else f"it has {shown}"
        raise SourceError(f"{file} has no class {label!r}, which [source] classes names; {hint}")
    return frozenset(wanted)


def _find_problem(box: Box, labels: set[str]) -> tuple[Reason, str] | None:
    """Return why a box cannot be an image of one class, as far as can be told without its photo."""
    if not box.is_finite:
        return "box_empty", "the numbers of the box are none of a photo"
    if box.is_empty:
        return "box_empty", "the box has no width or no height"
    if len(labels) > 1:
        named = " and as ".join(repr(label) for label in sorted(labels))
        return "box_labels", f"the box is annotated as {named}"
    return None
