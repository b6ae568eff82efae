"""The figures of one comparison folder: what is put into each, and why one is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from augbuild.errors import RunError, TableError, TrainerError
from trainer.comparison.result import OVERALL, ArmResult, ContrastResult, Detail, Measured, Result
from trainer.data.samples import Sample, Table, TrainOn, training_samples
from trainer.data.tables import read_table
from trainer.figures.confusion import draw_confusion
from trainer.figures.deltas import Interval, draw_deltas
from trainer.figures.flipped import draw_flips
from trainer.figures.learning import draw_learning
from trainer.figures.power import draw_power
from trainer.figures.slopes import Slopes, draw_slopes
from trainer.report.flips import MOST_SEARCHED, count_hits, find_flips, picture_flips
from trainer.training.run import EpochReport, RunFolder, read_epochs

Config = Mapping[str, Any]

PLANNED = 0.3
"""The share of test images on which a pair of runs is taken to disagree before any has been trained."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: the stem of its file, what it shows in a few words, how to read it, and its PNG file."""

    stem: str
    title: str
    caption: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Gallery:
    """All figures that could be drawn, in the order of the report, and a sentence for each that could not.

    `deltas` has one figure for each contrast, and `confusion` one for each arm.
    """

    slopes: Drawn | None = None
    deltas: tuple[Drawn, ...] = ()
    power: Drawn | None = None
    confusion: tuple[Drawn, ...] = ()
    learning: Drawn | None = None
    flips: Drawn | None = None
    missing: tuple[str, ...] = ()

    def all(self) -> Iterator[Drawn]:
        """Give every figure."""
        several = (
            self.slopes,
            *self.deltas,
            self.power,
            *self.confusion,
            self.learning,
            self.flips,
        )
        yield from (drawn for drawn in several if drawn is not None)


def draw_gallery(folder: Path, result: Result, config: Config) -> Gallery:
    """Draw all figures of a finished comparison; of one that a guard stopped there are none."""
    measured = [(each, each.measured) for each in result.contrasts if each.measured is not None]
    if not measured or measured[0][0] is not result.contrasts[0]:
        return Gallery()
    missing: list[str] = []

    def attempt(name: str, draw: Callable[[], Drawn]) -> Drawn | None:
        try:
            return draw()
        except (TrainerError, OSError, ValueError) as error:
            missing.append(f"{name} left out: {str(error).replace(f'{folder}/', '')}.")
            return None

    return Gallery(
        attempt("The seeds' slopes are", lambda: _slopes(result)),
        tuple(_deltas(number, *each, result) for number, each in enumerate(measured, start=1)),
        attempt("The power curve is", lambda: _power(measured[0][1], result)),
        tuple(
            _confusion(number, arm, result)
            for number, arm in enumerate(result.arms, start=1)
            if arm.scores
        ),
        attempt("The learning curves are", lambda: _learning(folder, result)),
        attempt("The images that flipped are", lambda: _flips(folder, result, config)),
        tuple(missing),
    )


def _slopes(result: Result) -> Drawn:
    contrasts = [
        Slopes(
            each.baseline,
            each.treatment,
            _by_seed(result, each.baseline),
            _by_seed(result, each.treatment),
        )
        for each in result.contrasts
    ]
    majority = result.majority if result.metric == "accuracy" else None
    over = ", a mean over its folds" if result.folds > 1 else ""
    caption = (
        f"Each line is one seed{over}: both its runs began with the same weights and saw common images in the same "
        "order. Wider lines are several seeds with the same two values."
    )
    return Drawn(
        "slopes", f"Test {result.metric} of each seed in either arm", caption,
        draw_slopes(contrasts, result.metric, majority),
    )  # fmt: skip


def _by_seed(result: Result, arm: str) -> tuple[float, ...]:
    runs = result.runs_of(arm)
    scores = [
        [
            run.accuracy if result.metric == "accuracy" else run.macro_f1
            for run in runs
            if run.seed == seed
        ]
        for seed in result.seeds
    ]
    if not all(scores):
        raise RunError(f"comparison.json does not list a run of {arm} for every seed")
    return tuple(float(np.mean(each)) for each in scores)


def _deltas(number: int, contrast: ContrastResult, measured: Measured, result: Result) -> Drawn:
    rows = [
        _interval(_name(detail, overall=place < OVERALL), detail, result)
        for place, detail in enumerate(measured.details)
        if place < OVERALL or detail.metric == "F1"
    ]
    if not rows:
        rows = [Interval(result.metric, measured.delta, measured.low, measured.high, main=True)]
    what = (
        "Dots are differences"
        if measured.low is None
        else "Dots are differences, lines their 95 % intervals"
    )
    caption = (
        f"{what}; right of the line at 0, {contrast.treatment} is better. The verdict is about {result.metric}; "
        "the others describe."
    )
    title = f"Difference {contrast.treatment} − {contrast.baseline}, by metric and class"
    png = draw_deltas(contrast.treatment, contrast.baseline, rows, result.margin)
    return Drawn(f"deltas-{number}", title, caption, png)


