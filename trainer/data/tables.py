"""Tables of images: a manifest of augbuild, anyone's table, or any source that augbuild reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from augbuild.core.files import hash_bytes, hash_file
from augbuild.core.text import plural
from augbuild.dataset.layout import MANIFEST_NAME, STATE_FOLDER
from augbuild.errors import SourceError, TableError
from augbuild.sources.archives.open import ARCHIVE_EXTENSIONS, UNREAD_ARCHIVES
from augbuild.sources.boxes.find import YAML_SUFFIXES
from augbuild.sources.boxes.formats.coco import is_coco
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceOptions
from augbuild.sources.decoding import decoding_of
from augbuild.sources.findings import Finding
from augbuild.sources.folder import IMAGE_EXTENSIONS
from augbuild.sources.open import NAMED_SOURCES, open_source
from augbuild.sources.tables.inside import find_tables, read_listings_of
from augbuild.sources.tables.listing import Listing
from augbuild.sources.tables.rows import TABLE_SUFFIXES
from trainer.data.boxes import make_box_table
from trainer.data.manifests import is_manifest, read_manifest_table
from trainer.data.samples import Sample, Table, find_problem
from trainer.data.unpacked import find_files


def read_table(
    path: Path, options: SourceOptions = DEFAULT_OPTIONS, *, skip_unreadable: bool = False
) -> Table:
    """Read an augbuild manifest, a table of any usual shape, a folder, an archive or a hub's set.

    A folder has a manifest, tables (metadata.* as Hugging Face lays them out, Roboflow's), or a
    folder of images for each class; so does an archive. Paths in `options` are relative to the
    working directory. With `skip_unreadable`, files that cannot be read are left out. Raises
    TableError.
    """
    table = _read_any(path, options)
    return without_unreadable(table) if skip_unreadable else table


def _read_any(path: Path, options: SourceOptions) -> Table:
    # Before anything looks for a file: a named source has none, and a missing archive is named.
    is_archive = path.name.lower().endswith((*ARCHIVE_EXTENSIONS, *UNREAD_ARCHIVES))
    if is_archive or str(path).startswith(NAMED_SOURCES):
        return _read_source(path, options)
    if path.is_dir():
        return _read_folder(path, options)
    if path.suffix.lower() not in (*TABLE_SUFFIXES, *YAML_SUFFIXES):
        kinds = [*TABLE_SUFFIXES, *YAML_SUFFIXES, *ARCHIVE_EXTENSIONS]
        raise TableError(f"{path} is not a manifest: expected {', '.join(kinds)} or a folder")
    if not path.exists():
        hint = ""
        if path.name == MANIFEST_NAME and _is_unfinished(path.parent):
            hint = "; the build is unfinished: run the same `augbuild make` again"
        raise TableError(f"{path} does not exist{hint}")
    if is_manifest(path):
        return read_manifest_table(path, hash_file(path))
    if path.suffix.lower() in YAML_SUFFIXES or (path.suffix.lower() == ".json" and is_coco(path)):
        return _read_source(path, options)
    return _read_listings(path, options)


def _read_folder(path: Path, options: SourceOptions) -> Table:
    """Read a folder: a build, one with tables in it, or one with a folder for each class."""
    manifest = path / MANIFEST_NAME
    if manifest.is_file():
        return _read_any(manifest, options)
    if _is_unfinished(path):
        raise TableError(f"{path} holds an unfinished build; run the same `augbuild make` again")
    if options.layout == "auto" and find_tables(path):
        return _read_listings(path, options)
    return _read_source(path, options)


def _read_listings(path: Path, options: SourceOptions) -> Table:
    try:
        return _make_table(path, read_listings_of(path, Path.cwd(), options), options)
    except SourceError as error:
        raise TableError(str(error)) from error


def _read_source(path: Path, options: SourceOptions) -> Table:
    """Read whatever augbuild builds from: a folder of class folders, an archive, a hub's dataset.

    What it rejects by name is left out, with a finding.
    """
    try:
        dataset = open_source(str(path), Path(), options)
    except SourceError as error:
        raise TableError(str(error)) from error
    if isinstance(dataset.originals, BoxOriginals):
        return make_box_table(path, dataset)
    local = find_files(dataset)
    samples = []
    for row, source in enumerate(dataset.sources, start=1):
        sample = Sample(
            path=local.files.get(source.path, dataset.root / source.path),
            name=source.path,
            label=source.label,
            split=source.split,
            row=row,
            decoding=dataset.decoding,
            group=source.group,
            problem=local.problems.get(source.path, ""),
        )
        samples.append(sample)
    listing = "\n".join(sample.name for sample in samples)
    sha256 = hash_bytes(listing.encode(errors="surrogateescape"))
    findings = list(dataset.findings)
    if dataset.rejected:
        first = dataset.rejected[0]
        finding = Finding(
            kind="files left out",
            message=f"{plural(len(dataset.rejected), 'image')} rejected",
            count=len(dataset.rejected),
            examples=tuple(each.source for each in dataset.rejected[:3]),
            advice=f"the first: {first.message}",
        )
        findings.append(finding)
    return Table(path, tuple(samples), dataset.classes, sha256, tuple(findings))


def _is_unfinished(folder: Path) -> bool:
    """Check whether a build that has no manifest yet left its state in a folder."""
    state = folder / STATE_FOLDER
    return state.is_dir()


def _make_table(path: Path, listings: Sequence[Listing], options: SourceOptions) -> Table:
    """Build the table of anyone's rows; rows of several files are counted on."""
    samples: list[Sample] = []
    decoding = decoding_of(options)
    for listing in listings:
        for name, source in zip(listing.names, listing.sources, strict=True):
            sample = Sample(
                path=listing.root / source.path,
                name=name,
                label=source.label,
                split=source.split,
                row=len(samples) + 1,  # of several tables, counted on
                group=source.group,
                decoding=decoding,
            )
            samples.append(sample)
    labels = {sample.label for sample in samples}
    # As torchvision sorts them, but numbers by their value.
    key = int if all(label.isdecimal() for label in labels) else None
    hashes = [listing.sha256 for listing in listings]
    sha256 = hashes[0] if len(hashes) == 1 else hash_bytes("\n".join(hashes).encode())
    findings = [finding for listing in listings for finding in listing.findings]
    hints = [listing.hint for listing in listings if listing.hint]
    return Table(
        file=path,
        samples=tuple(samples),
        classes=tuple(sorted(labels, key=key)),
        sha256=sha256,
        findings=tuple(findings),
        hint=hints[0] if hints else "",
    )


def without_unreadable(table: Table) -> Table:
    """Leave out the images whose files cannot be used; a finding counts them.

    Raises TableError where none is left.
    """
    kept = []
    left_out = []
    for sample in table.samples:
        if find_problem(sample):
            left_out.append(sample.name)
        else:
            kept.append(sample)
    if not left_out:
        return table
    if not kept:
        raise TableError(f"{table.file}: none of its files can be read; {table.hint}".rstrip("; "))
    finding = Finding(
        kind="files left out",
        message=f"{plural(len(left_out), 'file')} that cannot be read, left out",
        count=len(left_out),
        examples=tuple(left_out[:3]),
    )
    return replace(table, samples=tuple(kept), findings=(*table.findings, finding))


def images_below(paths: Iterable[Path]) -> list[Path]:
    """Return the given files, and of folders all images below them.

    Raises TableError for a path that is neither, and where there is no image at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            for each in sorted(path.rglob("*")):
                suffix = each.suffix.lower()
                if suffix in IMAGE_EXTENSIONS and each.is_file():
                    found.append(each)
        elif path.is_file():
            found.append(path)
        else:
            raise TableError(f"{path} does not exist")
    if not found:
        raise TableError("no images were found there")
    return found
