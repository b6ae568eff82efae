"""Designs whose runs take a second each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import structs

from tests.trainer.fixtures import config
from trainer.comparison.compare import compare
from trainer.comparison.design import Design, make_design
from trainer.comparison.result import ComparisonResult
from trainer.training.config import FitConfig

RECIPE = """
name = "toy"
[source]
path = "photos"
[output]
path = "out"
[augment]
variants = 2
[[transforms]]
op = "rotate"
degrees = { uniform = [-20, 20] }
[[transforms]]
op = "hflip"
p = 0.5
"""


ARCH = "resnet18"
"""It leaves chance in three steps, which the fast architecture of other tests does not."""


def fit_config(manifest: Path) -> FitConfig:
    """Make the configuration that a design begins with: nothing that its runs set."""
    return structs.replace(config(manifest), arch=ARCH, epochs=10)


def design(manifest: Path, **changes: Any) -> Design:
    """Make a design of six runs that take a second each."""
    options: dict[str, Any] = {"arms": "original,augmented", "seeds": 3, "budget": "steps:6"}
    return make_design(fit_config(manifest), **{**options, **changes})


def measured(design: Design, out: Path, **how: Any) -> ComparisonResult:
    """Compare, where no guard stops it."""
    result = compare(design, out, **how)
    assert isinstance(result, ComparisonResult), result.verdict.sentence
    return result
