"""How a run is trained: every choice in one place, with its range and default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, inspect

from augbuild.core.text import as_toml, join_key, nearest
from augbuild.errors import UsageError
from trainer.data.samples import SourceOptions, TrainOn

Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine"]
Precision = Literal["auto", "fp32", "bf16"]


class FitConfig(Struct, frozen=True):
    """Everything that a run depends on, from a TOML file as from the command line.

    `batch_size` is global, whatever the number of processes. `steps`, where given, replaces
    `epochs`. At most one of `test_manifest`, `holdout` and `fold` names the test images.
    `source` is how a table is read, as in a recipe; where it is not given, config.json has no word
    of it, as before there was such an option. So it is with `skip_unreadable`.
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
        for key, value in _read_toml(file).items():
            where = f"{file}: {join_key('', key)}"
            values[key] = _check(key, value, where)
    for name, value in given.items():
        if value is not None:
            where = as_option(name)
            values[name] = _check(name, value, where)
    if "manifest" not in values:
        raise UsageError("--manifest is missing; --help shows examples")
    config = msgspec.convert(values, FitConfig)
    _check_test_set(config)
    return config


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
    if len(named) > 1:
        first, second = as_option(named[0]), as_option(named[1])
        raise UsageError(f"{first} cannot be combined with {second}; choose one test set")


def as_option(name: str) -> str:
    """Return the command-line option of a field: `batch_size` becomes `--batch-size`."""
    return f"--{name.replace('_', '-')}"


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
