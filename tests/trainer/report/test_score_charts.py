"""The figures of comparison.json alone: what goes into each, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from msgspec import structs

from augbuild.errors import RunError
from tests.trainer.comparison.fixtures import FOLDS, MANY, SINGLE
from tests.trainer.report.results import SMALL, measured
from trainer.comparison.result import ComparisonResult
from trainer.figures.confusion import draw_confusion
from trainer.figures.deltas import Interval, draw_deltas
from trainer.figures.power import draw_power
from trainer.figures.slopes import Slopes, draw_slopes
from trainer.report.score_charts import chart_confusion, chart_deltas, chart_power, chart_slopes
from trainer.statistics.sample_size import Measured

Draw = Callable[..., Figure]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> ComparisonResult:
    """A comparison of three arms and three seeds, by accuracy."""
    return measured(tmp_path_factory.mktemp("lab"), SMALL)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> ComparisonResult:
    """A comparison of one seed."""
    return measured(tmp_path_factory.mktemp("single"), SINGLE)


def scores(result: ComparisonResult, arm: str, metric: str) -> tuple[float, ...]:
    """Return a metric of each run of an arm, in the order of the seeds."""
    return tuple(getattr(run, metric) for run in result.runs_of(arm))


def test_slopes_go_from_the_baseline_to_the_treatment(lab: ComparisonResult) -> None:
    before = scores(lab, "original", "accuracy")
    expected = [
        Slopes("original", name, before, scores(lab, name, "accuracy"))
        for name in ("augmented", "original+augmented")
    ]
    drawn = chart_slopes(lab)
    assert drawn.stem == "slopes"
    assert drawn.png == draw_slopes(expected, "accuracy", 0.5)
    assert drawn.title == "Test accuracy of each seed in either arm"
    assert drawn.caption.startswith("Each line is one seed: both of its runs began")
    of_folds = chart_slopes(structs.replace(lab, folds=2))
    assert of_folds.caption.startswith("Each line is one seed, a mean over its folds: ")


def test_slopes_of_another_metric_know_no_majority(tmp_path: Path) -> None:
    many = measured(tmp_path, MANY)
    before = scores(many, "original", "macro_f1")
    expected = []
    for contrast in many.contrasts:
        after = scores(many, contrast.treatment, "macro_f1")
        expected.append(Slopes("original", contrast.treatment, before, after))
    assert chart_slopes(many).png == draw_slopes(expected, "macro F1", None)


def test_slopes_of_folds_are_means_over_them(tmp_path: Path) -> None:
    folds = measured(tmp_path, FOLDS)
    drawn = chart_slopes(folds)
    assert drawn.caption.startswith("Each line is one seed, a mean over its folds: ")
    means = {}
    for arm in ("original", "augmented"):
        runs = scores(folds, arm, "accuracy")
        seeds = [runs[4 * seed : 4 * seed + 4] for seed in range(3)]
        means[arm] = tuple(sum(seed) / 4 for seed in seeds)
    expected = [Slopes("original", "augmented", means["original"], means["augmented"])]
    assert drawn.png == draw_slopes(expected, "accuracy", 0.5)


def test_a_seed_without_a_run_is_one_sentence(lab: ComparisonResult) -> None:
    kept = tuple(run for run in lab.runs if run.id != "augmented-seed1")
    message = "comparison.json does not list a run of augmented for every seed"
    with pytest.raises(RunError, match=message):
        chart_slopes(structs.replace(lab, runs=kept))


def test_differences_are_of_all_images_and_f1_by_class(lab: ComparisonResult) -> None:
    contrast = lab.contrasts[1]
    kept = [*contrast.details[1:3], contrast.details[5], contrast.details[8]]
    names = ["macro F1", "balanced accuracy", "F1 of cats", "F1 of dogs"]
    # The interval of the verdict, which is not adjusted for the other metrics.
    rows = [Interval("accuracy", contrast.delta, contrast.low, contrast.high, main=True)]
    for name, detail in zip(names, kept, strict=True):
        rows.append(Interval(name, detail.delta, detail.low, detail.high, main=False))
    drawn = chart_deltas(2, contrast, lab)
    assert drawn.stem == "deltas-2"
    assert drawn.png == draw_deltas("original+augmented", "original", rows, 0.02)
    assert drawn.caption.startswith(
        "Dots are differences, lines their intervals (95 % of the verdict's, 95 % of the others "
    )


def test_a_class_may_be_called_macro(lab: ComparisonResult) -> None:
    contrast = lab.contrasts[0]
    named = structs.replace(contrast.details[5], of="macro")
    details = (*contrast.details[:5], named)
    changed = structs.replace(contrast, details=details)
    rows = [Interval("accuracy", contrast.delta, contrast.low, contrast.high, main=True)]
    for name, detail in zip(
        ("macro F1", "balanced accuracy", "F1 of macro"), (*details[1:3], named), strict=True
    ):
        rows.append(Interval(name, detail.delta, detail.low, detail.high, main=False))
    expected = draw_deltas("augmented", "original", rows, 0.02)
    assert chart_deltas(1, changed, lab).png == expected


def test_without_details_the_one_difference_is_drawn(single: ComparisonResult) -> None:
    contrast = structs.replace(single.contrasts[0], details=())
    drawn = chart_deltas(1, contrast, single)
    rows = [Interval("accuracy", contrast.delta, None, None, main=True)]
    assert drawn.png == draw_deltas("augmented", "original", rows, 0.02)
    assert drawn.caption.startswith("Dots are differences; right of the line at 0, augmented is")


def test_power_is_that_of_the_primary_contrast(lab: ComparisonResult) -> None:
    primary = lab.contrasts[0]
    assert primary.components is not None
    variances = Measured(primary.components, 3, 28, 28.0)
    drawn = chart_power(lab)
    assert drawn is not None
    assert drawn.png == draw_power(variances, primary.delta, "accuracy")
    fewer = structs.replace(primary, independent=14.0)
    grouped = chart_power(structs.replace(lab, contrasts=(fewer,)))
    assert grouped is not None
    variances = Measured(primary.components, 3, 28, 14.0)
    assert grouped.png == draw_power(variances, primary.delta, "accuracy")


def test_power_takes_three_seeds_that_trained(
    lab: ComparisonResult, single: ComparisonResult
) -> None:
    assert chart_power(single) is None
    failed = structs.replace(lab.contrasts[0], pairs=2)
    assert chart_power(structs.replace(lab, contrasts=(failed,))) is None
    assert chart_power(structs.replace(lab, folds=4)) is None


def test_confusion_says_over_how_many_runs(lab: ComparisonResult, single: ComparisonResult) -> None:
    arm = lab.arms[2]
    drawn = chart_confusion(3, arm, lab)
    assert drawn.stem == "confusion-3"
    assert drawn.title == "Confusion matrix of original+augmented, 3 runs added up"
    expected = draw_confusion(arm.confusion_matrix, ("cats", "dogs"), "original+augmented")
    assert drawn.png == expected
    once = chart_confusion(1, single.arms[0], single)
    assert once.title == "Confusion matrix of original, 1 run added up"
