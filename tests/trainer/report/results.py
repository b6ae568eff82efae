"""The results of comparisons that several test modules report on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from augbuild.building.build import build
from tests.conftest import RECIPE, photos, write_recipe
from tests.trainer.comparison.fixtures import LAB, SINGLE, Plan, comparison
from trainer.comparison.result import ComparisonResult, read_result
from trainer.data.tables import read_table

SMALL = replace(LAB, seeds=3)


def measured(folder: Path, plan: Plan) -> ComparisonResult:
    """Write a comparison and read its result."""
    result = read_result(comparison(folder, plan))
    assert isinstance(result, ComparisonResult)
    return result


def photographed(folder: Path) -> tuple[Path, Plan]:
    """Build a small dataset, and plan a comparison on its test images."""
    photos(folder / "photos", {"cats": 12, "dogs": 12})
    manifest = build(write_recipe(folder, RECIPE), n_jobs=1).out / "manifest.jsonl"
    names = [sample.name for sample in read_table(manifest).of("test")]
    return manifest, replace(SINGLE, per_class=3, manifest=str(manifest), names=names)
