"""The rules that a built tree follows: manifest and dataset.json, checked against each other."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from augbuild.dataset.info import DatasetInfo, read_info
from augbuild.dataset.layout import INFO_NAME, MANIFEST_NAME
from augbuild.dataset.manifest import Record, parse_row
from augbuild.errors import ManifestError
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import SPLITS

DamageKind = Literal[
    "manifest", "dataset", "content", "size", "missing", "extra", "link", "unfinished", "unreadable"
]

# Columns that are the source's, and so the same in the rows of all that was made of it.
_SHARED_WITH_ORIGINAL = (
    "split",
    "label",
    "label_name",
    "source_sha256",
    "group",
    "fold",
    "source_width",
    "source_height",
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Something wrong with one file of a tree; `file` is a POSIX path, relative to the tree."""

    kind: DamageKind
    file: str
    message: str


@dataclass(slots=True)
class TreeContents:
    """The contents of a tree according to its manifest and dataset.json.

    `names` has eight bytes for each file that a row names, `total_bytes` is their size on disk;
    `images` counts the rows by folder and class. `info` is None where dataset.json cannot be used.
    """

    info: DatasetInfo | None = None
    rows: int = 0
    total_bytes: int = 0
    names: set[bytes] = field(default_factory=set)
    images: dict[str, Counter[str]] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count one row and remember the file that it names."""
        self.total_bytes += record.bytes
        self.names.add(name_key(record.file_name))
        self.images.setdefault(record.folder, Counter())[record.label_name] += 1

    def __contains__(self, name: str) -> bool:
        return name_key(name) in self.names


def name_key(name: str) -> bytes:
    """Return eight bytes that stand for a file name, which itself takes ten times the memory."""
    return hashlib.blake2b(os.fsencode(name), digest_size=8).digest()


def read_contents(root: Path, lines: Iterable[bytes]) -> TreeContents:
    """Read the lines of a manifest, and dataset.json beside it; what is wrong is in `damages`."""
    contents = TreeContents()
    digest = hashlib.sha256()
    try:
        contents.info = read_info(root)
    except ManifestError as error:
        # What is missing is reported with the other files that describe the tree.
        if not isinstance(error.__cause__, FileNotFoundError):
            unreadable = isinstance(error.__cause__, OSError)
            # The message begins with the path, which the damage has beside it.
            message = str(error).removeprefix(str(root / INFO_NAME)).lstrip(": ")
            damage = Damage("unreadable" if unreadable else "dataset", INFO_NAME, message)
            contents.damages.append(damage)
    before: Record | None = None
    original: Record | None = None
    for number, line in enumerate(lines, start=1):
        digest.update(line)
        contents.rows = number
        try:
            record = parse_row(line, f"row {number}")
        except ManifestError as error:
            contents.damages.append(Damage("manifest", MANIFEST_NAME, str(error)))
            continue
        if record.origin == "source":
            original = record
        for problem in _problems_of_row(record, before, original, contents):
            message = f"row {number} {problem}"
            contents.damages.append(Damage("manifest", MANIFEST_NAME, message))
        contents.add(record)
        before = record
    if contents.info:
        contents.damages.extend(_differences(contents, contents.info, digest.hexdigest()))
    return contents


def _problems_of_row(
    record: Record, before: Record | None, original: Record | None, contents: TreeContents
) -> Iterator[str]:
    """Check a row against the rows before it and the classes, and then by itself."""
    if record.file_name in contents:
        yield f"names {record.file_name} again"
    elif before is not None and _place_in_plan(record) <= _place_in_plan(before):
        yield "is not in plan order: split, class, source, the original before its variants"
    *folders, _ = record.file_name.split("/")
    if folders != [record.folder, record.label_name]:
        place = f"{record.folder}/{record.label_name}/"
        yield f"names {record.file_name}, which is not directly in {place}"
    if contents.info is not None:
        classes = contents.info.classes
        if record.label >= len(classes) or classes[record.label] != record.label_name:
            yield f"has label {record.label} for class {record.label_name!r}, unlike {INFO_NAME}"
    if original is None or original.source != record.source:
        yield f"is a variant of {record.source}, whose original has no row before it"
    else:
        for name in _SHARED_WITH_ORIGINAL:
            if getattr(record, name) != getattr(original, name):
                yield f"differs in {name} from the row of its original"
    frame = contents.info.recipe.output.frame if contents.info else None
    yield from _problems_of_origin(record, is_framed=frame is not None)
    if frame is not None and (record.width, record.height) != frame[0]:
        width, height = frame[0]
        yield f"has {record.width} x {record.height} pixels, and the recipe {width} x {height}"


def _problems_of_origin(record: Record, *, is_framed: bool) -> Iterator[str]:
    """Check what follows from a row's origin: an original is its source, a variant is in train.

    With `is_framed`, originals were brought to a size, and encoded.
    """
    if (record.origin == "source") != (record.variant is None):
        yield f"has variant {record.variant} and origin {record.origin}, which exclude each other"
    if record.origin == "augmented":
        if record.split != "train":
            yield f"is a variant in {record.split}; only train images have variants"
        return
    size = (record.width, record.height)
    source_size = (record.source_width, record.source_height)
    # A box has no bytes of its own in its source, which is a photo.
    is_file = photo_of(record.source) == record.source
    differs = is_file and record.sha256 != record.source_sha256
    if record.ops or (not is_framed and (differs or size != source_size)):
        yield "is an original, but its ops, sha256 or size are not those of its source"


def _place_in_plan(record: Record) -> tuple[int, str, str, int]:
    variant = -1 if record.variant is None else record.variant
    return SPLITS.index(record.split), record.label_name, record.source, variant


def _differences(
    contents: TreeContents, info: DatasetInfo, manifest_sha256: str
) -> Iterator[Damage]:
    """Check the whole manifest against dataset.json."""
    if contents.rows != info.rows:
        message = f"has {contents.rows:,} rows; {INFO_NAME} says {info.rows:,}"
        yield Damage("manifest", MANIFEST_NAME, message)
    if manifest_sha256 != info.manifest_sha256:
        message = f"is not the one that {INFO_NAME} was written for: edited, or of another build"
        yield Damage("manifest", MANIFEST_NAME, message)
    stated: dict[str, Counter[str]] = {}
    for folder, counts in info.counts.items():
        if any(counts.values()):
            stated[folder] = Counter(counts)
    # Counters are equal where they differ only in zeros.
    if contents.images != stated:
        message = f"counts other images per split and class than {MANIFEST_NAME}"
        yield Damage("dataset", INFO_NAME, message)
