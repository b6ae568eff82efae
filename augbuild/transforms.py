"""The catalogue: every AugLy image transform that a recipe can name, as pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

JsonValue = str | int | float | bool | Sequence["JsonValue"] | None
"""What a parameter may hold: anything that JSON can carry, objects aside."""

Kind = Literal[
    "number", "integer", "boolean", "choice", "colour", "text", "seed", "emoji", "font", "template", "image", "matrix"
]
"""What a parameter is: how the recipe checks it and, for assets, where it is looked up."""


@dataclass(frozen=True, slots=True)
class Op:
    """One transform call with concrete parameters, ready to apply."""

    name: str
    params: Mapping[str, JsonValue] = field(default_factory=dict)
