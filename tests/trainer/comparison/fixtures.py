"""Finished comparisons without any training: random predictions, judged as usual."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from tests.trainer.fixtures import run_config
from trainer.comparison.config import (
    ArmSummary,
    ComparisonConfig,
    GuardReport,
    SharedFit,
    SharedTestSet,
    write_config,
)
from trainer.comparison.design import Budget, Metric
from trainer.comparison.judge import judge_runs, stopped_result
from trainer.comparison.result import write_result
from trainer.comparison.runs import run_id
from trainer.data.samples import TrainOn
from trainer.statistics.metrics import evaluate_predictions, write_metrics
from trainer.statistics.verdict.evidence import FIVE_PERCENT
from trainer.training.config import FitConfig
from trainer.training.predictions import PredictionTable, write_predictions
from trainer.training.run import EpochReport, RunFolder, write_epochs, write_run_config


@dataclass(frozen=True)
class Plan:
    """What a comparison is to look like; `skills` are how far each arm leans to the true class."""

    skills: Mapping[str, float]
    classes: Sequence[str] = ("cats", "dogs")
    per_class: int = 14
    seeds: int = 10
    folds: int = 1
    metric: Metric = "accuracy"
    manifest: str = "build/lab/manifest.jsonl"
    guards: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()

    @property
    def targets(self) -> list[int]:
        """Return the class index of each test image."""
        return [index for index in range(len(self.classes)) for _ in range(self.per_class)]

    @property
    def samples(self) -> list[str]:
        """Return the name of each test image."""
        if self.names:
            return list(self.names)
        names = []
        for index, label in enumerate(self.targets):
            names.append(f"test/{self.classes[label]}/{index}.jpg")
        return names


LAB = Plan({"original": 0.5, "augmented": 0.75, "original+augmented": 1.0})
SINGLE = Plan({"original": 0.5, "augmented": 0.75}, seeds=1)
FOLDS = Plan({"original": 0.5, "augmented": 0.9}, folds=4, per_class=20, seeds=3)
MANY = Plan(
    {"original": 1.0, "augmented": 1.5, "original+augmented": 1.8, "placebo": 1.0},
    classes=(
        *("aeroplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    per_class=50,
    metric="macro F1",
)
STOPPED = Plan(
    LAB.skills,
    guards=[
        {
            "name": "leak",
            "count": 13,
            "findings": [
                "test image test/cats/18.jpg is the train image train/cats/327.jpg "
                "at another size (original)"
            ],
            "overridden": False,
        }
    ],
)


def comparison(folder: Path, plan: Plan = LAB) -> Path:
    """Write a folder as trainer compare leaves it, without the weights and pictures of its runs."""
    config = comparison_config(plan)
    write_config(folder, config)
    if config.stopping_guards:
        write_result(folder, stopped_result(config))
        return folder
    difficulty = np.random.default_rng(1).normal(0, 1.2, len(plan.targets))
    for number, arm in enumerate(plan.skills):
        for seed in range(plan.seeds):
            for fold in config.folds_of_a_seed:
                run = RunFolder(folder / "runs" / run_id(arm, seed, fold))
                _write_run(run, plan, (number, seed), fold, difficulty)
    write_result(folder, judge_runs(folder / "runs", config, looks=1, level=FIVE_PERCENT, notes=()))
    return folder


def change(
    folder: Path, edit: Callable[[dict[str, Any]], None], name: str = "comparison.json"
) -> None:
    """Let `edit` change a JSON file of a comparison in place."""
    values = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(values)
    (folder / name).write_text(json.dumps(values), encoding="utf-8")


def comparison_config(plan: Plan = LAB) -> ComparisonConfig:
    """Make the config.json of a comparison."""
    choices: dict[str, TrainOn] = {each: each for each in get_args(TrainOn)}
    images = {"original": 112, "augmented": 336, "original+augmented": 448}
    names = list(plan.skills)
    arms = []
    for name in names:
        arm = ArmSummary(
            name=name,
            manifest=plan.manifest,
            train_on=choices[name] if name in images else None,
            images=images.get(name, 336),
            sources=112,
            augmented=336 if "augmented" in name else 0,
            steps=110,
        )
        arms.append(arm)
    test = SharedTestSet(
        images=len(plan.targets),
        majority=1 / len(plan.classes),
        per_class=dict.fromkeys(plan.classes, plan.per_class),
    )
    return ComparisonConfig(
        arms=tuple(arms),
        contrasts=tuple((name, names[0]) for name in names[1:]),
        seeds=tuple(range(plan.seeds)),
        budget=Budget("steps", 110),
        metric=plan.metric,
        margin=0.02,
        folds=plan.folds > 1,
        fit=SharedFit.of(FitConfig(plan.manifest)),
        manifests={},  # so a report takes the manifest as it finds it
        classes=tuple(plan.classes),
        fold_numbers=tuple(range(plan.folds)) if plan.folds > 1 else (),
        test=test,
        threads=2,
        versions={"augbuild": "0.1.0", "torch": "2.9.0"},
        guards=msgspec.convert(plan.guards, tuple[GuardReport, ...]),
    )


def _write_run(
    run: RunFolder,
    plan: Plan,
    key: tuple[int, int],
    fold: int | None,
    difficulty: NDArray[np.float64],
) -> None:
    number, seed = key
    generator = np.random.default_rng([number, seed, fold or 0])
    targets = np.array(plan.targets)
    chosen = np.arange(len(targets)) if fold is None else np.arange(fold, len(targets), plan.folds)
    skill = list(plan.skills.values())[number] + generator.normal(0, 0.2)
    scores = generator.normal(0, 1, (len(targets), len(plan.classes)))
    scores[np.arange(len(targets)), targets] += skill + difficulty
    powers = np.exp(scores)
    probabilities = (powers / powers.sum(axis=1, keepdims=True))[chosen]
    names = [plan.samples[index] for index in chosen]
    write_run_config(run, run_config(plan.classes))
    labels = tuple(plan.classes[target] for target in targets[chosen])
    table = PredictionTable(tuple(names), labels, tuple(plan.classes), probabilities)
    write_predictions(run.predictions, table)
    write_metrics(run.metrics, evaluate_predictions(targets[chosen], probabilities, plan.classes))
    epochs = []
    for epoch in range(1, 11):
        loss = 0.7 * 0.9**epoch * (1 + 0.1 * number) + 0.02 * seed / 10
        accuracy = 1 - 0.5 * (0.84 + 0.03 * number) ** epoch - 0.004 * seed
        epochs.append(EpochReport(epoch, 11 * epoch, 11, 0.001, loss, accuracy, 1.0))
    write_epochs(run.epochs, epochs)
