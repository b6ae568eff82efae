"""The figures that need more than comparison.json: the folders of the runs, and the images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augbuild.errors import RunError, TableError
from trainer.comparison.config import read_config
from trainer.comparison.result import ArmResult, ComparisonResult
from trainer.data.samples import Sample, Table, training_samples
from trainer.data.tables import read_table
from trainer.figures.flipped import HitCount, draw_flips
from trainer.figures.learning import draw_learning
from trainer.report.drawn import Drawn
from trainer.report.flips import count_hits, find_flips
from trainer.report.neighbours import MOST_SEARCHED, picture_flips
from trainer.training.run import EpochReport, RunFolder, read_epochs


def chart_learning(folder: Path, result: ComparisonResult) -> Drawn:
    """Draw the learning curves of all arms; raises RunError where the epochs of a run are gone."""
    curves: dict[str, list[list[EpochReport]]] = {}
    for arm in result.arms:
        runs = _runs_of(folder, result, arm.name)
        if not runs:
            raise RunError("comparison.json does not list runs of every arm")
        curves[arm.name] = []
        for run in runs:
            epochs = read_epochs(run.epochs)
            if not epochs:
                raise RunError(f"{run.epochs} does not exist")
            curves[arm.name].append(epochs)
    caption = (
        "Lines are means over an arm's runs; bands go from the least run to the greatest. "
        "Training images only."
    )
    title = "Loss and accuracy on training images by step"
    return Drawn("learning", title, caption, draw_learning(curves))


def chart_flips(folder: Path, result: ComparisonResult) -> Drawn:
    """Draw the test images whose prediction flipped most in the primary contrast.

    Raises RunError where none flipped or a run is damaged, TableError where the images are gone.
    """
    primary = result.contrasts[0]
    baseline = _hits_of(folder, result, primary.baseline)
    treatment = _hits_of(folder, result, primary.treatment)
    flips = find_flips(baseline, treatment)
    if not flips:
        raise RunError("no test image is right more often in one arm than in the other")
    variants = _variants_of(folder, result.arm(primary.treatment))
    tested = _read_compared(folder, result.arms[0].manifest).samples
    pictured = picture_flips(flips, tested, variants)
    if not pictured:
        raise TableError("their files can no longer be read")
    searched = f" ({MOST_SEARCHED:,} of them searched)" if len(variants) > MOST_SEARCHED else ""
    caption = (
        "The test images whose prediction changed in most runs from "
        f"{primary.baseline} to {primary.treatment}, and the training images of "
        f"{primary.treatment} nearest to each{searched}, by the difference of small thumbnails."
    )
    title = "Test images whose prediction flipped most"
    return Drawn("flips", title, caption, draw_flips(pictured))


def _runs_of(folder: Path, result: ComparisonResult, arm: str) -> list[RunFolder]:
    return [RunFolder(folder / "runs" / run.id) for run in result.runs_of(arm)]


def _hits_of(folder: Path, result: ComparisonResult, arm: str) -> dict[str, HitCount]:
    return count_hits(_runs_of(folder, result, arm))


def _variants_of(folder: Path, arm: ArmResult) -> Sequence[Sample]:
    """Return the variants that an arm trained on, or all its images where it has none."""
    table = _read_compared(folder, arm.manifest)
    train = training_samples(table, arm.train_on)
    variants = [sample for sample in train if sample.augmented]
    return variants or train


def _read_compared(folder: Path, manifest: str) -> Table:
    """Read a manifest of a comparison; raises TableError where it is not the one compared."""
    try:
        config = read_config(folder)
    except RunError:  # without a config.json nobody knows, and the pictures are still worth showing
        return read_table(Path(manifest))
    table = config.fit.read_table(manifest)
    compared = config.manifests.get(manifest)
    if compared is not None and compared != table.sha256:
        raise TableError(f"{manifest} has changed since")
    return table
