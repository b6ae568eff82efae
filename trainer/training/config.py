"""How a run is trained: every choice in one place, with its range and default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, inspect, structs

from augbuild.core.text import as_toml, join_key, nearest
from augbuild.core.toml_lines import find_lines
from augbuild.errors import UsageError
from trainer.data.samples import NAMED_SOURCES, SourceOptions, TrainOn

Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine"]
Precision = Literal["auto", "fp32", "bf16"]
TestSplit = Literal["test", "validation"]


_NO_FILES = frozenset({"none", "imagenet"})
"""What `weights` may be that is no file."""


class FitConfig(Struct, frozen=True):
    """Everything that a run depends on, from a TOML file as from the command line.

    `batch_size` is global, whatever the number of processes. `steps`, where given, replaces
    `epochs`. At most one of `test_manifest`, `holdout` and `fold` names the test images.
    `source` is how a table is read, as in a recipe; `test_split` is which split of the manifest is
    tested on. Where one of these or `skip_unreadable` is not given, config.json has no word of it,
    as before there was such an option.
    """

    manifest: str
    train_on: TrainOn | None = None
    test_manifest: str | None = None
    holdout: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.0
    fold: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    epochs: Annotated[int, Meta(ge=1, le=100_000)] = 10
    steps: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    batch_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 32
    lr: Annotated[float, Meta(ge=1e-12, le=1e3)] = 1e-3
    optimizer: Optimizer = "adam"
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e3)] = 0.0
    schedule: Schedule = "constant"
    image_size: Annotated[int, Meta(ge=16, le=4096)] = 224
    arch: str = "resnet50"
    weights: str = "none"
    precision: Precision = "auto"
    device: str = "auto"
    compile: bool = False
    source: SourceOptions | UnsetType = UNSET
    skip_unreadable: bool | UnsetType = UNSET
    test_split: TestSplit | UnsetType = UNSET

    @property
    def tests_on_validation(self) -> bool:
        """Check whether the validation split takes the place of the test split."""
        return self.test_split == "validation"

    def source_options(self) -> SourceOptions:
        """Return how tables are read."""
        return SourceOptions() if isinstance(self.source, UnsetType) else self.source


_FIELD_TYPES = {field.name: field.type for field in msgspec.structs.fields(FitConfig)}


def make_config(given: Mapping[str, object], file: Path | None = None) -> FitConfig:
    """Build a configuration from options and, for those not given (None), from a TOML file.

    Raises UsageError naming the option or the file's key, what it must be and what it is.
    """
    # Each value is checked where it is from, for a message that names the option or the key.
    values: dict[str, object] = {}
    if file is not None:
        content = _read_text(file)
        for key, value in _parse_toml(file, content).items():
            path = join_key("", key)
            where = f"{file}:{find_lines(content).get(path, 1)}: {path}"
            values[key] = _place(key, _check(key, value, where), file.parent)
    for name, value in given.items():
        if value is not None:
            where = as_option(name)
            values[name] = _check(name, value, where)
    if "manifest" not in values:
        raise UsageError("--manifest is missing; --help shows examples")
    config = msgspec.convert(values, FitConfig)
    _check_test_set(config)
    return config


def _place(name: str, value: object, folder: Path) -> object:
    """Make the paths of a file's options relative to its folder, as those of a recipe are."""
    if isinstance(value, SourceOptions):
        images = None if value.images is None else _join(folder, value.images)
        labels = None if value.labels is None else _join(folder, value.labels)
        return structs.replace(value, images=images, labels=labels)
    # A file may come from a colleague with the data beside it, and be used from anywhere.
    is_place = name in {"manifest", "test_manifest", "weights"} and value not in _NO_FILES
    if not is_place or not isinstance(value, str) or value.startswith(NAMED_SOURCES):
        return value
    return _join(folder, value)


def _join(folder: Path, path: str) -> str:
    return os.path.normpath(folder / Path(path).expanduser())


def without_places(config: FitConfig) -> FitConfig:
    """Return a configuration without the folders that its files are in: they may have moved."""
    return structs.replace(
        config,
        manifest="",
        test_manifest=None if config.test_manifest is None else "",
        weights=Path(config.weights).name,
        source=source_without_places(config.source),
    )


def source_without_places(source: SourceOptions | UnsetType) -> SourceOptions | UnsetType:
    """Return how a source is read, without the folders that its files are in."""
    if isinstance(source, UnsetType):
        return source
    images = None if source.images is None else Path(source.images).name
    labels = None if source.labels is None else Path(source.labels).name
    return structs.replace(source, images=images, labels=labels)


def differing_options(first: FitConfig, second: FitConfig) -> list[str]:
    """Return the names of the options that differ, in whichever folders their files are."""
    first, second = without_places(first), without_places(second)
    names = FitConfig.__struct_fields__
    return [name for name in names if getattr(first, name) != getattr(second, name)]


def _check(name: str, value: object, where: str) -> object:
    """Check one value against its field; `where` begins the message of the UsageError."""
    if name not in _FIELD_TYPES:
        known = sorted(_FIELD_TYPES)
        hint = f"known are {', '.join(known)}"
        near = nearest(name, known)
        if near is not None:
            hint = f"did you mean {near!r}?"
        raise UsageError(f"{where} is not an option of trainer fit; {hint}")
    kind = _FIELD_TYPES[name]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        wanted = _describe(inspect.type_info(kind))
        got = as_toml(value)
        raise UsageError(f"{where} must be {wanted} (got {got})") from error


def _describe(kind: inspect.Type) -> str:
    """Describe the values that a type allows."""
    match kind:
        case inspect.UnionType():
            # A value or None; no one can write None, neither in TOML nor as an option.
            return _describe(kind.types[0])
        case inspect.IntType():
            return f"a whole number from {kind.ge:,} to {kind.le:,}"
        case inspect.FloatType():
            return f"a number from {kind.ge:g} to {kind.le:g}"
        case inspect.LiteralType():
            return f"one of {', '.join(map(str, kind.values))}"
        case inspect.BoolType():
            return "true or false"
        case inspect.StructType():
            return "a table of options, as [source] of a recipe"
    return "a text"


def _check_test_set(config: FitConfig) -> None:
    """Raise UsageError where the test images are to come from two places."""
    named = []
    if config.holdout:
        named.append("holdout")
    if config.test_manifest is not None:
        named.append("test_manifest")
    if config.fold is not None:
        named.append("fold")
    # Another manifest has splits of its own, so --test-manifest may be combined with it.
    if config.tests_on_validation and (config.holdout or config.fold is not None):
        named.append("test_split")
    if len(named) > 1:
        first, second = as_option(named[0]), as_option(named[1])
        raise UsageError(f"{first} cannot be combined with {second}; choose one test set")


def as_option(name: str) -> str:
    """Return the command-line option of a field: `batch_size` becomes `--batch-size`."""
    return f"--{name.replace('_', '-')}"


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from error


def _parse_toml(file: Path, content: str) -> dict[str, object]:
    try:
        return tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
