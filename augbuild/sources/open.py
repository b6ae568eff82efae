"""Source datasets of every kind, behind one function."""

from __future__ import annotations

import os
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.demo import open_sample
from augbuild.sources.folder import open_folder

_TO_COME = {
    "kaggle": "download it first (kaggle datasets download)",
    "hf": "download it first (huggingface-cli download)",
}
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")


def open_source(
    spec: str, folder: Path, *, ignore_existing: bool = False, follow_links: bool = False
) -> SourceDataset:
    """Open what a recipe or a command line names: a folder (relative to `folder`) or `sample:NAME`.

    Raises SourceError.
    """
    kind, _, name = spec.partition(":")
    if kind == "sample":
        return open_sample(name)
    if kind in _TO_COME:
        raise SourceError(f"{spec} cannot be opened yet; {_TO_COME[kind]} and give the folder")
    try:
        root = Path(os.path.normpath(folder / Path(spec).expanduser()))
    except RuntimeError as error:  # "~nobody/photos"
        raise SourceError(f"{spec} does not exist: its home folder is not known") from error
    if root.is_file() and spec.lower().endswith(_ARCHIVES):
        raise SourceError(f"{root} is an archive; unpack it and give the folder")
    if root.is_file() and spec.lower().endswith(_TABLES):
        raise SourceError(
            f"{root} is a table, which cannot be opened yet; give a folder with a folder for each class"
        )
    return open_folder(root, ignore_existing=ignore_existing, follow_links=follow_links)
