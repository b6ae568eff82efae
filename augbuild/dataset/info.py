"""dataset.json: what a finished dataset is, for `verify`, `replay` and every reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from augbuild.dataset.layout import INFO_NAME
from augbuild.errors import ManifestError


def read_info(root: Path) -> Mapping[str, Any]:
    """Read the dataset.json of a tree; raises ManifestError where it is missing, damaged or not augbuild's."""
    path = root / INFO_NAME
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise ManifestError("is not a file")
        facts = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ManifestError("is missing") from error
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError("is not JSON") from error
    if not isinstance(facts, dict):
        raise ManifestError("must be a JSON object")
    for name, (check, wanted) in _CHECKS.items():
        if not check(facts.get(name)):
            raise ManifestError(f"lacks {name!r}, or it is not {wanted}")
    recipe_sha256 = hashlib.sha256(json.dumps(facts["recipe"], sort_keys=True).encode()).hexdigest()
    if recipe_sha256 != facts["recipe_sha256"] or facts["recipe"].get("name") != facts["name"]:
        raise ManifestError(
            "holds a recipe that was edited: it is not what name and recipe_sha256 stand for"
        )
    return facts


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _maps(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


_CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "name": (lambda value: isinstance(value, str), "a text"),
    "classes": (
        lambda value: isinstance(value, list) and all(isinstance(label, str) for label in value),
        "a list of class names",
    ),
    "counts": (_maps(_maps(_is_count)), "a number of images per folder and class"),
    "rejected": (_is_count, "a number"),
    "recipe": (lambda value: isinstance(value, dict), "a JSON object"),
    "recipe_sha256": (lambda value: isinstance(value, str), "a text"),
    "versions": (_maps(lambda value: isinstance(value, str)), "a version per library"),
    "rows": (_is_count, "a number"),
    "manifest_sha256": (lambda value: isinstance(value, str), "a text"),
    "descriptions": (_maps(lambda value: isinstance(value, str)), "a hash per file"),
}
