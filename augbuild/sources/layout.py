"""Recognise how a folder of images is laid out: which folder is a split, and which a class.

This looks at paths alone, relative to the root of the dataset, and at no file.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.dataset import Source, Split

# Looked up in lower case: datasets come with Train/ and TEST/, too.
_SPLIT_FOLDERS: Mapping[str, Split] = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "validation": "validation",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the class folders of a dataset are: `class_depth` folders below its root.

    With `keeps_splits`, the folder above the class folders names the split.
    """

    class_depth: int
    keeps_splits: bool

    def class_folder(self, path: str) -> str | None:
        """Return the class folder that a path lies in; None for what lies above all of them."""
        parts = path.split("/", self.class_depth + 1)
        if len(parts) < self.class_depth + 2:
            return None
        return "/".join(parts[:-1])

    def source(self, path: str) -> Source | None:
        """Return the source that an image is; None for an image that is not in a class folder."""
        parts = path.split("/", self.class_depth + 1)
        if len(parts) < self.class_depth + 2:
            return None
        # One string for each split folder and label, however many images there are: of ten million
        # sources every byte counts.
        label = sys.intern(parts[self.class_depth])
        if not self.keeps_splits:
            return Source(path, label)
        folder = sys.intern(parts[0])
        key = path[len(folder) + 1 :]
        return Source(key, label, folder, _SPLIT_FOLDERS[folder.casefold()])


def recognise_layout(root: Path, images: Iterable[str], *, ignore_existing: bool) -> Layout:
    """Find out where splits and classes are; `images` are paths relative to `root`.

    With `ignore_existing`, split folders only group class folders. Raises SourceError where it
    cannot be known what is meant.
    """
    if _has_split_folders(root, images, ignore_existing=ignore_existing):
        return Layout(class_depth=1, keeps_splits=not ignore_existing)
    return Layout(class_depth=0, keeps_splits=False)


def _has_split_folders(root: Path, images: Iterable[str], *, ignore_existing: bool) -> bool:
    """Check whether folders with the names of splits are splits, not classes.

    They are where all folders with images have such names, train among them, and hold class
    folders. Beside other folders with images, such a folder is a class if it has images directly
    in it; if it has none, nobody but the user can know.
    """
    depths = _depths_below(images)
    named = sorted(name for name in depths if name.casefold() in _SPLIT_FOLDERS)
    if not named:
        return False
    others = sorted(depths.keys() - set(named))
    if others:
        nested = [name for name in named if 1 not in depths[name]]
        if not nested:
            return False
        raise SourceError(
            f"{root} has {nested[0]}/ with folders of images beside {others[0]}/: "
            f"if it is a split, move {others[0]}/ away; "
            "if it is a class, put its images directly into it"
        )
    flat = [name for name in named if depths[name] == {1}]
    if flat:
        advice = "put them into a folder for each class there"
        raise SourceError(f"{root}: images lie directly in {flat[0]}/; {advice}")
    if not ignore_existing and "train" not in {name.casefold() for name in named}:
        folders = ", ".join(f"{name}/" for name in named)
        raise SourceError(f"{root} has {folders} but no train/; a source with splits needs one")
    return True


def _depths_below(images: Iterable[str]) -> dict[str, set[int]]:
    """Return for each top folder how deep images lie in it: 1 for those directly in it."""
    depths: defaultdict[str, set[int]] = defaultdict(set)
    for path in images:
        top, *rest = path.split("/")
        if rest:
            depths[top].add(len(rest))
    return dict(depths)
