"""The figures that comparison.json alone is enough for: slopes, differences, power, confusion."""

from __future__ import annotations

import numpy as np

from augbuild.core.text import plural
from augbuild.errors import RunError
from trainer.comparison.result import ArmResult, ComparisonResult
from trainer.figures.confusion import draw_confusion
from trainer.figures.deltas import Interval, draw_deltas
from trainer.figures.power import draw_power
from trainer.figures.slopes import Slopes, draw_slopes
from trainer.report.drawn import Drawn
from trainer.statistics.contrast import ContrastResult
from trainer.statistics.details import Detail, count_overall
from trainer.statistics.sample_size import Measured
from trainer.statistics.verdict.digits import format_level
from trainer.statistics.verdict.evidence import FEWEST_SEEDS


def chart_slopes(result: ComparisonResult) -> Drawn:
    """Draw what the metric of each seed became; raises RunError where a seed has no run."""
    contrasts = []
    for contrast in result.contrasts:
        before = _scores_by_seed(result, contrast.baseline)
        after = _scores_by_seed(result, contrast.treatment)
        slopes = Slopes(contrast.baseline, contrast.treatment, before, after)
        contrasts.append(slopes)
    # The majority rate is an accuracy, and says nothing about F1.
    majority = result.test.majority if result.metric == "accuracy" else None
    over_folds = ", a mean over its folds" if result.folds > 1 else ""
    caption = (
        f"Each line is one seed{over_folds}: both of its runs began with the same weights and saw "
        "the images that they share in the same order. Wider lines are several seeds with the "
        "same two values."
    )
    title = f"Test {result.metric} of each seed in either arm"
    png = draw_slopes(contrasts, result.metric, majority)
    return Drawn("slopes", title, caption, png)


def _scores_by_seed(result: ComparisonResult, arm: str) -> tuple[float, ...]:
    scores: dict[int, list[float]] = {seed: [] for seed in result.seeds}
    for run in result.runs_of(arm):
        scores.setdefault(run.seed, []).append(run.score(result.metric))
    # With folds a seed has several runs, each on its own part of the images.
    means = []
    for seed in result.seeds:
        if not scores[seed]:
            raise RunError(f"comparison.json does not list a run of {arm} for every seed")
        means.append(float(np.mean(scores[seed])))
    return tuple(means)


def chart_deltas(number: int, contrast: ContrastResult, result: ComparisonResult) -> Drawn:
    """Draw the differences of a contrast: of all images, and F1 of each class."""
    rows = []
    of_no_class = count_overall(contrast.details)
    for place, detail in enumerate(contrast.details):
        overall = place < of_no_class
        if overall or detail.metric == "F1":
            name = _detail_name(detail, overall=overall)
            main = name == result.metric
            # The verdict's own interval is adjusted for the contrasts, not for the metrics.
            source = contrast if main else detail
            rows.append(Interval(name, detail.delta, source.low, source.high, main))
    if not rows:
        row = Interval(result.metric, contrast.delta, contrast.low, contrast.high, main=True)
        rows.append(row)
    lines = ""
    if contrast.low is not None:
        level = format_level(1 - contrast.alpha)
        lines = (
            f", lines their intervals ({level} of the verdict's, 95 % of the others together, "
            "adjusted for their number)"
        )
    caption = (
        f"Dots are differences{lines}; right of the line at 0, {contrast.treatment} is better. "
        f"The verdict is about {result.metric}; the others describe."
    )
    title = f"Difference {contrast.treatment} − {contrast.baseline}, by metric and class"
    png = draw_deltas(contrast.treatment, contrast.baseline, rows, result.margin)
    return Drawn(f"deltas-{number}", title, caption, png)


def _detail_name(detail: Detail, *, overall: bool) -> str:
    # A class may be called "macro", too: it means the mean over classes in the first rows only.
    if (detail.metric, detail.of) == ("accuracy", "all"):
        return "accuracy"
    if overall:
        return "macro F1" if detail.metric == "F1" else detail.metric
    return f"{detail.metric} of {detail.of}"


def chart_power(result: ComparisonResult) -> Drawn | None:
    """Draw what this comparison can see, for the primary contrast.

    None where fewer than three seeds trained: there are no variances to draw from.
    """
    primary = result.contrasts[0]
    if primary.components is None or primary.pairs < FEWEST_SEEDS or result.folds > 1:
        return None
    images = result.test.images
    independent = primary.independent or float(images)
    measured = Measured(primary.components, primary.pairs, images, independent)
    caption = (
        "A gain below a band is lost in the noise of a comparison of that size; one above it is "
        "found in 80 of 100. The bands are as wide as the variances measured here are uncertain."
    )
    png = draw_power(measured, primary.delta, result.metric)
    return Drawn("power", "The gain that this comparison can see, by its size", caption, png)


def chart_confusion(number: int, arm: ArmResult, result: ComparisonResult) -> Drawn:
    """Draw the confusion matrix of an arm, over all its runs."""
    runs = plural(len(result.runs_of(arm.name)), "run")
    title = f"Confusion matrix of {arm.name}, {runs} added up"
    png = draw_confusion(arm.confusion_matrix, result.classes, arm.name)
    return Drawn(f"confusion-{number}", title, "", png)
