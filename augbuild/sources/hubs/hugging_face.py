"""Datasets of Hugging Face, streamed by `datasets` into a folder of images and a table of them.

A stream has what every layout of a dataset comes to: images, names of classes, splits. Its place
is noted every few hundred rows, so that an interrupted download goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from augbuild.core.documents import read_document
from augbuild.core.files import LockedError, hold_lock, user_cache
from augbuild.core.text import plural
from augbuild.errors import FIX_AND_RERUN, SourceError
from augbuild.sources.findings import Finding
from augbuild.sources.hubs.download import Download, failed
from augbuild.sources.hubs.streams import ADVICE, COPY, Copy, copy_streams

_NAME = re.compile(r"[\w.-]+(/[\w.-]+){0,2}", re.ASCII)


def download_hugging_face(name: str) -> Download:
    """Download a dataset, `OWNER/NAME` or `OWNER/NAME/CONFIG`, unless it is there.

    A copy that is complete is used as it is, without the network. Raises SourceError.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        wanted = "hf:OWNER/NAME or hf:OWNER/NAME/CONFIG"
        raise SourceError(f"hf:{name} is not the name of a dataset; expected {wanted}")
    try:
        folder = user_cache("hub") / "hf" / name.replace("/", "--")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / COPY).is_file():
            with hold_lock(folder / ".lock"):
                _copy(name, folder)
    except LockedError as error:
        advice = "wait for it to end, then rerun the same command"
        raise SourceError(f"hf:{name} is being downloaded by another process; {advice}") from error
    except OSError as error:
        raise SourceError(
            f"hf:{name} cannot be stored: {error.strerror or error}; {FIX_AND_RERUN}"
        ) from error
    copy = read_document(folder / COPY, Copy, SourceError)
    repository = "/".join(name.split("/")[:2])
    attribution = f"hf:{name} (https://huggingface.co/datasets/{repository})"
    if copy.license:
        attribution += f", licence: {copy.license}"
    return Download(folder, folder, attribution, tuple(_find_oddities(copy)))


def _copy(name: str, folder: Path) -> None:
    """Stream all splits of a dataset into a folder; raises SourceError and OSError."""
    try:
        import datasets
    except ImportError as error:
        raise SourceError(f"hf:{name} needs datasets; pip install 'augbuild[hf]'") from error
    path, config = name, None
    if name.count("/") == 2:
        path, _, config = name.rpartition("/")
    if Path(path).exists():  # which `datasets` would read in the place of the hub's
        raise SourceError(f"hf:{name}: {path} is a folder here, too; give that, or go elsewhere")
    try:
        streams = datasets.load_dataset(path, config, streaming=True)
    except Exception as error:  # its own errors and those of the network share no class
        raise failed(f"hf:{name}", error, ADVICE) from error
    copy_streams(f"hf:{name}", folder, streams)


def _find_oddities(copy: Copy) -> Iterator[Finding]:
    for column in copy.unread_images:
        yield Finding(
            kind="unused column",
            message=f"column {column!r} has images, too, and is not used",
            advice=f"{copy.image!r} is read, the first of them",
        )
    if copy.unlabelled:
        yield Finding(
            kind="files left out",
            message=f"{plural(copy.unlabelled, 'image')} without a label",
            count=copy.unlabelled,
            advice="their classes are kept secret by whoever published them",
        )
    if copy.empty:
        yield Finding(
            kind="files left out",
            message=f"{plural(copy.empty, 'row')} without an image",
            count=copy.empty,
            advice="there is nothing to do about it here",
        )
