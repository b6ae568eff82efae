"""A built tree checked against its manifest: every byte, and every file that no row names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from augbuild.checking.files import check_chunk, check_kind, expected_files, unreadable
from augbuild.checking.rules import Damage, TreeContents, read_contents
from augbuild.core.files import hash_file
from augbuild.core.pool import available_cpus, chunked, map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.core.text import plural
from augbuild.dataset.layout import (
    CARD_NAME,
    CHART_NAME,
    INFO_NAME,
    MANIFEST_NAME,
    REJECTED_NAME,
    STATE_FOLDER,
)
from augbuild.dataset.manifest import open_manifest
from augbuild.errors import ManifestError

_DESCRIPTIONS = (CARD_NAME, CHART_NAME, INFO_NAME, MANIFEST_NAME, REJECTED_NAME)
_POOL_PAYS_FROM = 1_000_000_000  # bytes to hash: a second or two, about what a pool costs to start
_CHUNK = 64
_NOT_CHECKED = frozenset({"unfinished", "unreadable"})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The findings of a check, sorted by file.

    `rows` and `bytes` are what the manifest names; `quick`: only sizes were compared. A tree is
    `clean` where nothing was found, `damaged` where something is wrong; otherwise it could not be
    checked.
    """

    out: Path
    quick: bool
    rows: int
    bytes: int
    findings: tuple[Damage, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        """Check whether all is as it should be."""
        return not self.findings

    @property
    def damaged(self) -> bool:
        """Check whether something is wrong; there may be more in what could not be checked."""
        return any(finding.kind not in _NOT_CHECKED for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """Return 0 for a clean tree, 1 for a damaged one, 2 for one that could not be checked."""
        if self.clean:
            return 0
        return 1 if self.damaged else 2

    def summary(self) -> str:
        """Return the result as one sentence."""
        how = "every byte was read"
        if self.quick:
            how = "quick: sizes were compared, no image was read"
        what = f"{self.out}: {self.rows:,} images, {self.bytes:,} bytes"
        if self.clean:
            return f"{what}, all as they were built ({how}, {self.seconds:.1f} s)"
        findings = plural(len(self.findings), "finding")
        if self.damaged:
            return f"{what}: damaged, {findings} ({how}, {self.seconds:.1f} s)"
        return f"{self.out}: could not be checked, {findings} ({self.seconds:.1f} s)"

    def to_json(self) -> dict[str, object]:
        """Return the report as the values that JSON has."""
        return {"clean": self.clean, "damaged": self.damaged, **asdict(self), "out": str(self.out)}


def verify(
    out: str | Path, *, quick: bool = False, n_jobs: int | None = None, quiet: bool = True
) -> VerifyReport:
    """Check a built tree against its manifest, reading every byte; with `quick`, only sizes.

    Nothing is written, so a copy on a read-only disk will do, and nothing is raised for what is
    found.
    """
    start = time.time()
    root = Path(out)
    contents = TreeContents()
    try:
        with open_manifest(root / MANIFEST_NAME) as manifest:
            contents = read_contents(root, manifest)
            findings = list(contents.damages)
            # Read twice, and not kept: there may be millions of rows.
            manifest.seek(0)
            with ProgressBar("verify", contents.rows, "images", quiet=quiet) as progress:
                for checked, found in _check_images(root, manifest, contents, quick, n_jobs):
                    findings.extend(found)
                    progress.advance(checked)
            findings.extend(_check_descriptions(root, contents))
            findings.extend(_check_for_strangers(root, contents))
            if not _is_still_open(root / MANIFEST_NAME, manifest):
                raise ManifestError(
                    "a build changed this folder meanwhile; verify again when it has finished"
                )
    except ManifestError as error:
        findings = [Damage("unfinished", MANIFEST_NAME, str(error))]
    by_file = tuple(sorted(findings, key=lambda finding: finding.file))
    seconds = time.time() - start
    return VerifyReport(root, quick, contents.rows, contents.total_bytes, by_file, seconds)


def _is_still_open(path: Path, file: BinaryIO) -> bool:
    """Check whether a path still leads to an open file: a build moves its manifest away."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _check_images(
    root: Path, manifest: BinaryIO, contents: TreeContents, quick: bool, n_jobs: int | None
) -> Iterator[tuple[int, list[Damage]]]:
    """Check every file that a row names; yield, chunk by chunk, how many and what was found."""
    if quick or contents.total_bytes < _POOL_PAYS_FROM:
        n_jobs = 1
    chunks = chunked(expected_files(manifest), _CHUNK)
    return map_pooled(partial(check_chunk, root, quick), chunks, n_jobs=n_jobs or available_cpus())


def _check_descriptions(root: Path, contents: TreeContents) -> Iterator[Damage]:
    """Check the files that describe the tree."""
    present = set()
    for name in _DESCRIPTIONS:
        if damage := check_kind(root, name):
            yield damage
        else:
            present.add(name)
    info = contents.info
    if info is None or REJECTED_NAME not in present:
        return
    try:
        with (root / REJECTED_NAME).open("rb") as file:
            rows = sum(1 for _ in file)
    except OSError as error:
        yield unreadable(REJECTED_NAME, error)
        return
    if rows != info.rejected:
        message = f"has {plural(rows, 'row')}; {INFO_NAME} says {info.rejected:,}"
        yield Damage("dataset", REJECTED_NAME, message)
        return
    for name, sha256 in sorted(info.descriptions.items()):
        if name not in present:
            continue
        try:
            intact = hash_file(root / name) == sha256
        except OSError:
            intact = False
        if not intact:
            yield Damage("content", name, "does not have the bytes that were written")


def _check_for_strangers(root: Path, contents: TreeContents) -> Iterator[Damage]:
    """Look through the whole tree for what neither the manifest nor the layout accounts for."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            # Not rglob, which says nothing of a folder that it cannot read.
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield unreadable(folder or ".", error)
            continue
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if name == STATE_FOLDER or name in _DESCRIPTIONS or name in contents:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name)
            elif entry.is_symlink():
                yield Damage("link", name, "is a link, which augbuild never makes")
            else:
                message = "is in neither the manifest nor the files that describe it"
                yield Damage("extra", name, message)
