"""Layouts: which folders of a source are splits, and which are classes.

This looks at paths alone, relative to the root of the dataset, and at no file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from augbuild.sources.dataset import Source, Split

LayoutKind = Literal["classes", "splits", "class-splits", "leaf"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the splits and classes of a dataset are, and so what each image is.

    `splits` goes from split folders to splits: by path for "splits" and "leaf", by name for
    "class-splits", whose class folders lie below the folder `top`. Without `keeps_splits`, split
    folders only group class folders.
    """

    kind: LayoutKind
    splits: Mapping[str, Split] = field(default_factory=dict)
    top: str = ""
    keeps_splits: bool = True

    def class_folder(self, path: str) -> str | None:
        """Return the class folder that a path lies in; None for what lies above all of them."""
        match self.kind:
            case "classes":
                return _first_folder(path)
            case "splits":
                return self._below_split(path)
            case "class-splits":
                return self._above_split(path)
            case "leaf":
                return self._innermost(path)

    def source(self, path: str) -> Source | None:
        """Return the source that an image is; None for an image that is not in a class folder."""
        class_folder = self.class_folder(path)
        if class_folder is None:
            return None
        # One string for each split folder and label, however many images there are: of ten million
        # sources every byte counts.
        label = sys.intern(class_folder.rpartition("/")[2])
        if not self.keeps_splits or not self.splits:
            return Source(path, label)
        if self.kind == "class-splits":
            # The split folder is in the middle of the path, so it stays a part of the key.
            name = path[len(class_folder) + 1 :].partition("/")[0]
            return Source(path, label, split=self.splits[name])
        folder = self._split_folder(path)
        if folder is None:
            return None
        return Source(path[len(folder) + 1 :], label, sys.intern(folder), self.splits[folder])

    def _split_folder(self, path: str) -> str | None:
        end = path.find("/")
        while end >= 0:
            if path[:end] in self.splits:
                return path[:end]
            end = path.find("/", end + 1)
        return None

    def _below_split(self, path: str) -> str | None:
        folder = self._split_folder(path)
        if folder is None:
            return None
        label = _first_folder(path[len(folder) + 1 :])
        return label and f"{folder}/{label}"

    def _innermost(self, path: str) -> str | None:
        folder = path.rpartition("/")[0]
        if folder in self.splits or (self.splits and self._split_folder(path) is None):
            return None
        return folder or None

    def _above_split(self, path: str) -> str | None:
        if self.top and not path.startswith(f"{self.top}/"):
            return None
        start = len(self.top) + 1 if self.top else 0
        label, _, rest = path[start:].partition("/")
        if _first_folder(rest) not in self.splits:
            return None
        return path[: start + len(label)]


def _first_folder(path: str) -> str | None:
    folder, slash, _ = path.partition("/")
    return folder if slash else None
