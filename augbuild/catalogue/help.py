"""The catalogue in words: what `augbuild ops` prints."""

from __future__ import annotations

import json

from augbuild.catalogue.examples import EXAMPLES
from augbuild.catalogue.synonyms import suggest_transform
from augbuild.catalogue.transforms import CATALOGUE, Param
from augbuild.core.text import as_toml
from augbuild.errors import RecipeError

_RANGES = {"boolean": "true | false", "colour": "[red, green, blue]"}
_NUMBERS = {"number": "number", "integer": "integer", "seed": "integer"}


def list_transforms() -> str:
    """Return a line for each transform."""
    width = max(len(name) for name in CATALOGUE)
    lines = [f"{name:<{width}}  {transform.doc}" for name, transform in CATALOGUE.items()]
    return "\n".join([*lines, "", "`augbuild ops NAME` explains one."])


def describe_transform(name: str) -> str:
    """Return what there is to know of one transform, and how a recipe writes it.

    That is its parameters with their ranges and defaults, and what to beware of. Raises RecipeError
    for a name that is not in the catalogue.
    """
    if name not in CATALOGUE:
        raise RecipeError(f"unknown transform {as_toml(name)}; {suggest_transform(name)}")
    transform = CATALOGUE[name]
    lines = [f"{name}: {transform.doc}", ""]
    for key, param in transform.params.items():
        lines.append(f"  {key:<24}{param.doc}; {_range_of(param)}, {_default_of(param)}")
    if transform.params:
        lines.append("")
    if transform.caution:
        lines += [f"Beware: {transform.caution}.", ""]
    lines += ["[[transforms]]", f'op = "{name}"']
    for key, value in EXAMPLES[name].items():
        lines.append(f"{key} = {value}")
    return "\n".join(lines)


def _default_of(param: Param) -> str:
    if param.kind == "seed":
        return "drawn"
    if param.required:
        return "required"
    if param.default is None:  # `null` would mean nothing to a reader of TOML
        return "default: none"
    return f"default {json.dumps(param.default)}"


def _range_of(param: Param) -> str:
    if param.kind == "choice":
        return " | ".join(json.dumps(word) for word in param.choices)
    if param.kind not in _NUMBERS:
        return _RANGES.get(param.kind, param.kind)
    low = f"{param.low:.10g}"
    high = f"{param.high:.10g}"
    excluded = []
    if param.open_low:
        excluded.append(low)
    if param.open_high:
        excluded.append(high)
    written = f"{_NUMBERS[param.kind]} {low} to {high}"
    if excluded:
        written += f" ({' and '.join(excluded)} excluded)"
    return written
