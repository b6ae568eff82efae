"""YOLO annotations: a text file for each photo, and a `data.yaml` that names classes and splits."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import read_regular_file
from augbuild.core.text import shorten
from augbuild.errors import SourceError
from augbuild.sources.boxes.annotations import Annotations, LabelledBox, Photo, PhotoIndex
from augbuild.sources.boxes.box import Box
from augbuild.sources.boxes.formats.yaml import read_yaml
from augbuild.sources.dataset import Split

_SPLIT_KEYS: Mapping[str, Split] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}
_KEYS = ("path", "names", *_SPLIT_KEYS)
_USUAL_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_MAX_TEXT_BYTES = 1 << 26
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class YoloFile:
    """A `data.yaml`: classes by their numbers, and the photos of each split as it names them.

    `root` is the folder that the names are relative to.
    """

    file: Path
    root: Path
    names: Mapping[str, str]
    splits: Mapping[Split, Sequence[str]]


def find_yolo(folder: Path) -> Path | None:
    """Find the `data.yaml` of a folder, by whatever name; None where there is none, or several."""
    for name in _USUAL_NAMES:
        path = folder / name
        if path.is_file() and _is_yolo(path):
            return path
    others = [path for path in sorted(folder.glob("*.y*ml")) if path.is_file() and _is_yolo(path)]
    return others[0] if len(others) == 1 else None


def _is_yolo(path: Path) -> bool:
    try:
        keys = read_yaml(path, _KEYS).keys()
    except SourceError:
        # It may be one, written in a way that is not read: whoever opens it says so.
        return path.name in _USUAL_NAMES
    return "names" in keys and not keys.isdisjoint(_SPLIT_KEYS)


def read_yolo_file(file: Path) -> YoloFile:
    """Read a `data.yaml`; raises SourceError."""
    values = read_yaml(file, _KEYS)
    names = values.get("names")
    if isinstance(names, list):
        names = {str(index): name for index, name in enumerate(names)}
    if not isinstance(names, dict):
        raise SourceError(f"{file} has no list of classes; write one: names: [cat, dog]")
    splits: dict[Split, list[str]] = {}
    for key, split in _SPLIT_KEYS.items():
        value = values.get(key)
        if not value:  # `test:` with nothing behind it
            continue
        if isinstance(value, dict):
            raise SourceError(f"{file}: {key} must be a folder, or a list of folders")
        listed = [value] if isinstance(value, str) else value
        splits.setdefault(split, []).extend(listed)
    if not splits:
        raise SourceError(f"{file} names no photos: train, val and test are missing")
    root = file.parent
    path = values.get("path")
    if isinstance(path, str) and (root / path).is_dir():
        # Elsewhere it is relative to a folder of Ultralytics' own settings: beside the file, then.
        root = Path(os.path.normpath(root / path))
    return YoloFile(file, root, names, splits)


def read_yolo(yolo: YoloFile, index: PhotoIndex) -> Annotations:
    """Read the text files of all photos; raises SourceError naming the line that is wrong."""
    found = Annotations(classes=set(yolo.names.values()))
    for split, listed in yolo.splits.items():
        for name in listed:
            for path in _photos_of(yolo, split, name, index):
                boxes = tuple(_read_boxes(yolo, path))
                known = path if index.find(path, yolo.file, [""]) == path else None
                found.photos.append(Photo(path, known, boxes, split))
    return found


def _photos_of(yolo: YoloFile, split: Split, name: str, index: PhotoIndex) -> list[str]:
    """Return the photos of a folder, or of a list of photos, relative to the root."""
    path = posixpath.normpath(name.replace("\\", "/"))
    if Path(name).is_absolute():
        path = os.path.relpath(name, yolo.root)
    # Roboflow writes ../train/images beside the folder train; Ultralytics reads it so, too.
    path = path.removeprefix("../")
    full = yolo.root / path
    if full.is_dir() and not path.startswith(".."):
        below = "" if path == "." else f"{path}/"
        return [photo for photo in index.paths if photo.startswith(below)]
    if full.is_file() and full.suffix == ".txt":
        return _read_list(yolo.root, full)
    raise SourceError(
        f"{yolo.file}: {name} ({split}) is neither a folder nor a .txt list below {yolo.root}; "
        "correct the line, or remove it"
    )


def _read_list(root: Path, file: Path) -> list[str]:
    try:
        lines = read_regular_file(file, _MAX_TEXT_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as a list of photos") from error
    photos = []
    for line in lines:
        name = line.strip()
        if not name:
            continue
        if Path(name).is_absolute():
            name = os.path.relpath(name, root)
        photos.append(posixpath.normpath(name))
    return photos


def _label_path(photo: str) -> str:
    """Return where the text file of a photo is: in `labels` instead of the last `images`."""
    stem = photo.rpartition(".")[0]
    before, images, after = f"/{stem}".rpartition("/images/")
    path = f"{before}/labels/{after}" if images else f"/{stem}"
    return f"{path[1:]}.txt"


def _read_boxes(yolo: YoloFile, photo: str) -> Iterator[LabelledBox]:
    """Read the boxes of one photo; a photo without a text file has none."""
    file = yolo.root / _label_path(photo)
    try:
        text = read_regular_file(file, _MAX_TEXT_BYTES).decode()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as text") from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        where = f"{file}: line {number}"
        label = yolo.names.get(words[0])
        if label is None:
            raise SourceError(
                f"{where} has class {shorten(words[0])!r}, which {yolo.file} does not name"
            )
        yield LabelledBox(label, _read_box(where, words[1:]))


def _read_box(where: str, words: Sequence[str]) -> Box:
    """Read a box, or what a polygon spans; all numbers are fractions of width and height."""
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise SourceError(f"{where} must have numbers after its class") from error
    if len(numbers) == 4:
        across, down, width, height = numbers
        left = across - width / 2
        top = down - height / 2
    elif len(numbers) >= 6 and len(numbers) % 2 == 0:
        left = min(numbers[::2])
        top = min(numbers[1::2])
        width = max(numbers[::2]) - left
        height = max(numbers[1::2]) - top
    else:
        raise SourceError(
            f"{where} must have a class and 4 numbers, or a polygon (got {len(numbers)} numbers)"
        )
    return Box(
        left=round(100 * left, _DIGITS),
        top=round(100 * top, _DIGITS),
        width=round(100 * width, _DIGITS),
        height=round(100 * height, _DIGITS),
        percent=True,
    )
