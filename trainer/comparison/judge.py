"""The result of a comparison, as comparison.json holds it: from what was declared and what the runs predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from augbuild.errors import RunError
from trainer.comparison.design import run_id
from trainer.statistics.contrast import (
    ContrastSettings,
    Runs,
    TrainedArm,
    arm_accuracy,
    contrast,
    primary_p,
)
from trainer.statistics.metrics import read_metrics
from trainer.statistics.scores import Predictions, confusion
from trainer.statistics.tests import holm
from trainer.statistics.verdict import GuardStop, judge
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_run_config

Facts = Mapping[str, Any]
_NAMED = 1  # findings that a verdict spells out


def stopped_result(facts: Facts) -> dict[str, Any]:
    """Give the result where a guard let no run begin."""
    reasons = tuple(_reason(guard) for guard in facts["guards"] if not guard["overridden"])
    contrasts = [
        {
            "treatment": treatment,
            "baseline": baseline,
            **asdict(judge(GuardStop(treatment, baseline, reasons))),
        }
        for treatment, baseline in facts["contrasts"]
    ]
    test = {**facts["test"], "looks": 0}
    return {**_head(facts, contrasts), **_body(facts, test, facts["arms"], contrasts, [])}


def _reason(guard: Facts) -> str:
    told = guard["findings"][:_NAMED]
    more = guard["count"] - len(told)
    return f"{guard['name']}: {'; '.join(told)}{f'; and {more:,} more' if more > 0 else ''}"


def _head(facts: Facts, contrasts: Sequence[Facts]) -> dict[str, Any]:
    primary = contrasts[0]
    return {
        "verdict": {"outcome": primary["outcome"], "sentence": primary["sentence"]},
        **{name: facts[name] for name in ("metric", "margin", "classes", "seeds", "budget")},
        "folds": max(1, len(facts["fold_numbers"])),
    }


def _body(
    facts: Facts,
    test: Facts,
    arms: Sequence[Facts],
    contrasts: Sequence[Facts],
    runs: Sequence[Facts],
) -> dict[str, Any]:
    notes = facts.get("notes", [])
    return {
        "test": test,
        "arms": arms,
        "contrasts": contrasts,
        "runs": runs,
        "guards": facts["guards"],
        "notes": notes,
    }


def judge_runs(runs: Path, facts: Facts) -> dict[str, Any]:
    """Judge finished runs; `facts` are those declared, with `looks` and `notes`; raises RunError where one is amiss."""
    overridden = tuple(f"{guard['name']} ({guard['count']:,} found)" for guard in facts["guards"])
    setting = ContrastSettings(
        list(facts["classes"]),
        facts["metric"],
        facts["margin"],
        facts["test"]["majority"],
        facts["looks"],
        overridden,
    )
    trained = {arm["name"]: _read_arm(runs, facts, arm) for arm in facts["arms"]}
    pairs = [(trained[treatment], trained[baseline]) for treatment, baseline in facts["contrasts"]]
    contrasts = [
        contrast(*pair, setting, p)
        for pair, p in zip(pairs, _adjusted(pairs, setting), strict=True)
    ]
    rows = [
        _row(runs, arm, seed, fold)
        for seed in facts["seeds"]
        for fold in _folds(facts)
        for arm in trained
    ]
    arms = [
        {**arm, **_of_arm(trained[arm["name"]].runs, rows, arm["name"], len(setting.classes))}
        for arm in facts["arms"]
    ]
    test = {**facts["test"], "looks": facts["looks"]}
    return {**_head(facts, contrasts), **_body(facts, test, arms, contrasts, rows)}


def _folds(facts: Facts) -> Sequence[int | None]:
    return facts["fold_numbers"] or [None]


def _adjusted(
    pairs: Sequence[tuple[TrainedArm, TrainedArm]], setting: ContrastSettings
) -> list[float | None]:
    """Adjust the primary p values for the number of contrasts, where there are several."""
    p_values = [primary_p(*pair, setting) for pair in pairs]
    known = [p for p in p_values if p is not None]
    if len(pairs) == 1 or len(known) < len(pairs):
        return [None] * len(pairs)
    return list(holm(known))


def _read_arm(runs: Path, facts: Facts, arm: Facts) -> TrainedArm:
    read: Runs = [
        [
            _read_run(runs / run_id(arm["name"], seed, fold), facts["classes"])
            for fold in _folds(facts)
        ]
        for seed in facts["seeds"]
    ]
    return TrainedArm(arm["name"], read, arm["steps"], arm["augmented"] / arm["images"])


def _read_run(root: Path, classes: Sequence[str]) -> Predictions:
    """Read what a run predicted, its classes by name, so that another order of them changes nothing."""
    run = RunFolder(root)
    table = read_predictions(run.predictions)
    if table.classes != read_run_config(run).classes:
        raise RunError(f"{run.predictions} does not go with {run.config}")
    index = {label: number for number, label in enumerate(classes)}
    return Predictions(
        np.array([index[target] for target in table.targets]),
        np.array([index.get(label, -1) for label in table.predicted]),
    )


def _row(runs: Path, arm: str, seed: int, fold: int | None) -> dict[str, Any]:
    name = run_id(arm, seed, fold)
    run = RunFolder(runs / name)
    metrics = read_metrics(run.metrics)
    if metrics is None:
        raise RunError(f"{run.metrics} is that of a run without test images")
    return {
        "id": name,
        "arm": arm,
        "seed": seed,
        "fold": fold,
        "accuracy": metrics.accuracy,
        "macro_f1": metrics.macro.f1,
        "log_loss": metrics.log_loss,
    }


def _of_arm(read: Runs, rows: Sequence[Facts], name: str, classes: int) -> dict[str, Any]:
    accuracy, low, high = arm_accuracy(read)
    own = [row for row in rows if row["arm"] == name]
    matrices = [confusion(fold, classes) for seed in read for fold in seed]
    return {
        "accuracy": accuracy,
        "accuracy_95": [low, high],
        "macro_f1": float(np.mean([row["macro_f1"] for row in own])),
        "log_loss": float(np.mean([row["log_loss"] for row in own])),
        "confusion_matrix": np.sum(matrices, axis=0).tolist(),
    }


_REMEDIES = {
    "leak": "take them out of one side, or split anew: `ignore_existing = true` in a recipe keeps such images together",
    "test-set": "give all arms the same test images",
    "classes": "give all arms the same classes",
}


def as_text(result: Facts) -> str:
    """Lay a result out for people: the arms and a sentence for each contrast, or what the guards found."""
    parts = [_table(result["arms"])] if result["runs"] else []
    parts += dict.fromkeys(each["sentence"] for each in result["contrasts"])
    for guard in (each for each in result["guards"] if not each["overridden"]):
        name = guard["name"]
        found = "\n".join(f"  {finding}" for finding in guard["findings"])
        parts.append(
            f"What {name} found:\n{found}\nTo go on, {_REMEDIES[name]}; or --override {name} --resume."
        )
    return "\n\n".join([*parts, *result["notes"]])


def _table(arms: Sequence[Facts]) -> str:
    width = max(len("arm"), *(len(arm["name"]) for arm in arms))
    lines = [f"{'arm':<{width}}  accuracy         95 %  macro F1  log-loss  images   steps"]
    for arm in arms:
        low, high = arm["accuracy_95"]
        lines.append(
            f"{arm['name']:<{width}}  {arm['accuracy']:>8.4f}  {low:.3f}–{high:.3f}  {arm['macro_f1']:>8.4f}  "
            f"{arm['log_loss']:>8.4f}  {arm['images']:>6,}  {arm['steps']:>6,}"
        )
    return "\n".join(lines)
