"""Datasets of Kaggle, by kagglehub: its cache, its resumed downloads, its tokens."""

from __future__ import annotations

import re
from pathlib import Path

from augbuild.core.files import is_safe_path
from augbuild.errors import SourceError
from augbuild.sources.hubs.download import Download, failed

_NAME = re.compile(
    r"(?P<handle>(?P<dataset>[\w-]+/[\w-]+)(/versions/[0-9]+)?)(/(?P<inside>.+))?", re.ASCII
)


def download_kaggle(name: str) -> Download:
    """Download a dataset, `OWNER/NAME`, unless kagglehub has it; raises SourceError.

    `OWNER/NAME/versions/N` is one version, which needs no network once it is there. What follows
    is a folder or file within the dataset.
    """
    parts = _NAME.fullmatch(name)
    inside = "" if parts is None else parts["inside"] or ""
    if parts is None or (inside and not is_safe_path(inside)):
        wanted = "kaggle:OWNER/NAME, kaggle:OWNER/NAME/versions/N, or one of these with /FOLDER"
        raise SourceError(f"kaggle:{name} is not the name of a dataset; expected {wanted}")
    handle = parts["handle"]
    try:
        import kagglehub
    except ImportError as error:
        raise SourceError(
            f"kaggle:{handle} needs kagglehub; pip install 'augbuild[kaggle]'"
        ) from error
    try:
        folder = Path(kagglehub.dataset_download(handle))
    except Exception as error:  # its own errors, those of requests and of archives share no class
        advice = "check the name and the network, and for a private dataset the token of Kaggle"
        if "/versions/" not in handle:
            advice += "; a version that was downloaded before needs neither: /versions/N"
        raise failed(f"kaggle:{handle}", error, advice) from error
    root = folder / inside
    if not root.exists():
        listed = ", ".join(sorted(path.name for path in folder.iterdir())[:10])
        raise SourceError(f"kaggle:{handle} has no {inside}; it has {listed}")
    dataset = parts["dataset"]
    address = f"https://www.kaggle.com/datasets/{dataset}"
    return Download(folder, root, f"kaggle:{dataset} ({address})")
