"""What a comparison sets out to do, declared before any training: arms, contrasts, seeds, budget, metric, margin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import msgspec

from augbuild.errors import UsageError
from trainer.data.samples import TrainOn
from trainer.training.config import FitConfig, make_config

Metric = Literal["accuracy", "macro F1"]
Kind = Literal["steps", "epochs"]

PLACEBO = "placebo"
_NO_PLACEBO = "The placebo was not trained: on equal steps it is the arm original again; --budget epochs:N has use for it."
_ARMS = ("original", "augmented", "original+augmented")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")  # it names folders

_SET_BY_RUN = frozenset(
    {"manifest", "train_on", "test_manifest", "holdout", "fold", "seed", "epochs", "steps"}
)


@dataclass(frozen=True, slots=True)
class Arm:
    """One training set: a manifest, and which of its training images (None: all)."""

    name: str
    manifest: str
    train_on: TrainOn | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How long each run trains: so many optimiser steps, or so many passes over all its images."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Design:
    """All that is fixed before the first run; `contrasts` are (treatment, baseline), the first the primary one.

    Every arm is tested on the test images of the first arm's manifest. `fit` holds what all runs share. `budget` is
    None until the arms' sizes are known, where none was asked for. `notes` are what to say beside the verdict.
    """

    arms: tuple[Arm, ...]
    contrasts: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    budget: Budget | None
    fit: FitConfig
    metric: Metric = "accuracy"
    margin: float = 0.02
    folds: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the design as JSON would hold it; of `fit` what an arm, a seed or the budget does not set."""
        fit = {
            name: value
            for name, value in msgspec.structs.asdict(self.fit).items()
            if name not in _SET_BY_RUN
        }
        return {
            "arms": [asdict(arm) for arm in self.arms],
            "contrasts": [list(pair) for pair in self.contrasts],
            "seeds": list(self.seeds),
            "budget": asdict(self.budget) if self.budget else None,
            "metric": self.metric,
            "margin": self.margin,
            "folds": self.folds,
            "fit": fit,
        }


def from_options(given: Mapping[str, Any]) -> Design:
    """Make a design of the options of `trainer compare`, those of training among them; raises UsageError."""
    values = dict(given)
    own = {
        name: values.pop(name)
        for name in ("arms", "named", "seeds", "budget", "metric", "margin", "folds", "ablate")
    }
    own["metric"] = "macro F1" if own["metric"] == "macro-f1" else "accuracy"
    config = values.pop("config")
    values["compile"] = values.pop("compile_")
    if own["named"]:
        if values["manifest"] or own["arms"]:
            raise UsageError("--arm brings its own manifest; leave --manifest and --arms out")
        values["manifest"] = own["named"][0].partition("=")[2]
    if own["ablate"]:
        if values["manifest"] or own["named"] or own["folds"]:
            raise UsageError(
                "--ablate builds its own manifests; leave --manifest, --arm and --folds out"
            )
        values["manifest"] = own["ablate"]
    return make_design(make_config(values, config), **own)


def make_design(
    fit: FitConfig,
    *,
    arms: str | None = None,
    named: Sequence[str] = (),
    seeds: int = 10,
    budget: str | None = None,
    metric: Metric = "accuracy",
    margin: float = 0.02,
    folds: bool = False,
    ablate: str | None = None,
) -> Design:
    """Make a design of what the command line gives; raises UsageError.

    `arms` names training images of one manifest, with commas; `named` are NAME=MANIFEST. The first arm is the baseline.
    With `ablate` there is one arm, all images by default, of which `trainer.ablate` then makes one for each transform.
    """
    _refuse_what_runs_set(fit)
    limit = parse_budget(budget) if budget else None
    chosen = (
        _named_arms(named) if named else _arms_of(fit.manifest, arms, limit, ablate is not None)
    )
    if not 1 <= seeds <= 1000:
        raise UsageError(f"--seeds must be from 1 to 1000 (got {seeds})")
    if not 0 < margin < 1:
        raise UsageError(f"--margin is a share: 0.02 is two points (got {margin:g})")
    if folds and len({arm.manifest for arm in chosen}) > 1:
        raise UsageError("--folds compares arms of one manifest, whose recipe has [split] folds")
    first = fit.seed
    contrasts = tuple(_contrasts([arm.name for arm in chosen]))
    notes = (
        (_NO_PLACEBO,)
        if PLACEBO in (arms or "") and PLACEBO not in [arm.name for arm in chosen]
        else ()
    )
    return Design(
        chosen,
        contrasts,
        tuple(range(first, first + seeds)),
        limit,
        fit,
        metric,
        margin,
        folds,
        notes,
    )


