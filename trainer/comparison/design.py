"""What a comparison sets out to do, fixed before any training: arms, contrasts, seeds, budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct, structs

from augbuild.core.ranges import Positive
from augbuild.errors import UsageError
from trainer.comparison.looks.levels import UNDECLARED, Declared
from trainer.data.samples import TrainOn
from trainer.training.config import FitConfig, make_config

Metric = Literal["accuracy", "macro F1", "balanced accuracy"]
BudgetKind = Literal["steps", "epochs"]
ArmPair = tuple[str, str]
"""The names of a treatment and of its baseline."""

PLACEBO: TrainOn = "placebo"
_METRICS: dict[str, Metric] = {
    "accuracy": "accuracy",
    "macro-f1": "macro F1",
    "balanced-accuracy": "balanced accuracy",
}
_NO_PLACEBO = (
    "The placebo was not trained: with equal steps it is the same as the arm original; "
    "use --budget epochs:N to train it."
)
_TRAIN_ON: tuple[TrainOn, ...] = get_args(TrainOn)
# Most people add variants to their photos; variants instead of them are the lab's question.
_DEFAULT_ARMS: tuple[TrainOn, ...] = ("original", "original+augmented", "augmented")

# The name of an arm is part of the names of its runs' folders.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")

_SET_BY_RUN = frozenset({"train_on", "test_manifest", "holdout", "fold", "epochs", "steps"})
_MOST_SEEDS = 1000  # each is a training of its own: more is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class Arm:
    """One training set: a manifest, and which of its training images (None: all)."""

    name: str
    manifest: str
    train_on: TrainOn | None = None


class Budget(Struct, frozen=True):
    """How long each run trains: so many optimiser steps, or so many passes over all its images."""

    kind: BudgetKind
    number: Positive


@dataclass(frozen=True, slots=True)
class Design:
    """All that is fixed before the first run.

    `contrasts` are (treatment, baseline), the first the primary one. Every arm is tested on the
    test images of the first arm's manifest. `fit` has what all runs share. `budget` is None until
    the arms' sizes are known, where none was asked for. `declared` is how often the test images
    will be looked at. `notes` stand beside the verdict.
    """

    arms: tuple[Arm, ...]
    contrasts: tuple[ArmPair, ...]
    seeds: tuple[int, ...]
    budget: Budget | None
    fit: FitConfig
    metric: Metric
    margin: float
    folds: bool
    notes: tuple[str, ...]
    declared: Declared = UNDECLARED


def from_options(
    *, manifest: str | None, arms: str | None, named: Sequence[str], ablate: str | None,
    seeds: int, budget: str | None, metric: str, margin: float, folds: bool,
    max_seeds: int | None, recipes: int | None, config: Path | None,
    **training: object,
) -> Design:  # fmt: skip
    """Make a design from the options of `trainer compare`; raises UsageError.

    `training` are those that `trainer fit` has, too; its `source` is how tables are read.
    """
    if named:
        if manifest or arms:
            raise UsageError("--arm brings its own manifest; remove --manifest and --arms")
        manifest = named[0].partition("=")[2]
    if ablate:
        if manifest or named or folds:
            raise UsageError("--ablate makes its own manifests; remove --manifest, --arm, --folds")
        if training.get("source"):
            raise UsageError("--ablate reads tables as [source] of the recipe says; write it there")
        manifest = ablate
    fit = make_config({"manifest": manifest, **training}, config)
    return make_design(
        fit,
        arms=arms,
        named=named,
        seeds=seeds,
        budget=budget,
        metric=_METRICS[metric],
        margin=margin,
        folds=folds,
        ablate=ablate is not None,
        declared=Declared(max_seeds, recipes),
    )


def make_design(
    fit: FitConfig, *, arms: str | None = None, named: Sequence[str] = (), ablate: bool = False,
    seeds: int = 10, budget: str | None = None, metric: Metric = "accuracy",
    margin: float = 0.02, folds: bool = False, declared: Declared = UNDECLARED,
) -> Design:  # fmt: skip
    """Make a design from what the command line gives; raises UsageError.

    `arms` names training images of one manifest, with commas; `named` are NAME=MANIFEST. The first
    arm is the baseline. With `ablate` there is one arm, of all images by default, from which
    `make_ablation` then makes one for each transform.
    """
    _refuse_what_runs_set(fit)
    _check_numbers(seeds, declared, margin)
    limit = parse_budget(budget) if budget else None
    chosen = _named_arms(named) if named else _arms_of(fit.manifest, arms, limit, ablate)
    names = [arm.name for arm in chosen]
    notes = [_NO_PLACEBO] if PLACEBO in (arms or "") and PLACEBO not in names else []
    if folds:
        _check_folds(fit, chosen)
    return Design(
        arms=chosen,
        contrasts=_pair_arms(names),
        seeds=tuple(range(fit.seed, fit.seed + seeds)),
        budget=limit,
        fit=fit,
        metric=metric,
        margin=margin,
        folds=folds,
        notes=tuple(notes),
        declared=declared,
    )


def _check_numbers(seeds: int, declared: Declared, margin: float) -> None:
    if not 0 < margin < 1:
        raise UsageError(f"--margin is a share: 0.02 is two points (got {margin:g})")
    if not 1 <= seeds <= _MOST_SEEDS:
        raise UsageError(f"--seeds must be from 1 to {_MOST_SEEDS} (got {seeds})")
    most = declared.max_seeds
    if most is not None and not seeds <= most <= _MOST_SEEDS:
        raise UsageError(
            f"--max-seeds must be from --seeds, {seeds}, to {_MOST_SEEDS} (got {most})"
        )


def _check_folds(fit: FitConfig, arms: Sequence[Arm]) -> None:
    """Raise UsageError where folds cannot be what arms are tested on."""
    if fit.tests_on_validation:
        raise UsageError("--folds cannot be combined with --test-split; choose one test set")
    if len({arm.manifest for arm in arms}) > 1:
        raise UsageError("--folds compares arms of one manifest, built with [split] folds")


def _refuse_what_runs_set(fit: FitConfig) -> None:
    for field in structs.fields(FitConfig):
        if field.name in _SET_BY_RUN and getattr(fit, field.name) != field.default:
            raise UsageError(
                f"a comparison sets {field.name} itself, from its arms and budget; "
                "remove it from --config"
            )


def parse_budget(text: str) -> Budget:
    """Read `steps:N` or `epochs:N`; raises UsageError."""
    # Nine digits at most: a run takes up to 10⁹ steps.
    match = re.fullmatch(r"(steps|epochs):([1-9][0-9]{0,8})", text)
    if match is None:
        raise UsageError(f"--budget must be steps:N or epochs:N (got {text!r})")
    kind: BudgetKind = "steps" if match[1] == "steps" else "epochs"
    return Budget(kind, int(match[2]))


def _arms_of(
    manifest: str, given: str | None, budget: Budget | None, ablate: bool
) -> tuple[Arm, ...]:
    """Choose arms of one manifest by the images that they train on."""
    default = "original+augmented" if ablate else ",".join(_DEFAULT_ARMS)
    choices: list[TrainOn] = []
    for part in (given or default).split(","):
        name = part.strip()
        known = [choice for choice in _TRAIN_ON if choice == name]
        if not known:
            raise UsageError(
                f"--arms must be some of {', '.join(_TRAIN_ON)} (got {name!r}); "
                "--arm NAME=MANIFEST for others"
            )
        choices += known
    if budget is None or budget.kind == "steps":
        # With as many steps on the originals, however often listed, a placebo is the arm original.
        choices = [choice for choice in choices if choice != PLACEBO]
    if not ablate:
        _check_names(choices, "--arms")
    elif len(choices) != 1:
        got = ", ".join(choices)
        message = f"--ablate trains on one choice of images; name one with --arms (got {got})"
        raise UsageError(message)
    return tuple(Arm(choice, manifest, choice) for choice in choices)


def _named_arms(given: Sequence[str]) -> tuple[Arm, ...]:
    arms = []
    for each in given:
        name, _, manifest = each.partition("=")
        if not manifest or not _NAME.fullmatch(name):
            raise UsageError(
                f"--arm must be NAME=MANIFEST, a name of letters, digits and ._+- (got {each!r})"
            )
        arms.append(Arm(name, manifest))
    _check_names([arm.name for arm in arms], "--arm")
    return tuple(arms)


def _check_names(names: Sequence[str], option: str) -> None:
    if len(names) < 2:
        raise UsageError(
            f"{option} must name two arms or more, the baseline first (got {', '.join(names)})"
        )
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{option} lists {name!r} twice")


def _pair_arms(names: Sequence[str]) -> tuple[ArmPair, ...]:
    """Pair each arm with the first, and the augmented one with the placebo.

    A placebo is as much training on nothing new.
    """
    # Each against the baseline alone: every pair more makes Holm's adjustment harsher.
    baseline = names[0]
    pairs = [(name, baseline) for name in names[1:]]
    if "augmented" in names and PLACEBO in names[1:]:
        pairs.append(("augmented", PLACEBO))
    return tuple(pairs)
