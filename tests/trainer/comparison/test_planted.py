"""An effect that was built in is found, and none is found where there is none: whole comparisons, runs and all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.comparison.planted import plant
from trainer.comparison.compare import compare
from trainer.comparison.design import make_design
from trainer.training.config import make_config


def judged(folder: Path, seed: int, *, effect: bool) -> dict[str, Any]:
    """Compare planted training sets: five seeds, forty steps, a small model; give the one contrast."""
    tables = plant(folder, seed, effect=effect)
    fit = make_config({
        "manifest": str(tables["baseline"]), "arch": "resnet18", "image_size": 32, "batch_size": 16, "device": "cpu",
        "precision": "fp32", "seed": 100 * seed, "schedule": "cosine",
    })  # fmt: skip
    named = [f"{name}={file}" for name, file in tables.items()]
    result = compare(make_design(fit, named=named, seeds=5, budget="steps:40"), folder / "out")
    return dict(result["contrasts"][0])


def test_a_planted_effect_is_found(tmp_path: Path) -> None:
    contrast = judged(tmp_path / "planted", 0, effect=True)
    assert contrast["outcome"] == "HELPS", contrast["sentence"]
    assert 0.1 < contrast["delta"] < 0.3
    assert contrast["low"] < 0.2 < contrast["high"]


@pytest.mark.slow
def test_planted_effects_are_found_and_absent_ones_are_not(tmp_path: Path) -> None:
    outcomes = {
        effect: Counter(
            judged(tmp_path / f"{effect}-{seed}", seed, effect=effect)["outcome"]
            for seed in range(10)
        )
        for effect in (True, False)
    }
    print(outcomes)
    assert outcomes[True]["HELPS"] >= 9
    assert outcomes[False]["HELPS"] + outcomes[False]["HURTS"] <= 1