def _name(detail: Detail, *, overall: bool) -> str:
    known = {("accuracy", "all"): "accuracy", ("F1", "macro"): "macro F1"} if overall else {}
    return known.get((detail.metric, detail.of), f"{detail.metric} of {detail.of}")


def _interval(name: str, detail: Detail, result: Result) -> Interval:
    return Interval(name, detail.delta, detail.low, detail.high, main=name == result.metric)


def _power(measured: Measured, result: Result) -> Drawn:
    gains = [
        each.delta for each in measured.details if (each.metric, each.of) == ("accuracy", "all")
    ]
    if not gains and result.metric != "accuracy":
        raise RunError("comparison.json does not hold the difference in accuracy")
    gain = gains[0] if gains else measured.delta
    caption = (
        "A gain below the curve is lost in the noise of so many test images: it is for one pair of runs, at 80 % "
        "power; more seeds see a little more. The dashes lead to the gain that this test set sees, and to the size "
        "that would see its own."
    )
    png = draw_power(result.test_images, gain, measured.disagree, PLANNED)
    return Drawn("power", "The gain that a test set can see, by its size", caption, png)


def _confusion(number: int, arm: ArmResult, result: Result) -> Drawn:
    assert arm.scores is not None, "asked for arms with scores only"
    runs = len(result.runs_of(arm.name))
    title = f"Confusion matrix of {arm.name}, {runs} run{'s' * (runs != 1)} added up"
    return Drawn(
        f"confusion-{number}",
        title,
        "",
        draw_confusion(arm.scores.confusion_matrix, result.classes, arm.name),
    )


def _learning(folder: Path, result: Result) -> Drawn:
    arms = {
        arm.name: [_epochs(RunFolder(folder / "runs" / run.id)) for run in result.runs_of(arm.name)]
        for arm in result.arms
    }
    if not all(arms.values()):
        raise RunError("comparison.json does not list runs of every arm")
    caption = "Lines are means over an arm's runs, bands go from the least run to the greatest. Training images only."
    return Drawn(
        "learning", "Loss and accuracy on training images by step", caption, draw_learning(arms)
    )


def _epochs(run: RunFolder) -> list[EpochReport]:
    rows = read_epochs(run.epochs)
    if not rows:
        raise RunError(f"{run.epochs} is not there")
    return rows


def _flips(folder: Path, result: Result, config: Config) -> Drawn:
    primary = result.contrasts[0]
    baseline, treatment = (
        count_hits(RunFolder(folder / "runs" / run.id) for run in result.runs_of(arm))
        for arm in (primary.baseline, primary.treatment)
    )
    flips = find_flips(baseline, treatment)
    if not flips:
        raise RunError("no test image is right more often in one arm than in the other")
    train = _variants(result.arm(primary.treatment), config)
    pictured = picture_flips(flips, _samples(result.arms[0].manifest, config), train)
    if not pictured:
        raise TableError("their files cannot be read any more")
    few = f" ({MOST_SEARCHED:,} of them were looked at)" if len(train) > MOST_SEARCHED else ""
    caption = (
        f"The test images whose prediction changed in most runs from {primary.baseline} to {primary.treatment}, and "
        f"the training images of {primary.treatment} nearest to each{few}, by the difference of small thumbnails."
    )
    return Drawn(
        "flips", "Test images whose prediction flipped most", caption, draw_flips(pictured)
    )


def _variants(arm: ArmResult, config: Config) -> Sequence[Sample]:
    """Give the variants that an arm trained on, or all its images where it has none."""
    if arm.train_on not in {None, *get_args(TrainOn)}:
        raise RunError(f"comparison.json has an arm that trains on {arm.train_on!r}")
    train_on: TrainOn | None = arm.train_on  # type: ignore[assignment]  # just checked
    train = training_samples(_table(arm.manifest, config), train_on)
    return [sample for sample in train if sample.augmented] or train


def _samples(manifest: str, config: Config) -> Sequence[Sample]:
    return _table(manifest, config).samples


def _table(manifest: str, config: Config) -> Table:
    """Read a manifest as the command line named it; raises TableError where it is not the one compared."""
    table = read_table(Path(manifest))
    if _sha256(manifest, config) not in {None, table.sha256}:
        raise TableError(f"{manifest} has changed since")
    return table


def _sha256(manifest: str, config: Config) -> object:
    """Find the hash that a manifest had when its images were compared."""
    manifests, arms = config.get("manifests"), config.get("arms")
    if isinstance(manifests, dict):
        return manifests.get(manifest)
    rows = [arm for arm in arms if isinstance(arm, dict)] if isinstance(arms, list) else []
    return next(
        (arm.get("manifest_sha256") for arm in rows if arm.get("manifest") == manifest), None
    )
