"""How a run is trained: every choice in one place, with its default, and read from TOML as from the command line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from augbuild.errors import UsageError
from trainer.data.samples import TrainOn


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Everything that a run depends on; `batch_size` is global, whatever the number of processes."""

    manifest: str
    train_on: TrainOn | None = None
    test_manifest: str | None = None
    holdout: float = 0.0
    fold: int | None = None
    seed: int = 0
    epochs: int = 10
    steps: int | None = None
    batch_size: int = 32
    lr: float = 1e-3
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    image_size: int = 224
    arch: str = "resnet50"
    weights: str = "none"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: str = "auto"
    compile: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give the configuration as JSON would hold it."""
        return asdict(self)


_LIMITS: Mapping[str, tuple[float, float]] = {
    "holdout": (0.0, 0.9), "fold": (0, 10_000), "seed": (0, 2**31 - 1), "epochs": (1, 100_000), "steps": (1, 10**9),
    "batch_size": (1, 1_000_000), "lr": (1e-12, 1e3), "weight_decay": (0.0, 1e3), "image_size": (16, 4096),
}  # fmt: skip
_TYPES = {"holdout": float, "lr": float, "weight_decay": float, "compile": bool}
_WHOLE = frozenset({"fold", "seed", "epochs", "steps", "batch_size", "image_size"})
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "train_on": ("original", "augmented", "original+augmented", "placebo"), "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("constant", "cosine"), "precision": ("auto", "fp32", "bf16"),
}  # fmt: skip


def make_config(given: Mapping[str, Any], file: Path | None = None) -> FitConfig:
    """Make a configuration of what was given, and of a TOML file for what was not; raises UsageError."""
    values = {
        **(_read(file) if file else {}),
        **{name: value for name, value in given.items() if value is not None},
    }
    known = {field.name: field for field in fields(FitConfig)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(
                f"{file}: {name!r} is no option of fit; known: {', '.join(sorted(known))}"
            )
        values[name] = _checked(name, value, file)
    missing = [
        name for name, field in known.items() if field.default is MISSING and name not in values
    ]
    if missing:
        raise UsageError(f"--{missing[0].replace('_', '-')} is missing; --help shows examples")
    tests = [
        name for name in ("holdout", "test_manifest", "fold") if values.get(name) not in (None, 0.0)
    ]
    if len(tests) > 1:
        first, second = (f"--{name.replace('_', '-')}" for name in tests[:2])
        raise UsageError(f"{first} and {second} don't go together; give one test set")
    return FitConfig(**values)


def _checked(name: str, value: Any, file: Path | None) -> Any:
    where = f"{file}: {name}" if file else f"--{name.replace('_', '-')}"
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError(f"{where} must be one of {', '.join(_CHOICES[name])} (got {value!r})")
    if name in _WHOLE and (isinstance(value, bool) or not isinstance(value, int)):
        raise UsageError(f"{where} must be a whole number (got {value!r})")
    if name in _LIMITS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{where} must be a number (got {value!r})")
        low, high = _LIMITS[name]
        if not low <= value <= high:
            raise UsageError(f"{where} must be from {low:g} to {high:g} (got {value!r})")
        return float(value) if _TYPES.get(name) is float else value
    wanted = bool if name == "compile" else str
    if not isinstance(value, wanted):
        raise UsageError(
            f"{where} must be {'true or false' if wanted is bool else 'a text'} (got {value!r})"
        )
    return value


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from error


def dump(values: Mapping[str, Any]) -> str:
    """Write JSON as every file of a run has it."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
