"""The recipe as a value: its sections, each key with its range and its default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from augbuild.core.documents import to_plain
from augbuild.core.files import hash_bytes
from augbuild.recipe.rules import Text
from augbuild.recipe.steps import Step
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding, decoding_of

# Marks that turn the direction of writing, and separators of lines, can make one name look like
# another on a terminal.
UNSAFE_IN_NAMES = r"/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"

Name = Annotated[
    str,
    Meta(
        pattern=rf"\A(?!\.{{1,2}}\Z)[^{UNSAFE_IN_NAMES}]{{1,100}}\Z",
        description="1 to 100 characters without slashes or control characters, and not . or ..",
    ),
]
# The largest integer that TOML promises to carry.
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0, lt=1)]
Side = Annotated[int, Meta(ge=8, le=20_000)]
# Not tuple[Side, Side]: beside a bounded integer in a union, msgspec 0.22 crashes on it.
ImageSize = Annotated[
    Side | Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)],
    Meta(description="a number of pixels from 8 to 20,000, or [width, height]"),
]
Fit = Literal["stretch", "crop", "pad"]
Target = Annotated[
    Annotated[int, Meta(ge=1, le=10_000_000)]
    | Annotated[str, Meta(pattern=r"\A(max|x[1-9][0-9]{0,3})\Z")],
    Meta(description='"max", a number of images or a factor such as "x3"'),
]


# Sections are read from tables in which anything may be missing or wrong, so every field has a
# default; that a path is given is checked by the reader of the whole recipe.


class SourceSpec(SourceOptions, frozen=True):
    """Where the images are, and how they are read: `[source]`.

    `exclude_file`, relative to the recipe, lists images to leave out.
    """

    path: Text = ""
    exclude_file: Text | None = None


class DatasetSpec(msgspec.Struct, frozen=True):
    """Whose images these are: `[dataset]`; no output depends on it but the files that say so."""

    license: Text | None = None
    creator: Text | None = None
    citation: Text | None = None
    description: Text | None = None


class ResolvedSplit(msgspec.Struct, frozen=True):
    """How sources without splits are split; shares of each class."""

    # The lab that this began with: 140 photos, split 112 and 28.
    test: Share = 0.2
    validation: Share = 0.0
    group: Text = "near-duplicates"
    folds: Annotated[int, Meta(ge=2, le=100)] | None = None
    ignore_existing: bool = False


class SplitSpec(ResolvedSplit, frozen=True):
    """How sources are split, and what is done with copies across splits of their own: `[split]`."""

    on_duplicates: Literal["warn", "drop-train", "error"] = "warn"


class ResolvedOutput(msgspec.Struct, frozen=True):
    """How images are written; `max_side` and `size` (width, height) in pixels.

    With a `size`, every image has it, originals too, which are then encoded. Neither it nor `fit`
    is set in recipes of version 0.1, whose hashes stay.
    """

    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: Annotated[int, Meta(ge=1, le=100)] = 90
    max_side: Side | None = None
    originals: Literal["copy", "link"] = "copy"
    size: ImageSize | UnsetType = UNSET
    fit: Fit | UnsetType = UNSET

    @property
    def frame(self) -> tuple[tuple[int, int], Fit] | None:
        """Return the size of every image, and how others are fitted to it, if there is one."""
        if isinstance(self.size, UnsetType):
            return None
        size = self.size
        if isinstance(size, int):
            return (size, size), self.fit or "stretch"
        return (size[0], size[1]), self.fit or "stretch"


class OutputSpec(ResolvedOutput, frozen=True):
    """How images are written, and where: `[output]`."""

    path: Text = ""


Variants = Annotated[int, Meta(ge=0, le=1000)]


class Balance(msgspec.Struct, frozen=True):
    """How many train images each class gets, originals included: `[augment.balance]`.

    A target of "max" stands for the size of the largest class, "x3" for three times that. Of a
    class with more originals than a number as a target, the others are left out.
    """

    target: Target = "max"
    cap_per_source: Annotated[int, Meta(ge=1, le=1000)] = 8


class AugmentSpec(msgspec.Struct, frozen=True):
    """How many variants each train image gets: `[augment]`; with `balance`, that decides.

    With `distinct`, a variant that would be like an earlier one is drawn again. It is not set where
    it is false, as in recipes of version 0.1, whose hashes stay.
    """

    variants: Variants = 3
    balance: Balance | None = None
    distinct: bool | UnsetType = UNSET


class ClassRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds for one class only: `[classes.LABEL]`.

    It gets no transform of `deny`, and where `variants` is given, so many for each train image.
    """

    deny: tuple[str, ...]
    variants: Variants | None = None


