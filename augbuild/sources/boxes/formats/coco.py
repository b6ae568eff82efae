"""COCO annotations: one JSON file for many photos, also as Roboflow exports them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from augbuild.core.documents import read_document
from augbuild.core.text import plural
from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, LabelledBox, Photo, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.dataset import Split
from augbuild.sources.findings import Finding
from augbuild.sources.layouts.splits import split_of

ROBOFLOW_NAME = "_annotations.coco.json"
_OFFICIAL_PREFIX = "instances_"

_Id = int | str


class _Category(msgspec.Struct, frozen=True):
    id: _Id
    name: str


class _Image(msgspec.Struct, frozen=True):
    id: _Id
    file_name: str


class _Annotation(msgspec.Struct, frozen=True):
    image_id: _Id
    category_id: _Id
    bbox: list[float] | None = None
    iscrowd: int = 0


class _Document(msgspec.Struct, frozen=True):
    """What is read of a COCO file; it has more."""

    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def is_coco(path: Path) -> bool:
    """Check whether a JSON file has the sections of COCO's; False for what cannot be read."""
    try:
        document = read_document(path, dict[str, msgspec.Raw], SourceError)
    except SourceError:
        return False
    return {"images", "annotations"} <= document.keys()


def find_coco(folder: Path) -> dict[Path, Split | None]:
    """Find the COCO files of a folder, each with the split that it is of.

    That is Roboflow's in the folder itself or in folders named for splits, or COCO's own in a
    folder `annotations`.
    """
    own = folder / ROBOFLOW_NAME
    if own.is_file():
        return {own: None}
    found: dict[Path, Split | None] = {}
    for path in sorted(folder.glob(f"*/{ROBOFLOW_NAME}")):
        split = split_of(path.parent.name)
        if split is not None:
            found[path] = split
    if found:
        return found
    for path in sorted(folder.glob(f"annotations/{_OFFICIAL_PREFIX}*.json")):
        found[path] = split_of(path.stem.removeprefix(_OFFICIAL_PREFIX))
    if len(found) == 1:
        return dict.fromkeys(found)
    return found if all(found.values()) else {}


def read_coco(files: Mapping[Path, Split | None], root: Path, index: PhotoIndex) -> Annotations:
    """Read COCO files; raises SourceError naming the file, and the key path of what is wrong."""
    found = Annotations()
    for file, split in files.items():
        _read_file(file, split, root, index, found)
    return found


def _read_file(
    file: Path, split: Split | None, root: Path, index: PhotoIndex, found: Annotations
) -> None:
    document = read_document(file, _Document, SourceError)
    labels = {category.id: category.name for category in document.categories}
    images = {image.id for image in document.images}
    boxes: defaultdict[_Id, list[LabelledBox]] = defaultdict(list)
    crowds = 0
    without = 0
    for number, annotation in enumerate(document.annotations):
        if annotation.category_id not in labels or annotation.image_id not in images:
            missing = "category" if annotation.category_id not in labels else "image"
            wanted = getattr(annotation, f"{missing}_id")
            message = f"names {missing} {wanted!r}, which it does not have"
            raise SourceError(f"{file}: annotations[{number}] {message}")
        if annotation.iscrowd:
            crowds += 1
        elif not annotation.bbox:
            without += 1
        else:
            if len(annotation.bbox) != 4:
                wanted = f"left, top, width and height (got {annotation.bbox})"
                raise SourceError(f"{file}: annotations[{number}].bbox must be {wanted}")
            left, top, width, height = annotation.bbox
            box = Box(left, top, width, height)
            boxes[annotation.image_id].append(LabelledBox(labels[annotation.category_id], box))
    near = _folders_of(file, root)
    for image in document.images:
        path = index.find(image.file_name, file, near)
        found.photos.append(Photo(image.file_name, path, tuple(boxes[image.id]), split))
    found.classes.update(labels.values())
    found.findings += _left_out(file, crowds, without)


def _folders_of(file: Path, root: Path) -> list[str]:
    """Return where the photos of a file may be: beside it, or where COCO's own are."""
    named = file.stem.removeprefix(_OFFICIAL_PREFIX)
    folders = ["", "images", named, f"images/{named}"]
    if file.parent != root and file.parent.is_relative_to(root):
        own = file.parent.relative_to(root).as_posix()
        folders = [own, f"{own}/images", *folders]
    return folders


def _left_out(file: Path, crowds: int, without: int) -> list[Finding]:
    findings = []
    if crowds:
        are = "is" if crowds == 1 else "are"
        message = f"{plural(crowds, 'crowd')} of {file.name} {are} left out: not one object each"
        findings.append(Finding(kind="files left out", message=message, count=crowds))
    if without:
        have = "annotation has no box" if without == 1 else "annotations have no box"
        message = f"{without:,} {have} in {file.name}"
        findings.append(Finding(kind="files left out", message=message, count=without))
    return findings
