"""The result of a comparison, read back from its comparison.json: every value checked, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from augbuild.errors import RunError
from trainer.comparison.fields import Fields
from trainer.statistics.verdict import Outcome
from trainer.training.run import read_json

RESULT = "comparison.json"
OVERALL = 2
"""The details that come first: accuracy, and macro F1. A class may be called `macro`, so their place tells them."""

_RUN_ID = re.compile(
    r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,199}"
)  # it names a folder, so never one above


@dataclass(frozen=True, slots=True)
class Scores:
    """What an arm scored over all its runs: means as shares, and its confusion matrices added up."""

    accuracy: float
    low: float
    high: float
    macro_f1: float
    log_loss: float
    confusion_matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm: its training images, and its scores unless a guard stopped the comparison."""

    name: str
    manifest: str
    train_on: str | None
    images: int
    sources: int
    steps: int | None
    scores: Scores | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One descriptive difference: a metric of all images, of the mean over classes (macro), or of one class."""

    metric: str
    of: str
    delta: float
    low: float | None
    high: float | None
    p: float | None
    adjusted_p: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured between two arms, as shares; `low` and `high` are None where there is one seed."""

    delta: float
    low: float | None
    high: float | None
    p: float | None
    adjusted_p: float | None
    disagree: float
    by_seed: tuple[float, ...]
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """Two arms held against each other, and the verdict on them; None was measured where a guard stopped it."""

    treatment: str
    baseline: str
    outcome: str
    sentence: str
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run: its folder's name, and what it scored on its test images."""

    id: str
    arm: str
    seed: int
    fold: int | None
    accuracy: float
    macro_f1: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard that found something, how much of it, and whether it was overridden."""

    name: str
    findings: tuple[str, ...]
    count: int
    overridden: bool


@dataclass(frozen=True, slots=True)
class Result:
    """A whole comparison; `contrasts` holds the primary one first, and its verdict is that of the comparison."""

    outcome: str
    sentence: str
    metric: str
    margin: float
    classes: tuple[str, ...]
    folds: int
    seeds: tuple[int, ...]
    budget: str
    test_images: int
    majority: float
    looks: int | None
    arms: tuple[ArmResult, ...]
    contrasts: tuple[ContrastResult, ...]
    runs: tuple[RunResult, ...]
    guards: tuple[Guard, ...]
    notes: tuple[str, ...]

    def arm(self, name: str) -> ArmResult:
        """Give an arm by its name."""
        return next(arm for arm in self.arms if arm.name == name)

    def runs_of(self, arm: str) -> tuple[RunResult, ...]:
        """Give the runs of an arm."""
        return tuple(run for run in self.runs if run.arm == arm)


def read_result(folder: Path) -> Result:
    """Read the comparison.json of a finished comparison; raises RunError for anything that is not one."""
    file = folder / RESULT
    if not file.is_file():
        raise RunError(f"{file} does not exist; {folder} is no finished comparison of trainer")
    try:
        fields = Fields(file, read_json(file))
    except RecursionError as error:
        raise RunError(
            f"{file} is not what trainer compare writes: it is nested too deeply"
        ) from error
    for name in ("classes", "arms", "seeds", "contrasts"):
        if not fields.items(name):
            raise fields.wrong(name, "a list of one or more")
    verdict, test, budget = fields.object("verdict"), fields.object("test"), fields.object("budget")
    classes = fields.texts("classes")
    arms = tuple(_arm(each, len(classes)) for each in fields.objects("arms"))
    names = {arm.name for arm in arms}
    seeds = fields.wholes("seeds")
    contrasts = tuple(_contrast(each, names, len(seeds)) for each in fields.objects("contrasts"))
    return Result(
        _outcome(verdict), verdict.text("sentence"), _one_of(fields, "metric", ("accuracy", "macro F1")),
        fields.number("margin"), classes, fields.whole("folds"), seeds,
        f"{budget.whole('number'):,} {_one_of(budget, 'kind', ('steps', 'epochs'))}",
        test.whole("images"), test.number("majority"), test.maybe("looks", test.whole), arms, contrasts,
        tuple(_run(each, names) for each in fields.objects("runs")),
        tuple(map(_guard, fields.objects("guards"))), fields.texts("notes"),
    )  # fmt: skip


def _one_of(fields: Fields, name: str, known: Iterable[str]) -> str:
    value = fields.text(name)
    if value not in known:
        raise fields.wrong(name, f"one of {', '.join(known)}")
    return value


def _outcome(fields: Fields) -> str:
    return _one_of(fields, "outcome", get_args(Outcome))


def _arm(fields: Fields, classes: int) -> ArmResult:
    return ArmResult(
        fields.text("name"), fields.text("manifest"), fields.maybe("train_on", fields.text), fields.whole("images"),
        fields.whole("sources"), fields.maybe("steps", fields.whole),
        _scores(fields, classes) if "accuracy" in fields else None,
    )  # fmt: skip


def _scores(fields: Fields, classes: int) -> Scores:
    ends = fields.numbers("accuracy_95")
    if len(ends) != 2:
        raise fields.wrong("accuracy_95", "two numbers")
    low, high = ends
    return Scores(
        fields.number("accuracy"), low, high, fields.number("macro_f1"), fields.number("log_loss"),
        fields.matrix("confusion_matrix", classes),
    )  # fmt: skip


def _contrast(fields: Fields, arms: set[str], seeds: int) -> ContrastResult:
    return ContrastResult(
        _one_of(fields, "treatment", arms), _one_of(fields, "baseline", arms), _outcome(fields),
        fields.text("sentence"), _measured(fields, seeds) if "delta" in fields else None,
    )  # fmt: skip


def _measured(fields: Fields, seeds: int) -> Measured:
    by_seed, disagree = fields.numbers("by_seed"), fields.number("disagree")
    if len(by_seed) != seeds:
        raise fields.wrong("by_seed", f"{seeds} numbers, one for each seed")
    if not 0 <= disagree <= 1:
        raise fields.wrong("disagree", "a share")
    return Measured(
        fields.number("delta"), *_interval(fields), disagree, by_seed, tuple(map(_detail, fields.objects("details")))
    )  # fmt: skip


def _detail(fields: Fields) -> Detail:
    return Detail(
        fields.text("metric"), fields.text("of"), fields.number("delta"), *_interval(fields)
    )


def _interval(fields: Fields) -> tuple[float | None, float | None, float | None, float | None]:
    """Read low, high, p and adjusted p, all of which may be null."""
    low, high, p, adjusted_p = (
        fields.maybe(name, fields.number) for name in ("low", "high", "p", "adjusted_p")
    )
    return low, high, p, adjusted_p


def _run(fields: Fields, arms: set[str]) -> RunResult:
    name = fields.text("id")
    if not _RUN_ID.fullmatch(name):
        raise fields.wrong("id", "the name of a run's folder")
    return RunResult(
        name, _one_of(fields, "arm", arms), fields.whole("seed"), fields.maybe("fold", fields.whole),
        fields.number("accuracy"), fields.number("macro_f1"), fields.number("log_loss"),
    )  # fmt: skip


def _guard(fields: Fields) -> Guard:
    findings = fields.texts("findings")
    count = fields.maybe("count", fields.whole)
    return Guard(
        fields.text("name"),
        findings,
        len(findings) if count is None else count,
        fields.truth("overridden"),
    )
