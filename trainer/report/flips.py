"""The test images whose prediction flipped most from one arm to the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from augbuild.errors import RunError
from trainer.figures.flipped import MOST_FLIPS, Flip, HitCount
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_run_config


def count_hits(runs: Iterable[RunFolder]) -> dict[str, HitCount]:
    """Count for each test image how many of an arm's runs are right; raises RunError."""
    hits: dict[str, HitCount] = {}
    for run in runs:
        # By class name, not by index: runs may have their classes in another order.
        table = read_predictions(run.predictions)
        if table.classes != read_run_config(run).classes:
            raise RunError(f"{run.predictions} does not go with {run.config}")
        rows = zip(table.samples, table.targets, table.predicted, strict=True)
        for name, target, predicted in rows:
            before = hits.get(name, HitCount(target))
            runs_tested = before.runs + 1
            runs_right = before.right
            if predicted == target:
                runs_right += 1
            hits[name] = HitCount(target, runs_tested, runs_right)
    return hits


def find_flips(
    baseline: Mapping[str, HitCount], treatment: Mapping[str, HitCount]
) -> tuple[Flip, ...]:
    """Find the test images whose prediction flipped in most runs, at most MOST_FLIPS of them."""
    flips = []
    for name, before in baseline.items():
        after = treatment.get(name)
        if after is None:
            continue
        flip = Flip(name, before, after)
        if flip.change != 0:
            flips.append(flip)
    # By name where as many runs changed, so that the same folder gives the same report.
    flips.sort(key=lambda flip: (-abs(flip.change), flip.name))
    return tuple(flips[:MOST_FLIPS])
