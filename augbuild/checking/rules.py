"""What a built tree should hold: manifest and dataset.json read, and held against each other."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from augbuild.dataset.info import read_info
from augbuild.dataset.layout import AUGMENTED_FOLDER, INFO_NAME, MANIFEST_NAME
from augbuild.dataset.manifest import Record, parse_row
from augbuild.errors import ManifestError
from augbuild.sources.dataset import SPLITS

_OF_THE_SOURCE = (
    "split", "label", "label_name", "source_sha256", "group", "fold", "source_width", "source_height",
)  # fmt: skip

DamageKind = Literal[
    "manifest", "dataset", "content", "size", "missing", "extra", "link", "unfinished", "unreadable"
]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something about one file of a tree (POSIX path, relative to it) that is not as it should be."""

    kind: DamageKind
    file: str
    message: str


@dataclass(slots=True)
class TreeContents:
    """What manifest and dataset.json say; `names` holds eight bytes for each file named, `total_bytes` sums them up.

    `facts` is empty where dataset.json cannot be read.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    total_bytes: int = 0
    names: set[bytes] = field(default_factory=set)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    findings: list[Damage] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count one row and remember the file that it names."""
        self.total_bytes += record.bytes
        self.names.add(name_key(record.file_name))
        self.counts.setdefault(_folder(record), Counter())[record.label_name] += 1

    def __contains__(self, name: str) -> bool:
        return name_key(name) in self.names


def name_key(name: str) -> bytes:
    """Stand for a file name in eight bytes: the name itself would cost ten times the memory."""
    return hashlib.blake2b(os.fsencode(name), digest_size=8).digest()


def read_contents(root: Path, lines: Iterable[bytes]) -> TreeContents:
    """Read the lines of a manifest, and dataset.json beside it; what is wrong with either goes to the findings."""
    inventory, digest = TreeContents(), hashlib.sha256()
    try:
        inventory.facts = read_info(root)
    except ManifestError as error:
        inventory.findings.append(Damage(_kind_of(error.__cause__), INFO_NAME, str(error)))
    before = original = None
    for inventory.rows, line in enumerate(lines, start=1):
        digest.update(line)
        try:
            record = parse_row(line, f"row {inventory.rows}")
        except ManifestError as error:
            inventory.findings.append(Damage("manifest", MANIFEST_NAME, str(error)))
            continue
        original = record if record.origin == "source" else original
        for problem in _problems(record, before, original, inventory):
            inventory.findings.append(
                Damage("manifest", MANIFEST_NAME, f"row {inventory.rows} {problem}")
            )
        inventory.add(record)
        before = record
    if inventory.facts:
        inventory.findings.extend(_differences(inventory, digest.hexdigest()))
    return inventory


def _kind_of(cause: BaseException | None) -> DamageKind:
    if isinstance(cause, FileNotFoundError):
        return "missing"
    return "unreadable" if isinstance(cause, OSError) else "dataset"


def _problems(
    record: Record, before: Record | None, original: Record | None, inventory: TreeContents
) -> Iterator[str]:
    """Hold a row against the rows before it and the classes."""
    if record.file_name in inventory:
        yield f"names {record.file_name} again"
    elif before is not None and _place(record) <= _place(before):
        yield "is not in plan order: split, class, source, the original before its variants"
    if not _is_in_its_folder(record):
        yield f"names {record.file_name}, which is not directly in {_folder(record)}/{record.label_name}/"
    classes = inventory.facts.get("classes")
    if classes is not None and classes[record.label : record.label + 1] != [record.label_name]:
        yield f"has label {record.label} for class {record.label_name!r}, unlike {INFO_NAME}"
    if original is None or original.source != record.source:
        yield f"is a variant of {record.source}, whose original has no row before it"
    else:
        for name in _OF_THE_SOURCE:
            if getattr(record, name) != getattr(original, name):
                yield f"differs in {name} from the row of its original"
    yield from _problems_of_origin(record)


def _problems_of_origin(record: Record) -> Iterator[str]:
    if (record.origin == "source") != (record.variant is None):
        yield f"has variant {record.variant} and origin {record.origin}, which do not go together"
    if record.origin == "augmented" and record.split != "train":
        yield f"is a variant in {record.split}; only train images have variants"
    size, source_size = (record.width, record.height), (record.source_width, record.source_height)
    if record.origin == "source" and (
        record.ops or record.sha256 != record.source_sha256 or size != source_size
    ):
        yield "is an original, which is its source as it was, but its ops, sha256 or size say otherwise"


def _folder(record: Record) -> str:
    return AUGMENTED_FOLDER if record.origin == "augmented" else record.split


def _is_in_its_folder(record: Record) -> bool:
    *folders, _ = record.file_name.split("/")
    return folders == [_folder(record), record.label_name]


def _place(record: Record) -> tuple[int, str, str, int]:
    variant = -1 if record.variant is None else record.variant
    return SPLITS.index(record.split), record.label_name, record.source, variant


def _differences(inventory: TreeContents, manifest_sha256: str) -> Iterator[Damage]:
    """Hold the whole manifest against dataset.json."""
    facts, rows = inventory.facts, inventory.rows
    if rows != facts["rows"]:
        yield Damage(
            "manifest", MANIFEST_NAME, f"has {rows:,} rows; {INFO_NAME} says {facts['rows']:,}"
        )
    if manifest_sha256 != facts["manifest_sha256"]:
        message = f"is not the one that {INFO_NAME} was written for: it was edited, or is of another build"
        yield Damage("manifest", MANIFEST_NAME, message)
    counted = {folder: dict(labels) for folder, labels in inventory.counts.items()}
    stated = {
        folder: {label: n for label, n in labels.items() if n}
        for folder, labels in facts["counts"].items()
    }
    if counted != {folder: labels for folder, labels in stated.items() if labels}:
        yield Damage(
            "dataset", INFO_NAME, f"counts other images per split and class than {MANIFEST_NAME}"
        )
