"""The recipe as a value: its sections, each key with its range and its default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from augbuild.core.documents import to_plain
from augbuild.recipe.rules import boolean, choice, integer, number, text
from augbuild.recipe.steps import Step

# Marks that turn the direction of writing, and separators, can make a name look like another on a terminal.
_UNSAFE = r"/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
_NAME = rf"(?!\.{{1,2}}\Z)[^{_UNSAFE}]{{1,100}}"
NAME_RULE = text("1 to 100 characters, no slash or control character, nor . or ..", _NAME)

Name = Annotated[str, NAME_RULE, Meta(pattern=rf"^{_NAME}\Z")]
Seed = Annotated[int, integer(0, 2**63 - 1), Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, number(0, 1, open_high=True), Meta(ge=0, lt=1)]
Target = (
    Annotated[int, Meta(ge=1, le=10_000_000)]
    | Annotated[str, Meta(pattern=r"^(max|x[1-9][0-9]{0,3})\Z")]
)
"""A number of images for each class, "max" for as many as the largest has, or a factor such as "x3"."""


class SourceSpec(msgspec.Struct, frozen=True):
    """Where the images are: `[source]`."""

    path: Annotated[str, text()] = ""


class SplitSpec(msgspec.Struct, frozen=True):
    """How sources without splits are split: `[split]`; shares of each class."""

    test: Share = 0.2
    validation: Share = 0.0
    group: Annotated[str, text()] = "near-duplicates"
    folds: Annotated[int, integer(2, 100), Meta(ge=2, le=100)] | None = None
    ignore_existing: Annotated[bool, boolean()] = False


class ResolvedOutput(msgspec.Struct, frozen=True):
    """How images are written; `max_side` in pixels."""

    format: Annotated[Literal["jpeg", "png", "webp"], choice("jpeg", "png", "webp")] = "jpeg"
    quality: Annotated[int, integer(1, 100), Meta(ge=1, le=100)] = 90
    max_side: Annotated[int, integer(8, 20_000), Meta(ge=8, le=20_000)] | None = None
    originals: Annotated[Literal["copy", "link"], choice("copy", "link")] = "copy"


class OutputSpec(ResolvedOutput, frozen=True):
    """How images are written, and where: `[output]`."""

    path: Annotated[str, text()] = ""


class Balance(msgspec.Struct, frozen=True):
    """How many images each class gets, originals included: `[augment.balance]`."""

    target: Target = "max"
    cap_per_source: Annotated[int, integer(1, 1000), Meta(ge=1, le=1000)] = 8


class AugmentSpec(msgspec.Struct, frozen=True):
    """How many variants each train image gets: `[augment]`."""

    variants: Annotated[int, integer(0, 1000), Meta(ge=0, le=1000)] = 3
    balance: Balance | None = None


class ClassRules(msgspec.Struct, frozen=True):
    """What applies to one class only: `[classes.LABEL]`."""

    deny: tuple[str, ...]


class ResolvedRecipe(msgspec.Struct, frozen=True):
    """All of a recipe that the outputs depend on, defaults filled in, no path of the machine.

    dataset.json has it under "recipe". `transforms` are free-form: their keys are those of the
    catalogue, and old trees may name transforms and parameters that it no longer has.
    """

    name: Name
    seed: Seed
    split: SplitSpec
    output: ResolvedOutput
    augment: AugmentSpec
    transforms: tuple[dict[str, object], ...]
    classes: dict[str, ClassRules]

    @property
    def sha256(self) -> str:
        """Return the hash by which a build knows its recipe again, in lower-case hex."""
        return hashlib.sha256(json.dumps(to_plain(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked; `folder` is where its assets are, `base` what its other relative paths are relative to."""

    name: Name
    seed: Seed
    source: SourceSpec
    split: SplitSpec
    output: OutputSpec
    augment: AugmentSpec
    transforms: tuple[Step, ...]
    deny: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    folder: Path = Path()
    base: Path = Path()

    def resolved(self) -> ResolvedRecipe:
        """Return all that the outputs depend on, defaults filled in."""
        return ResolvedRecipe(
            name=self.name,
            seed=self.seed,
            split=self.split,
            output=ResolvedOutput(
                format=self.output.format,
                quality=self.output.quality,
                max_side=self.output.max_side,
                originals=self.output.originals,
            ),
            augment=self.augment,
            transforms=tuple(step.to_json() for step in self.transforms),
            classes={
                label: ClassRules(deny=tuple(sorted(denied)))
                for label, denied in sorted(self.deny.items())
            },
        )

    @cached_property
    def sha256(self) -> str:
        """Return the hash of `resolved`, once computed."""
        return self.resolved().sha256
