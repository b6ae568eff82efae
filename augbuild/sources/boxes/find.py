"""Which annotations a file is, or a folder has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, PhotoIndex
from augbuild.sources.boxes.formats.coco import find_coco, is_coco, read_coco
from augbuild.sources.boxes.formats.voc import find_voc, read_voc
from augbuild.sources.boxes.formats.yolo import find_yolo, read_yolo, read_yolo_file

YAML_SUFFIXES = (".yaml", ".yml")
# Folders that only hold annotations: the photos are beside them, not in them.
_OF_ANNOTATIONS = frozenset({"annotations", "labels"})


@dataclass(frozen=True, slots=True)
class FoundAnnotations:
    """Annotations that were found, not read yet: `read` does, given the photos below `root`."""

    root: Path
    read: Callable[[PhotoIndex], Annotations]


def find_annotations(path: Path) -> FoundAnnotations | None:
    """Find the annotations that a file is or a folder has; None where there are none.

    Raises SourceError for a `data.yaml` that is not read.
    """
    if path.is_dir():
        return _find_in_folder(path)
    suffix = path.suffix.lower()
    if suffix in YAML_SUFFIXES and path.is_file():
        return _read_by_yaml(path)
    if suffix == ".json" and path.is_file() and is_coco(path):
        root = path.parent
        if root.name.lower() in _OF_ANNOTATIONS:
            root = root.parent
        return FoundAnnotations(root, partial(read_coco, {path: None}, root))
    return None


def _find_in_folder(folder: Path) -> FoundAnnotations | None:
    try:
        coco = find_coco(folder)
        if coco:
            return FoundAnnotations(folder, partial(read_coco, coco, folder))
        voc = find_voc(folder)
        if voc:
            return FoundAnnotations(folder, partial(read_voc, voc, folder))
        yolo = find_yolo(folder)
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}") from error
    return _read_by_yaml(yolo) if yolo else None


def _read_by_yaml(file: Path) -> FoundAnnotations:
    yolo = read_yolo_file(file)
    return FoundAnnotations(yolo.root, partial(read_yolo, yolo))
