"""The manifest rows of one source, which workers make and the state keeps as bytes."""

from __future__ import annotations

import json

from augbuild.dataset.manifest import Record, encode_row
from augbuild.dataset.results import BuiltSource
from augbuild.sources.dataset import Source


def row_context(source: Source, label: int) -> str:
    """Return what the rows of a source say that is not its own: its class index, group and fold.

    Rows of another context are encoded again; their images are what they were.
    """
    return json.dumps([label, source.group, source.fold])


def encode_rows(source: Source, label: int, built: BuiltSource) -> bytes:
    """Return the manifest rows of a source, the original's first."""
    rows = []
    for file, ops in zip(built.files, built.ops, strict=True):
        record = Record(
            file_name=file.file_name,
            label=label,
            label_name=source.label,
            split=source.split or "train",
            origin="source" if file.variant is None else "augmented",
            variant=file.variant,
            source=source.path,
            source_sha256=built.sha256,
            group=source.group,
            ops=ops,
            width=file.width,
            height=file.height,
            source_width=built.width,
            source_height=built.height,
            bytes=file.bytes,
            sha256=file.sha256,
            fold=source.fold,
        )
        rows.append(encode_row(record))
    return b"".join(rows)
