"""The recipe as a value: its sections, each key with its rule and its default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from augbuild.recipe.rules import boolean, choice, integer, number, text
from augbuild.recipe.steps import Step

# Marks that turn the direction of writing, and separators, can make a name look like another on a terminal.
_UNSAFE = r"/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
NAME_RULE = text(
    "1 to 100 characters, no slash or control character, nor . or ..",
    rf"(?!\.{{1,2}}\Z)[^{_UNSAFE}]{{1,100}}",
)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where the images are: `[source]`."""

    path: Annotated[str, text()] = ""


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How sources without splits are split: `[split]`; shares of each class."""

    test: Annotated[float, number(0, 1, open_high=True)] = 0.2
    validation: Annotated[float, number(0, 1, open_high=True)] = 0.0
    group: Annotated[str, text()] = "near-duplicates"
    folds: Annotated[int | None, integer(2, 100)] = None
    ignore_existing: Annotated[bool, boolean()] = False


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What is written, and where: `[output]`; `max_side` in pixels."""

    path: Annotated[str, text()] = ""
    format: Annotated[Literal["jpeg", "png", "webp"], choice("jpeg", "png", "webp")] = "jpeg"
    quality: Annotated[int, integer(1, 100)] = 90
    max_side: Annotated[int | None, integer(8, 20_000)] = None
    originals: Annotated[Literal["copy", "link"], choice("copy", "link")] = "copy"


@dataclass(frozen=True, slots=True)
class Balance:
    """How many images each class shall have, originals included: `[augment.balance]`."""

    target: int | str = "max"
    cap_per_source: Annotated[int, integer(1, 1000)] = 8


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """How many variants each train image gets: `[augment]`."""

    variants: Annotated[int, integer(0, 1000)] = 3
    balance: Balance | None = None


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked; `folder` is where its assets are, `base` what its other relative paths are relative to."""

    name: Annotated[str, NAME_RULE]
    seed: Annotated[int, integer(0, 2**63 - 1)]
    source: SourceSpec
    split: SplitSpec
    output: OutputSpec
    augment: AugmentSpec
    transforms: tuple[Step, ...]
    deny: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    folder: Path = Path()
    base: Path = Path()

    def resolved(self) -> dict[str, Any]:
        """Give all that the outputs depend on, defaults filled in, as JSON would hold it: no path of the machine."""
        output = {name: value for name, value in asdict(self.output).items() if name != "path"}
        return {
            "name": self.name,
            "seed": self.seed,
            "split": asdict(self.split),
            "output": output,
            "augment": asdict(self.augment),
            "transforms": [node.to_json() for node in self.transforms],
            "classes": {
                label: {"deny": sorted(denied)} for label, denied in sorted(self.deny.items())
            },
        }

    @cached_property
    def sha256(self) -> str:
        """Hash what `resolved` gives."""
        return hashlib.sha256(json.dumps(self.resolved(), sort_keys=True).encode()).hexdigest()
