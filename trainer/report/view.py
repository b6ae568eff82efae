"""What a report shows of a comparison, ready for either template."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.text import visible
from trainer.comparison.result import ComparisonResult, StoppedResult
from trainer.figures.theme import signed
from trainer.report.declared import Row, read_declared
from trainer.report.drawn import Drawn
from trainer.report.gallery import Gallery
from trainer.statistics.contrast import ContrastResult
from trainer.statistics.details import Detail, count_overall
from trainer.statistics.verdict.digits import format_level
from trainer.statistics.verdict.evidence import Outcome

_MOST_CLASSES = 300  # rows of a table; the rest is in comparison.json


class Code(str):
    """A line of a code block, where Markdown needs no escapes and would show them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict in two parts: its label, as EQUIVALENT ±2, and the sentence without it.

    `style` is the class that colours the label.
    """

    label: str
    sentence: str
    style: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One of the numbers below a verdict, and what it is."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell in a table of classes: a difference, its interval (or nothing) and its p."""

    delta: str
    interval: str
    adjusted_p: float | None


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The differences of one class, one for each metric; None where it was not measured."""

    name: str
    differences: tuple[Difference | None, ...]


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The differences of each class by metric, and how many classes are left out."""

    metrics: tuple[str, ...] = ()
    rows: tuple[ClassRow, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ContrastView:
    """A contrast: its verdict, its figure, and its differences by class."""

    treatment: str
    baseline: str
    verdict: VerdictView
    figure: Drawn | None = None
    table: ClassTable = ClassTable()
    has_intervals: bool = False


@dataclass(frozen=True, slots=True)
class ReportView:
    """All that a report shows."""

    result: ComparisonResult | StoppedResult
    verdict: VerdictView
    key_numbers: tuple[KeyNumber, ...]
    contrasts: tuple[ContrastView, ...]
    gallery: Gallery
    how_to_read: str
    declared: tuple[Row, ...]
    command: Code


def build_view(
    folder: Path, result: ComparisonResult | StoppedResult, gallery: Gallery
) -> ReportView:
    """Gather what a report shows of the comparison in a folder."""
    contrasts: list[ContrastView] = []
    if isinstance(result, ComparisonResult):
        for contrast, figure in zip(result.contrasts, gallery.deltas, strict=True):
            contrasts.append(_view_measured(contrast, figure))
    else:
        for stopped in result.contrasts:
            verdict = _split_verdict(stopped.outcome, stopped.sentence)
            contrasts.append(ContrastView(stopped.treatment, stopped.baseline, verdict))
    command = f"trainer report {shlex.quote(folder.resolve().name)}"
    return ReportView(
        result=result,
        verdict=_split_verdict(
            result.verdict.outcome, result.verdict.sentence, result.verdict.next_step
        ),
        key_numbers=tuple(_key_numbers(result)),
        contrasts=tuple(contrasts),
        gallery=gallery,
        how_to_read=_how_to_read(result),
        declared=read_declared(folder),
        command=Code(visible(command)),
    )


def _split_verdict(outcome: Outcome, sentence: str, next_step: str = "") -> VerdictView:
    style = outcome.lower().replace(" ", "-")
    # A sentence begins with its label, which may say more than the outcome: "EQUIVALENT ±2: …".
    label, colon, rest = sentence.partition(": ")
    if colon and label.startswith(outcome):
        return VerdictView(label, rest, style, next_step)
    return VerdictView(outcome, sentence, style, next_step)


def _key_numbers(result: ComparisonResult | StoppedResult) -> list[KeyNumber]:
    numbers = []
    if isinstance(result, ComparisonResult):
        primary = result.contrasts[0]
        delta = f"{signed(primary.delta)} points"
        numbers.append(KeyNumber(delta, f"difference in {result.metric}"))
        numbers.append(KeyNumber(_interval(primary) or "none", _level_of(primary)))
    seeds = len(result.seeds)
    factors = "seed × arms" if seeds == 1 else "seeds × arms"
    numbers.append(KeyNumber(f"{seeds:,} × {len(result.arms)}", factors))
    folds = f", in {result.folds} folds" if result.folds > 1 else ""
    numbers.append(KeyNumber(f"{result.test.images:,}", f"test images{folds}"))
    budget = f"{result.budget.number:,} {result.budget.kind}"
    numbers.append(KeyNumber(budget, "budget of each run"))
    return numbers


def _level_of(contrast: ContrastResult) -> str:
    return f"{format_level(1 - contrast.alpha)} interval"


def _view_measured(contrast: ContrastResult, figure: Drawn) -> ContrastView:
    return ContrastView(
        treatment=contrast.treatment,
        baseline=contrast.baseline,
        verdict=_split_verdict(contrast.outcome, contrast.sentence, contrast.next_step),
        figure=figure,
        table=_tabulate_classes(contrast.details[count_overall(contrast.details) :]),
        has_intervals=contrast.low is not None,
    )


def _tabulate_classes(details: Sequence[Detail]) -> ClassTable:
    by_class: dict[str, dict[str, Difference]] = {}
    metrics = set()
    for detail in details:
        metrics.add(detail.metric)
        cell = Difference(signed(detail.delta), _interval(detail), detail.adjusted_p)
        by_class.setdefault(detail.of, {})[detail.metric] = cell
    # F1 last, after the precision and the recall that it is made of.
    columns = sorted(metrics, key=lambda metric: (metric == "F1", metric))
    rows = []
    for name, cells in by_class.items():
        rows.append(ClassRow(name, tuple(cells.get(metric) for metric in columns)))
    shown = rows[:_MOST_CLASSES]
    return ClassTable(tuple(columns), tuple(shown), len(rows) - len(shown))


def _interval(measured: ContrastResult | Detail) -> str:
    if measured.low is None or measured.high is None:
        return ""
    return f"{signed(measured.low)} to {signed(measured.high)}"


def _how_to_read(result: ComparisonResult | StoppedResult) -> str:
    """Return what an interval here holds for, and what it does not, in two sentences."""
    if isinstance(result, StoppedResult):
        return (
            "Nothing was trained, so no difference is shown. "
            "Resolve the findings, then compare again."
        )
    if all(contrast.low is None for contrast in result.contrasts):
        return (
            "There is no interval here: with so few runs, a difference may come from their seeds "
            "alone. What is shown holds for these runs, this draw of variants and this split."
        )
    level = format_level(1 - result.contrasts[0].alpha)
    others = "other test images of the same kind"
    if result.folds > 1:
        others = "other folds of these images"
    return (
        f"An interval of {level} is made to contain the difference that other seeds and {others} "
        f"would show: {level} of such intervals do. It says nothing about another draw of "
        "variants, another split, other photos, another model or budget."
    )
