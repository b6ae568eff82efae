"""What a report shows: verdicts in two parts, key numbers, and differences by class."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from tests.trainer.comparison.fixtures import FOLDS, SINGLE, STOPPED, comparison
from tests.trainer.report.results import SMALL, measured
from trainer.comparison.result import ComparisonResult, StoppedResult, read_result
from trainer.report.drawn import Drawn
from trainer.report.gallery import Gallery
from trainer.report.view import ReportView, build_view
from trainer.statistics.verdict.evidence import Verdict


def view_of(folder: Path, result: ComparisonResult) -> ReportView:
    """Build the view of a result whose figures are of no interest."""
    deltas = tuple(
        Drawn(f"deltas-{number}", "", "", b"") for number in range(len(result.contrasts))
    )
    return build_view(folder, result, Gallery(deltas=deltas))


def numbers(view: ReportView) -> list[tuple[str, str]]:
    """Return the key numbers of a view."""
    return [(number.value, number.meaning) for number in view.key_numbers]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> ComparisonResult:
    """A comparison of three arms and three seeds."""
    return measured(tmp_path_factory.mktemp("lab"), SMALL)


@pytest.mark.parametrize(
    ("verdict", "label", "sentence", "style"),
    [
        (Verdict("HELPS", "HELPS: by 3 points."), "HELPS", "by 3 points.", "helps"),
        (
            Verdict("EQUIVALENT", "EQUIVALENT ±2: no: more."),
            "EQUIVALENT ±2",
            "no: more.",
            "equivalent",
        ),
        (Verdict("AT CHANCE", "AT CHANCE: it is."), "AT CHANCE", "it is.", "at-chance"),
        (Verdict("HELPS", "It helps: a lot."), "HELPS", "It helps: a lot.", "helps"),
        (Verdict("HELPS", "HELPS a lot."), "HELPS", "HELPS a lot.", "helps"),
    ],
)
def test_a_verdict_has_a_label_and_a_sentence(
    verdict: Verdict, label: str, sentence: str, style: str, lab: ComparisonResult, tmp_path: Path
) -> None:
    shown = view_of(tmp_path, structs.replace(lab, verdict=verdict)).verdict
    assert (shown.label, shown.sentence, shown.style) == (label, sentence, style)


def test_key_numbers_are_those_of_the_primary_contrast(
    lab: ComparisonResult, tmp_path: Path
) -> None:
    primary = structs.replace(lab.contrasts[0], delta=0.018, low=-0.1, high=0.136)
    result = structs.replace(lab, contrasts=(primary, lab.contrasts[1]))
    assert numbers(view_of(tmp_path, result)) == [
        ("+1.8 points", "difference in accuracy"),
        ("−10.0 to +13.6", "95 % interval"),
        ("3 × 3", "seeds × arms"),
        ("28", "test images"),
        ("110 steps", "budget of each run"),
    ]


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    view = view_of(tmp_path, measured(tmp_path, SINGLE))
    assert ("none", "95 % interval") in numbers(view)
    assert ("1 × 2", "seed × arms") in numbers(view)
    assert view.how_to_read.startswith("There is no interval here: ")
    assert not view.contrasts[0].has_intervals
    assert {
        difference.interval
        for difference in view.contrasts[0].table.rows[0].differences
        if difference
    } == {""}


def test_folds_are_told(tmp_path: Path) -> None:
    view = view_of(tmp_path, measured(tmp_path, FOLDS))
    assert ("40", "test images, in 4 folds") in numbers(view)
    assert "other seeds and other folds of these images" in view.how_to_read


def test_two_folds_are_folds(lab: ComparisonResult, tmp_path: Path) -> None:
    view = view_of(tmp_path, structs.replace(lab, folds=2))
    assert ("28", "test images, in 2 folds") in numbers(view)
    assert "other folds" in view.how_to_read


@pytest.mark.parametrize(("low", "high"), [(None, 0.1), (-0.1, None)])
def test_half_an_interval_is_none(
    low: float | None, high: float | None, lab: ComparisonResult, tmp_path: Path
) -> None:
    primary = structs.replace(lab.contrasts[0], low=low, high=high)
    view = view_of(tmp_path, structs.replace(lab, contrasts=(primary,)))
    assert ("none", "95 % interval") in numbers(view)


def test_one_interval_is_enough_to_say_what_it_holds_for(
    lab: ComparisonResult, tmp_path: Path
) -> None:
    without = structs.replace(lab.contrasts[0], low=None, high=None)
    result = structs.replace(lab, contrasts=(without, lab.contrasts[1]))
    view = view_of(tmp_path, result)
    assert "other test images of the same kind" in view.how_to_read
    assert [contrast.has_intervals for contrast in view.contrasts] == [False, True]


def test_differences_are_tabulated_by_class_f1_last(lab: ComparisonResult, tmp_path: Path) -> None:
    first, second = view_of(tmp_path, lab).contrasts
    assert (first.treatment, first.baseline) == ("augmented", "original")
    assert first.figure is not None
    assert (first.figure.stem, second.figure and second.figure.stem) == ("deltas-0", "deltas-1")
    table = first.table
    assert table.metrics == ("precision", "recall", "F1")
    assert [row.name for row in table.rows] == ["cats", "dogs"]
    of_cats = {detail.metric: detail for detail in lab.contrasts[0].details if detail.of == "cats"}
    for metric, difference in zip(table.metrics, table.rows[0].differences, strict=True):
        assert difference is not None
        assert difference.adjusted_p == of_cats[metric].adjusted_p
        assert difference.interval.count(" to ") == 1
    assert table.left_out == 0


def test_a_metric_that_a_class_lacks_leaves_its_place_empty(
    lab: ComparisonResult, tmp_path: Path
) -> None:
    contrast = lab.contrasts[0]
    details = (*contrast.details[:3], *contrast.details[4:])  # without the precision of cats
    result = structs.replace(lab, contrasts=(structs.replace(contrast, details=details),))
    cats, dogs = view_of(tmp_path, result).contrasts[0].table.rows
    assert [difference is None for difference in cats.differences] == [True, False, False]
    assert None not in dogs.differences


def test_many_classes_are_cut(lab: ComparisonResult, tmp_path: Path) -> None:
    contrast = lab.contrasts[0]
    names = [str(number) for number in range(302)]
    by_class = [structs.replace(contrast.details[3], of=name) for name in names]
    changed = structs.replace(contrast, details=(*contrast.details[:2], *by_class))
    table = view_of(tmp_path, structs.replace(lab, contrasts=(changed,))).contrasts[0].table
    assert table.rows[-1].name == "299"
    assert table.left_out == 2


def test_a_stopped_comparison_shows_no_difference(tmp_path: Path) -> None:
    result = read_result(comparison(tmp_path, STOPPED))
    assert isinstance(result, StoppedResult)
    view = build_view(tmp_path, result, Gallery())
    assert view.verdict.label == "INVALID"
    assert view.how_to_read.startswith("Nothing was trained, so no difference is shown. ")
    assert numbers(view)[0] == ("10 × 3", "seeds × arms")
    assert [contrast.figure for contrast in view.contrasts] == [None, None]
    second = view.contrasts[1]
    assert second.verdict.label == "INVALID"
    assert not second.has_intervals
    assert (second.table.rows, second.table.left_out) == ((), 0)


def test_command_can_be_pasted_into_a_shell(lab: ComparisonResult, tmp_path: Path) -> None:
    folder = tmp_path / "it is\x1b[0m"
    folder.mkdir()
    assert view_of(folder, lab).command == "trainer report 'it is\\x1b[0m'"
