"""A built tree held against its manifest: every byte, and every file that no row accounts for."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from augbuild.checking.rules import Damage, TreeContents, read_contents
from augbuild.core.pool import available_cpus, chunked, map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.dataset.layout import INFO_NAME, MANIFEST_NAME, STATE_FOLDER
from augbuild.dataset.manifest import Record, open_manifest, parse_row
from augbuild.errors import ManifestError

_REJECTED_NAME = "rejected.jsonl"
_DESCRIPTIONS = ("README.md", "counts.png", INFO_NAME, MANIFEST_NAME, _REJECTED_NAME)
_POOL_PAYS_FROM = 1_000_000_000  # bytes to hash: a second or two, about what a pool costs to start
_CHUNK = 64
_NOT_CHECKED = frozenset({"unfinished", "unreadable"})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found, by file; `rows` and `bytes` are what the manifest names, `quick` says that sizes were compared.

    A tree is `clean` where nothing was found, `damaged` where something is wrong; else it could not be checked.
    """

    out: Path
    quick: bool
    rows: int
    bytes: int
    findings: tuple[Damage, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        """Tell whether all is as it should be."""
        return not self.findings

    @property
    def damaged(self) -> bool:
        """Tell whether something is wrong; there may be more in what could not be checked."""
        return any(finding.kind not in _NOT_CHECKED for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """Give 0 for a clean tree, 1 for a damaged one, 2 for one that could not be checked."""
        return 0 if self.clean else 1 if self.damaged else 2

    def summary(self) -> str:
        """Say in one sentence what came of it."""
        how = (
            "quick: sizes were compared, no image was read" if self.quick else "every byte was read"
        )
        what = f"{self.out}: {self.rows:,} images, {self.bytes:,} bytes"
        if self.clean:
            return f"{what}, all as they were built ({how}, {self.seconds:.1f} s)"
        count = f"{len(self.findings):,} finding{'' if len(self.findings) == 1 else 's'}"
        if self.damaged:
            return f"{what}: damaged, {count} ({how}, {self.seconds:.1f} s)"
        return f"{self.out}: could not be checked, {count} ({self.seconds:.1f} s)"

    def to_json(self) -> dict[str, Any]:
        """Give the report as JSON would hold it."""
        return {"clean": self.clean, "damaged": self.damaged, **asdict(self), "out": str(self.out)}


def verify(
    out: str | Path, *, quick: bool = False, n_jobs: int | None = None, quiet: bool = True
) -> VerifyReport:
    """Hold a built tree against its manifest, reading every byte; with `quick` only sizes are compared.

    Nothing is written, so a copy on a read-only disk is as good, and nothing is raised for what is found.
    """
    start, root, inventory = time.time(), Path(out), TreeContents()
    try:
        with open_manifest(root / MANIFEST_NAME) as manifest:
            inventory = read_contents(root, manifest)
            manifest.seek(0)
            with ProgressBar("verify", inventory.rows, "images", quiet=quiet) as progress:
                findings = list(inventory.findings)
                for checked, found in _check_images(root, manifest, inventory, quick, n_jobs):
                    findings.extend(found)
                    progress.advance(checked)
            findings.extend(_check_tree(root, inventory))
            if not _is_still(root / MANIFEST_NAME, manifest):
                raise ManifestError(
                    "a build changed this folder meanwhile; verify again when it has finished"
                )
    except ManifestError as error:
        findings = [Damage("unfinished", MANIFEST_NAME, str(error))]
    found_by_file = tuple(sorted(findings, key=lambda finding: finding.file))
    return VerifyReport(
        root, quick, inventory.rows, inventory.total_bytes, found_by_file, time.time() - start
    )


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        now, then = path.stat(), os.fstat(file.fileno())
    except OSError:
        return False
    return (now.st_dev, now.st_ino, now.st_size) == (then.st_dev, then.st_ino, then.st_size)


def _check_images(
    root: Path, manifest: BinaryIO, inventory: TreeContents, quick: bool, n_jobs: int | None
) -> Iterator[tuple[int, list[Damage]]]:
    """Check every file that a row names; give, chunk by chunk, how many and what was found."""
    n_jobs = 1 if quick or inventory.total_bytes < _POOL_PAYS_FROM else n_jobs or available_cpus()
    return map_pooled(
        partial(_check_chunk, root, quick), chunked(_expected(manifest), _CHUNK), n_jobs=n_jobs
    )


@dataclass(frozen=True, slots=True)
class _Expected:
    name: str
    bytes: int
    sha256: str


def _expected(manifest: BinaryIO) -> Iterator[_Expected]:
    for line in manifest:
        try:
            record: Record = parse_row(line, "")
        except ManifestError:
            continue  # found before
        yield _Expected(record.file_name, record.bytes, record.sha256)


def _check_chunk(root: Path, quick: bool, files: Sequence[_Expected]) -> tuple[int, list[Damage]]:
    return len(files), [finding for file in files if (finding := _check_file(root, quick, file))]


def _check_file(root: Path, quick: bool, file: _Expected) -> Damage | None:
    try:
        if finding := _check_kind(root, file.name):
            return finding
        path = root / file.name
        size = path.lstat().st_size
        if size != file.bytes:
            return Damage("size", file.name, f"has {size:,} bytes; {file.bytes:,} were written")
        if not quick:
            with path.open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                    return Damage("content", file.name, "does not hold the bytes that were written")
    except OSError as error:
        return _unreadable(file.name, error)
    return None


def _check_kind(root: Path, name: str) -> Damage | None:
    """Tell what is wrong with a place where a file of ours should be; nothing is opened, for it may be a pipe."""
    try:
        mode = (root / name).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Damage("missing", name, "is missing")
    if stat.S_ISLNK(mode):
        return Damage("link", name, "is a link; augbuild wrote a file")
    if not stat.S_ISREG(mode):
        return Damage("missing", name, "is missing: something that is no file has its name")
    return None


def _unreadable(name: str, error: OSError) -> Damage:
    return Damage("unreadable", name, f"cannot be read: {error.strerror or type(error).__name__}")


def _check_tree(root: Path, inventory: TreeContents) -> Iterator[Damage]:
    """Check the files that describe the tree, and look for what nothing accounts for."""
    for name in _DESCRIPTIONS:
        if (finding := _check_kind(root, name)) and finding not in inventory.findings:
            yield finding
    yield from _check_descriptions(root, inventory)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder or ".", error)
            continue
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if name == STATE_FOLDER or name in _DESCRIPTIONS or name in inventory:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name)
            elif entry.is_symlink():
                yield Damage("link", name, "is a link, which augbuild never makes")
            else:
                yield Damage(
                    "extra", name, "is in neither the manifest nor the files that describe it"
                )


def _check_descriptions(root: Path, inventory: TreeContents) -> Iterator[Damage]:
    if not inventory.facts or _check_kind(root, _REJECTED_NAME):
        return
    try:
        with (root / _REJECTED_NAME).open("rb") as file:
            rows = sum(1 for _ in file)
    except OSError as error:
        yield _unreadable(_REJECTED_NAME, error)
        return
    if rows != inventory.facts["rejected"]:
        stated = f"{inventory.facts['rejected']:,}"
        yield Damage("dataset", _REJECTED_NAME, f"has {rows:,} rows; {INFO_NAME} says {stated}")
        return
    for name, sha256 in sorted(inventory.facts["descriptions"].items()):
        if _check_kind(root, name) is None and not _holds(root / name, sha256):
            yield Damage("content", name, "does not hold the bytes that were written")


def _holds(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
