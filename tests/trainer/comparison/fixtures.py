"""Finished comparisons without any training: predictions drawn at random, judged as trainer compare does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.trainer.fixtures import run_config
from trainer.comparison.design import run_id
from trainer.comparison.judge import judge_runs, stopped_result
from trainer.statistics.metrics import evaluate_predictions, write_metrics
from trainer.training.predictions import PredictionTable, write_predictions
from trainer.training.run import (
    EpochReport,
    RunFolder,
    write_epochs,
    write_json,
    write_run_config,
)


@dataclass(frozen=True)
class Plan:
    """What a comparison is to look like; `skills` are how far each arm's scores lean towards the true class."""

    skills: Mapping[str, float]
    classes: Sequence[str] = ("cats", "dogs")
    per_class: int = 14
    seeds: int = 10
    folds: int = 1
    metric: str = "accuracy"
    manifest: str = "build/lab/manifest.jsonl"
    guards: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()

    @property
    def targets(self) -> list[int]:
        """Give the class index of each test image."""
        return [index for index in range(len(self.classes)) for _ in range(self.per_class)]

    @property
    def samples(self) -> list[str]:
        """Give the name of each test image."""
        return list(self.names) or [
            f"test/{self.classes[label]}/{index}.jpg" for index, label in enumerate(self.targets)
        ]


LAB = Plan({"original": 0.5, "augmented": 0.75, "original+augmented": 1.0})
SINGLE = Plan({"original": 0.5, "augmented": 0.75}, seeds=1)
FOLDS = Plan({"original": 0.5, "augmented": 0.9}, folds=4, per_class=20, seeds=3)
MANY = Plan(
    {"original": 1.0, "augmented": 1.5, "original+augmented": 1.8, "placebo": 1.0},
    classes=("aeroplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    per_class=50, metric="macro F1",
)  # fmt: skip
STOPPED = Plan(
    LAB.skills,
    guards=[{
        "name": "leak", "count": 13, "overridden": False,
        "findings": ["test image test/cats/18.jpg is the train image train/cats/327.jpg at another size (original)"],
    }],
)  # fmt: skip


def comparison(folder: Path, plan: Plan = LAB) -> Path:
    """Write a folder as trainer compare leaves it, but for the weights and the pictures of its runs."""
    facts = _facts(plan)
    write_json(folder / "config.json", facts)
    if any(not guard["overridden"] for guard in plan.guards):
        write_json(folder / "comparison.json", stopped_result(facts))
        return folder
    difficulty = np.random.default_rng(1).normal(0, 1.2, len(plan.targets))
    for number, arm in enumerate(plan.skills):
        for seed in range(plan.seeds):
            for fold in facts["fold_numbers"] or [None]:
                _write_run(
                    folder / "runs" / run_id(arm, seed, fold),
                    plan,
                    (number, seed),
                    fold,
                    difficulty,
                )
    write_json(folder / "comparison.json", judge_runs(folder / "runs", facts))
    return folder


def change(
    folder: Path, edit: Callable[[dict[str, Any]], None], name: str = "comparison.json"
) -> None:
    """Let `edit` change a JSON file of a comparison in place."""
    values = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(values)
    (folder / name).write_text(json.dumps(values), encoding="utf-8")


def _facts(plan: Plan) -> dict[str, Any]:
    names = list(plan.skills)
    images = {"original": 112, "augmented": 336, "original+augmented": 448}
    arms = [
        {
            "name": name, "manifest": plan.manifest, "train_on": name if name in images else None, "steps": 110,
            "images": images.get(name, 336), "sources": 112, "augmented": 336 * ("augmented" in name),
        }
        for name in names
    ]  # fmt: skip
    return {
        "arms": arms,
        "contrasts": [[name, names[0]] for name in names[1:]],
        "seeds": list(range(plan.seeds)),
        "budget": {"kind": "steps", "number": 110},
        "metric": plan.metric,
        "margin": 0.02,
        "folds": plan.folds > 1,
        "fold_numbers": list(range(plan.folds)) if plan.folds > 1 else [],
        "fit": {"arch": "resnet50", "batch_size": 32, "image_size": 224, "lr": 0.001, "optimizer": "adam"},
        "manifests": {},
        "classes": list(plan.classes),
        "test": {"images": len(plan.targets), "majority": 1 / len(plan.classes),
                 "per_class": dict.fromkeys(plan.classes, plan.per_class)},
        "guards": list(plan.guards),
        "looks": 1,
        "notes": [],
        "versions": {"augbuild": "0.1.0", "torch": "2.9.0"},
    }  # fmt: skip


def _write_run(
    root: Path, plan: Plan, key: tuple[int, int], fold: int | None, difficulty: Any
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
    run = RunFolder(root)
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
