"""Every metric's difference beside the primary one: what describes, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from augbuild.core.ranges import Number, Share
from trainer.statistics.differences import Differences, estimate_mean, mean
from trainer.statistics.pairs import ContrastSettings
from trainer.statistics.scores import Key, name_of
from trainer.statistics.tests import (
    Estimate,
    at_level,
    holm,
    holm_levels,
    resolution,
    t_estimate,
)
from trainer.statistics.verdict.digits import format_signed
from trainer.statistics.verdict.evidence import FEWEST_SEEDS

_ALPHA = 0.05
_OVERALL = (("accuracy", "all"), ("F1", "macro"), ("balanced accuracy", "macro"))


class Detail(Struct, frozen=True, kw_only=True):
    """One descriptive difference: of `all` images, of the `macro` mean over classes, or of a class.

    Shares. `low`, `high` and `p` are None with fewer than three seeds. `adjusted_p` is Holm's, for
    the number of details, and the interval is adjusted alike: it excludes 0 where that is below
    0.05.
    """

    metric: str
    of: str
    delta: Number
    low: Number | None
    high: Number | None
    p: Share | None
    adjusted_p: Share | None


def describe_differences(
    differences: Mapping[Key, Differences], settings: ContrastSettings
) -> tuple[Detail, ...]:
    """Describe every metric's difference; p values and intervals are adjusted for their number."""
    estimates: dict[Key, Estimate] = {}
    for key, values in differences.items():
        if len(values) < FEWEST_SEEDS:
            continue
        estimate = estimate_mean(values, groups=settings.groups)
        if estimate is not None:
            estimates[key] = _floor(estimate, key, settings.per_class)
    # Apart from the primary difference, whose p is adjusted over the contrasts: these describe.
    p_values = [estimate.p for estimate in estimates.values()]
    adjusted = dict(zip(estimates, holm(p_values), strict=True))
    levels = dict(zip(estimates, holm_levels(p_values, _ALPHA), strict=True))
    details = []
    for key, values in differences.items():
        low = high = p = None
        if key in estimates:
            estimate = estimates[key]
            p = estimate.p
            adjusted_interval = at_level(estimate, levels[key])
            # A t interval knows nothing of the ends of a difference of shares.
            low = max(-1.0, adjusted_interval.low)
            high = min(1.0, adjusted_interval.high)
        detail = Detail(
            metric=key[0],
            of=name_of(key, settings.classes),
            delta=mean(values),
            low=low,
            high=high,
            p=p,
            adjusted_p=adjusted.get(key),
        )
        details.append(detail)
    return tuple(details)


def _floor(estimate: Estimate, key: Key, per_class: Sequence[int]) -> Estimate:
    """Return the estimate with the least standard error that a class's own images support."""
    _, index = key
    if index < 0:
        return estimate
    least = resolution(per_class[index])
    if estimate.standard_error >= least:
        return estimate
    return t_estimate(estimate.delta, least, estimate.dof, 0.95, least, estimate.components)


def count_overall(details: Sequence[Detail]) -> int:
    """Count the details that come first and are of no class, such as accuracy.

    Their place tells them from the others, since a class may be called `macro`.
    """
    number = 0
    for detail, expected in zip(details, _OVERALL, strict=False):
        if (detail.metric, detail.of) != expected:
            break
        number += 1
    return number


def find_hurt(details: Sequence[Detail]) -> tuple[str, ...]:
    """List the classes whose F1 or recall is shown to be lower, with their difference."""
    hurt: dict[str, str] = {}
    for detail in details[count_overall(details) :]:
        if detail.adjusted_p is None or detail.metric == "precision":
            continue
        if detail.adjusted_p < _ALPHA and detail.delta < 0:
            points = f"{detail.of} ({detail.metric} {format_signed(detail.delta)} points)"
            hurt.setdefault(detail.of, points)
    return tuple(hurt.values())
