"""What annotations say, whatever their format: photos with boxes, each with its class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.boxes.box import Box
from augbuild.sources.dataset import Split
from augbuild.sources.findings import Finding


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box with its class."""

    label: str
    box: Box


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with its boxes.

    `path` is relative to the root of the dataset, and None where there is no such file; `name` is
    what the annotations call it.
    """

    name: str
    path: str | None
    boxes: tuple[LabelledBox, ...]
    split: Split | None = None


@dataclass(slots=True)
class Annotations:
    """All that the annotations of a dataset say; `classes` are declared, be there a box or not."""

    photos: list[Photo] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


class PhotoIndex:
    """The photos below a folder, found by the names that annotations have for them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self._known = frozenset(paths)
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in paths:
            name = path.rpartition("/")[2]
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(name.rpartition(".")[0], []).append(path)

    def find(self, name: str, file: Path, near: Sequence[str] = ()) -> str | None:
        """Return the path of a photo that `file` names, or None where there is none.

        It is looked for in the folders `near`, which are relative to the root, and then anywhere.
        Raises SourceError where several photos could be meant.
        """
        wanted = name.replace("\\", "/").removeprefix("./")
        for folder in near:
            path = f"{folder}/{wanted}" if folder else wanted
            if path in self._known:
                return path
        alike = self._by_name.get(wanted.rpartition("/")[2], [])
        below = [path for path in alike if f"/{path}".endswith(f"/{wanted}")]
        return self._only(below or alike, name, file, near)

    def find_stem(self, stem: str, file: Path, near: Sequence[str] = ()) -> str | None:
        """Return the path of a photo by its name without extension, as `find` does."""
        return self._only(self._by_stem.get(stem, []), stem, file, near)

    def _only(self, paths: Sequence[str], name: str, file: Path, near: Sequence[str]) -> str | None:
        chosen = [path for path in paths if path.rpartition("/")[0] in near] or paths
        if len(chosen) > 1:
            raise SourceError(
                f"{file}: {name} could be {chosen[0]} or {chosen[1]}; name the folder of its "
                "photos: images = DIR in [source] (--images DIR)"
            )
        return chosen[0] if chosen else None
