"""A planted effect is found, and none where there is none: whole comparisons, runs and all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.trainer.comparison.planted import plant
from tests.trainer.comparison.small import measured
from trainer.comparison.design import make_design
from trainer.statistics.contrast import ContrastResult
from trainer.training.config import make_config


def judged(
    folder: Path,
    seed: int,
    *,
    effect: bool,
    seeds: int = 5,
    test: int = 400,
    optimizer: str = "adam",
) -> ContrastResult:
    """Compare planted training sets: forty steps of a small model."""
    tables = plant(folder, seed, effect=effect, test=test)
    options = {
        "manifest": str(tables["baseline"]),
        "arch": "resnet18",
        "image_size": 32,
        "batch_size": 16,
        "device": "cpu",
        "precision": "fp32",
        "seed": 100 * seed,
        "schedule": "cosine",
        "optimizer": optimizer,
    }
    fit = make_config(options)
    named = [f"{name}={file}" for name, file in tables.items()]
    design = make_design(fit, named=named, seeds=seeds, budget="steps:40")
    return measured(design, folder / "out").contrasts[0]


@pytest.mark.slow
@pytest.mark.timeout(600)  # 240 training steps: two minutes where a dozen others want the machine
def test_a_planted_effect_is_found(tmp_path: Path) -> None:
    """With what takes a third of the time of the slow test below."""
    small = {"seeds": 3, "test": 200}
    contrast = judged(tmp_path / "planted", 0, effect=True, optimizer="sgd", **small)
    assert contrast.outcome == "HELPS", contrast.sentence
    assert 0.1 < contrast.delta < 0.3
    assert contrast.low is not None
    assert contrast.high is not None
    assert contrast.low < 0.2 < contrast.high


@pytest.mark.slow
def test_planted_effects_are_found_and_absent_ones_are_not(tmp_path: Path) -> None:
    outcomes = {
        effect: Counter(
            judged(tmp_path / f"{effect}-{seed}", seed, effect=effect).outcome for seed in range(10)
        )
        for effect in (True, False)
    }
    print(outcomes)
    assert outcomes[True]["HELPS"] >= 9
    assert outcomes[False]["HELPS"] + outcomes[False]["HURTS"] <= 1
