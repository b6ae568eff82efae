"""Open a source dataset of any kind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from augbuild.core.text import list_words
from augbuild.errors import SourceError
from augbuild.sources.archives.open import ARCHIVE_EXTENSIONS, UNREAD_ARCHIVES, open_archive
from augbuild.sources.boxes.find import find_annotations
from augbuild.sources.boxes.open import open_boxes
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceDataset, SourceOptions
from augbuild.sources.decoding import DEFAULT_DECODING, decoding_of
from augbuild.sources.demo import open_sample
from augbuild.sources.findings import Finding
from augbuild.sources.folder import open_folder
from augbuild.sources.hubs.hugging_face import download_hugging_face
from augbuild.sources.hubs.kaggle import download_kaggle
from augbuild.sources.tables.inside import find_tables
from augbuild.sources.tables.open import open_table
from augbuild.sources.tables.rows import TABLE_SUFFIXES

NAMED_SOURCES = ("sample:", "kaggle:", "hf:")
"""How the names of sources begin that are no paths."""

_HUBS = {"kaggle": download_kaggle, "hf": download_hugging_face}


def open_source(
    spec: str,
    folder: Path,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    ignore_existing: bool = False,
) -> SourceDataset:
    """Open what a recipe or a command line names.

    That is a folder, a table, annotations or an archive, relative to `folder`, `sample:NAME`,
    `kaggle:OWNER/NAME` or `hf:OWNER/NAME`, which are downloaded once. With `ignore_existing`,
    splits that it comes with are not kept. Raises SourceError for what cannot be opened.
    """
    dataset = _open_any(spec, folder, options, ignore_existing=ignore_existing)
    findings = dataset.findings
    if not isinstance(dataset.originals, BoxOriginals):
        findings = (*findings, *_find_unused_keys(options))
    return replace(dataset, decoding=decoding_of(options), findings=findings)


def _find_unused_keys(options: SourceOptions) -> list[Finding]:
    """Find the keys that are for boxes only, where there are none."""
    unused = []
    if options.margin != DEFAULT_DECODING.margin:
        unused.append("margin")
    if options.min_size != DEFAULT_DECODING.min_size:
        unused.append("min_size")
    if not unused:
        return []
    keys = " and ".join(unused)
    do = "does" if len(unused) == 1 else "do"
    message = f"{keys} {do} nothing: only annotations have boxes"
    return [Finding(kind="other", message=message, advice=f"remove {keys} from [source]")]


def _open_any(
    spec: str, folder: Path, options: SourceOptions, *, ignore_existing: bool
) -> SourceDataset:
    kind, _, name = spec.partition(":")
    if kind == "sample":
        return open_sample(name)
    if kind in _HUBS:
        return _open_download(spec, folder, options, ignore_existing=ignore_existing)
    try:
        # Not resolve(): the names of links on the way are the user's own, and messages name them.
        root = Path(os.path.normpath(folder / Path(spec).expanduser()))
    except RuntimeError as error:  # "~nobody/photos"
        raise SourceError(f"{spec} does not exist: its home folder is not known") from error
    if options.layout == "auto" and not (root.is_dir() and find_tables(root)):
        annotations = find_annotations(root)
        if annotations is not None:
            return open_boxes(root, annotations, folder, options, ignore_existing=ignore_existing)
    # Also what is no regular file: a FIFO of that name is refused, not waited for.
    is_table = root.exists() and not root.is_dir() and spec.lower().endswith(TABLE_SUFFIXES)
    if is_table or (root.is_dir() and options.layout == "auto" and find_tables(root)):
        return open_table(root, folder, options, ignore_existing=ignore_existing)
    if root.is_file() and spec.lower().endswith(ARCHIVE_EXTENSIONS):
        return open_archive(root, options, ignore_existing=ignore_existing)
    if root.is_file() and spec.lower().endswith(UNREAD_ARCHIVES):
        known = list_words(ARCHIVE_EXTENSIONS[:3])
        raise SourceError(
            f"{root} is of a kind that is not read (as {known} are); unpack it and give the folder"
        )
    return open_folder(root, options, ignore_existing=ignore_existing)


def _open_download(
    spec: str, folder: Path, options: SourceOptions, *, ignore_existing: bool
) -> SourceDataset:
    """Open a hub's dataset as the folder that it was downloaded to.

    `labels` are the user's own file, relative to `folder`; `images` are within the download.
    """
    kind, _, name = spec.partition(":")
    download = _HUBS[kind](name)
    if options.labels is not None:
        labels = Path(os.path.normpath(folder.absolute() / options.labels))
        options = msgspec.structs.replace(options, labels=str(labels))
    dataset = open_source(
        str(download.root), download.folder, options, ignore_existing=ignore_existing
    )
    return replace(
        dataset,
        # Wherever it lies, so that nothing of this machine is known by it.
        identity=spec,
        attribution=download.attribution,
        findings=(*dataset.findings, *download.findings),
    )