class ResolvedRecipe(msgspec.Struct, frozen=True):
    """All of a recipe that the outputs depend on, defaults filled in, without paths.

    dataset.json has it under "recipe". `transforms` are free-form: their keys are those of the
    catalogue, and old trees may name transforms and parameters that it no longer has.
    """

    name: Name
    seed: Seed
    split: ResolvedSplit
    output: ResolvedOutput
    augment: AugmentSpec
    transforms: tuple[dict[str, object], ...]
    classes: dict[str, ClassRules]
    # Left out where it is the default, so that the hashes of other recipes stay what they were.
    source: Decoding | UnsetType = UNSET

    @property
    def decoding(self) -> Decoding:
        """Return how the files of the source are decoded."""
        return DEFAULT_DECODING if isinstance(self.source, UnsetType) else self.source

    @property
    def sha256(self) -> str:
        """Return the hash by which a build knows its recipe again, in lower-case hex."""
        # As version 0.1 hashed it: another spelling of the JSON would make every old tree look new.
        content = json.dumps(to_plain(self), sort_keys=True)
        return hash_bytes(content.encode())


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked.

    `classes` has the rules of single classes, by name, and `class_places` file, line and key of
    each for messages. Assets lie below `folder`; all other relative paths are relative to `base`.
    """

    name: Name
    seed: Seed
    source: SourceSpec
    split: SplitSpec
    output: OutputSpec
    augment: AugmentSpec
    transforms: tuple[Step, ...]
    classes: Mapping[str, ClassRules] = field(default_factory=dict)
    class_places: Mapping[str, str] = field(default_factory=dict)
    dataset: DatasetSpec = field(default_factory=DatasetSpec)
    warnings: tuple[str, ...] = ()
    folder: Path = Path()
    base: Path = Path()

    @property
    def decoding(self) -> Decoding:
        """Return how the files of the source are decoded."""
        return decoding_of(self.source)

    def resolved(self) -> ResolvedRecipe:
        """Return all that the outputs depend on, defaults filled in."""
        output = ResolvedOutput(
            format=self.output.format,
            quality=self.output.quality,
            max_side=self.output.max_side,
            originals=self.output.originals,
            size=self.output.size,
            fit=self.output.fit,
        )
        split = ResolvedSplit(
            test=self.split.test,
            validation=self.split.validation,
            group=self.split.group,
            folds=self.split.folds,
            ignore_existing=self.split.ignore_existing,
        )
        return ResolvedRecipe(
            name=self.name,
            seed=self.seed,
            split=split,
            output=output,
            augment=self.augment,
            transforms=tuple(step.to_json() for step in self.transforms),
            classes=dict(sorted(self.classes.items())),
            source=UNSET if self.decoding == DEFAULT_DECODING else self.decoding,
        )

    @cached_property
    def deny(self) -> Mapping[str, frozenset[str]]:
        """Return the transforms that a class must not get, by its name."""
        return {label: frozenset(rules.deny) for label, rules in self.classes.items()}

    @cached_property
    def sha256(self) -> str:
        """Return the hash of what the outputs depend on, computed once."""
        return self.resolved().sha256