def _refuse_what_runs_set(fit: FitConfig) -> None:
    for field in msgspec.structs.fields(FitConfig):
        if (
            field.name in _SET_BY_RUN - {"manifest", "seed"}
            and getattr(fit, field.name) != field.default
        ):
            raise UsageError(
                f"a comparison sets {field.name} itself, from its arms and budget; leave it out of --config"
            )


def parse_budget(text: str) -> Budget:
    """Read `steps:N` or `epochs:N`; raises UsageError."""
    match = re.fullmatch(r"(steps|epochs):([1-9][0-9]{0,8})", text)
    if match is None:
        raise UsageError(f"--budget must be steps:N or epochs:N (got {text!r})")
    return Budget("steps" if match[1] == "steps" else "epochs", int(match[2]))


def _arms_of(
    manifest: str, given: str | None, budget: Budget | None, ablation: bool
) -> tuple[Arm, ...]:
    by_epochs = budget is not None and budget.kind == "epochs"
    default = ["original+augmented"] if ablation else [*_ARMS, *([PLACEBO] if by_epochs else [])]
    names = [name.strip() for name in given.split(",")] if given else default
    known = get_args(TrainOn)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"--arms must be some of {', '.join(known)} (got {unknown[0]!r}); --arm NAME=MANIFEST for others"
        )
    if not by_epochs:  # as many steps on the originals are what the arm `original` is
        names = [name for name in names if name != PLACEBO]
    if ablation and len(names) != 1:
        raise UsageError(
            f"--ablate trains on one choice of images; name one with --arms (got {', '.join(names)})"
        )
    if not ablation:
        _check_names(names, "--arms")
    return tuple(Arm(name, manifest, name) for name in names)  # type: ignore[arg-type]  # it is one of them


def _named_arms(given: Sequence[str]) -> tuple[Arm, ...]:
    arms = []
    for each in given:
        name, equals, manifest = each.partition("=")
        if not equals or not manifest or not _NAME.fullmatch(name):
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
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{option} names {twice!r} twice")


def _contrasts(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Hold each arm against the first, and the augmented one against the placebo: as much training on nothing new."""
    yield from ((name, names[0]) for name in names[1:])
    if "augmented" in names and PLACEBO in names[1:]:
        yield "augmented", PLACEBO


def run_config(design: Design, arm: Arm, seed: int, fold: int | None) -> FitConfig:
    """Give the configuration of one run, which `trainer fit` alone would train alike."""
    assert design.budget is not None, "resolved before any run"
    other = arm.manifest != design.arms[0].manifest
    length: Mapping[str, Any] = {design.budget.kind: design.budget.number}
    return msgspec.structs.replace(
        design.fit, manifest=arm.manifest, train_on=arm.train_on, seed=seed, fold=fold, holdout=0.0,
        test_manifest=design.arms[0].manifest if other else None, **length,
    )  # fmt: skip


def run_id(arm: str, seed: int, fold: int | None) -> str:
    """Name a run, and its folder."""
    return f"{arm}-seed{seed}" if fold is None else f"{arm}-fold{fold}-seed{seed}"
