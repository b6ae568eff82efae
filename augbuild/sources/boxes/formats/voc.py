"""Pascal VOC annotations: an XML file for each photo, and lists of the photos of each split."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from augbuild.core.files import read_regular_file
from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, LabelledBox, Photo, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.dataset import Split
from augbuild.sources.layouts.splits import split_of

_MAX_XML_BYTES = 1 << 24
_ENDS = ("xmin", "ymin", "xmax", "ymax")
_START_BYTES = 4096


def find_voc(folder: Path) -> dict[Path, Split | None]:
    """Find the folders that hold XML files of Pascal VOC, each with the split that it is of.

    That is `Annotations`, else folders named for splits, else the folder itself.
    """
    for own in (folder / "Annotations", folder / "annotations"):
        if _holds_voc(own):
            return {own: None}
    found: dict[Path, Split | None] = {}
    for path in sorted(folder.iterdir()):
        split = split_of(path.name)
        if split is not None and path.is_dir() and _holds_voc(path):
            found[path] = split
    if found:
        return found
    return {folder: None} if _holds_voc(folder) else {}


def _holds_voc(folder: Path) -> bool:
    """Check whether a folder holds XML files of which the first is an annotation."""
    first = min(folder.glob("*.xml"), default=None)
    if first is None or not first.is_file():
        return False
    with first.open("rb") as file:
        return b"<annotation" in file.read(_START_BYTES)


def read_voc(folders: Mapping[Path, Split | None], root: Path, index: PhotoIndex) -> Annotations:
    """Read the XML files in some folders; raises SourceError naming the file that is wrong."""
    found = Annotations()
    listed = _read_image_sets(root / "ImageSets" / "Main")
    for folder, split in folders.items():
        near = [""] if folder == root else [folder.relative_to(root).as_posix(), "JPEGImages"]
        for file in sorted(folder.glob("*.xml")):
            boxes, file_name = _read_file(file)
            # The name of the XML file first: file names within are left as they were by renaming.
            path = index.find_stem(file.stem, file, near)
            if path is None and file_name:
                path = index.find(file_name, file, near)
            of_photo = split or listed.get(file.stem)
            found.photos.append(Photo(file_name or file.stem, path, boxes, of_photo))
            found.classes.update(each.label for each in boxes)
    return found


def _read_image_sets(folder: Path) -> dict[str, Split]:
    """Return the split of each photo that is listed in one; `trainval` is for training."""
    splits: dict[str, Split] = {}
    for file in sorted(folder.glob("*.txt")):
        split: Split | None = "train" if file.stem == "trainval" else split_of(file.stem)
        if split is None:  # cat_train.txt: which photos of train have a cat
            continue
        try:
            lines = read_regular_file(file, _MAX_XML_BYTES).decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{file} cannot be read as a list of photos") from error
        for line in lines:
            words = line.split()
            if not words:
                continue
            # What is in train or val is in trainval, too.
            if file.stem == "trainval":
                splits.setdefault(words[0], split)
            else:
                splits[words[0]] = split
    return splits


def _read_file(file: Path) -> tuple[tuple[LabelledBox, ...], str]:
    """Read the boxes of one XML file, and the name that it has for its photo."""
    try:
        content = read_regular_file(file, _MAX_XML_BYTES)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from error
    # Entities can be made to fill the memory; annotations have none.
    if b"\0" in content:  # UTF-16 would hide them
        raise SourceError(f"{file} is not UTF-8 text")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise SourceError(
            f"{file} defines XML entities, which annotations do not need; remove them"
        )
    try:
        tree = ElementTree.fromstring(content)  # entities are refused above
    except ElementTree.ParseError as error:
        raise SourceError(f"{file} is not XML: {error}") from error
    boxes = []
    for number, element in enumerate(tree.iterfind("object"), start=1):
        label = (element.findtext("name") or "").strip()
        if not label:
            raise SourceError(f"{file}: object {number} has no name")
        boxes.append(LabelledBox(label, _read_box(file, number, element)))
    return tuple(boxes), (tree.findtext("filename") or "").strip()


def _read_box(file: Path, number: int, element: ElementTree.Element) -> Box:
    ends = []
    for name in _ENDS:
        text = element.findtext(f"bndbox/{name}") or ""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise SourceError(f"{file}: object {number}: {name} must be a number (got {text!r})")
        ends.append(value)
    left, top, right, bottom = ends
    return Box(left, top, right - left, bottom - top)
