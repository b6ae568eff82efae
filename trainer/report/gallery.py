"""The figures of one comparison, and why one is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from augbuild.errors import AugbuildError
from trainer.comparison.result import ComparisonResult
from trainer.report.drawn import Drawn
from trainer.report.run_charts import chart_flips, chart_learning
from trainer.report.score_charts import chart_confusion, chart_deltas, chart_power, chart_slopes


@dataclass(frozen=True, slots=True)
class Gallery:
    """All figures that could be drawn, and a sentence for each that could not.

    `deltas` has one figure for each contrast, and `confusion` one for each arm.
    """

    slopes: Drawn | None = None
    deltas: tuple[Drawn, ...] = ()
    power: Drawn | None = None
    confusion: tuple[Drawn, ...] = ()
    learning: Drawn | None = None
    flips: Drawn | None = None
    missing: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[Drawn, ...]:
        """Return every figure."""
        single = (self.slopes, self.power, self.learning, self.flips)
        drawn = [figure for figure in single if figure is not None]
        return (*drawn, *self.deltas, *self.confusion)


def draw_gallery(folder: Path, result: ComparisonResult) -> Gallery:
    """Draw all figures of a comparison whose files are there."""
    missing: list[str] = []

    def attempt(name: str, draw: Callable[[], Drawn | None]) -> Drawn | None:
        # A report without one of its figures is still worth having; what is wrong with a file of
        # a stranger may also show in numpy, as a ValueError.
        try:
            return draw()
        except (AugbuildError, OSError, ValueError) as error:
            reason = str(error).replace(f"{folder}/", "")
            missing.append(f"{name} left out: {reason}.")
            return None

    deltas = []
    for number, contrast in enumerate(result.contrasts, start=1):
        figure = chart_deltas(number, contrast, result)
        deltas.append(figure)
    confusion = []
    for number, arm in enumerate(result.arms, start=1):
        figure = chart_confusion(number, arm, result)
        confusion.append(figure)
    return Gallery(
        slopes=attempt("The seeds' slopes are", lambda: chart_slopes(result)),
        deltas=tuple(deltas),
        power=attempt("What can be seen is", lambda: chart_power(result)),
        confusion=tuple(confusion),
        learning=attempt("The learning curves are", lambda: chart_learning(folder, result)),
        flips=attempt("The images that flipped are", lambda: chart_flips(folder, result)),
        missing=tuple(missing),
    )
