"""What was declared before a comparison: its config.json, laid out as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from augbuild.core.documents import read_document
from augbuild.core.text import shorten
from augbuild.errors import RunError
from trainer.comparison.config import CONFIG

Row = tuple[str, str]
"""A key path, and the value there."""

_MOST_ROWS = 300
_LONGEST_VALUE = 301  # characters, with the mark that it was cut


def read_declared(folder: Path) -> tuple[Row, ...]:
    """Return the rows of a comparison's config.json, none where it cannot be read.

    Findings of guards are left out, since they have a place of their own.
    """
    # Free-form on purpose: a report shows what the file says, whatever version wrote it.
    try:
        declared = read_document(folder / CONFIG, dict[str, object], RunError)
    except RunError:
        return ()
    rows: list[Row] = []
    for name, value in declared.items():
        if name != "guards":
            rows += _rows(value, name)
    return tuple(rows[:_MOST_ROWS])


def _rows(value: object, path: str) -> Iterator[Row]:
    """Yield a value with its path, or those in it where it is an object or a list of objects."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            inner_path = f"{path}.{key}" if path else key
            yield from _rows(inner, inner_path)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for index, inner in enumerate(value):
            yield from _rows(inner, f"{path}[{index}]")
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield path, shorten(text, _LONGEST_VALUE)
