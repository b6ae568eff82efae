"""How many test images and seeds a gain needs, and what gain so many show: numbers in, numbers out.

All proportions, gains and margins are shares: a gain of five points is 0.05. Tests are two-sided at
`alpha`; `power` is the share of experiments that find the gain.
"""

from __future__ import annotations

import bisect
import math

from scipy import optimize, special

from augbuild.errors import TrainerError
from trainer.statistics.tests import Components, quantile, resolution

# Degrees of freedom are (seeds − 1) times the square of a ratio of variances, which is infinite
# where the seeds add nothing. From this ratio on, t is normal to the last digit printed.
_LARGE = 1e6


def required_images(gain: float, disagree: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Return the number of test images that show a gain on one pair of runs (Connor 1987).

    `disagree` is the share of test images that only one of the two gets right; no gain can be
    larger. Raises TrainerError for a gain that cannot be.
    """
    if not 0 < gain <= disagree <= 1:
        raise TrainerError(
            "a gain is above 0 and at most the disagreement, at most 1; "
            f"got {gain:g} and {disagree:g}"
        )
    z = quantile(1 - alpha)
    z_power = float(special.ndtri(power))
    without_gain = z * math.sqrt(disagree)
    with_gain = z_power * math.sqrt(disagree - gain**2)
    root = without_gain + with_gain
    return math.ceil(root**2 / gain**2)


def detectable_gain(
    images: int, disagree: float = 0.3, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Return the least gain that so many test images show, or None where they show none.

    Connor's formula (1987), solved for the gain. Where that gain is larger than `disagree`, the
    disagreement is taken to be the gain itself.
    """
    z = quantile(1 - alpha)
    z_power = float(special.ndtri(power))

    def excess(gain: float) -> float:
        # A gain is itself a disagreement, so no share below it is possible.
        share = max(disagree, gain)
        needed = z * math.sqrt(share)
        for_power = z_power * math.sqrt(share - gain**2)
        return gain * math.sqrt(images) - needed - for_power

    # Grows with the gain; where it is below zero at a gain of 1, no gain at all is enough.
    if excess(1.0) < 0:
        return None
    return float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-12))


def required_seeds(
    gain: float,
    images: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = 1000,
) -> int | None:
    """Return the number of seeds that show a gain on these images with measured variances.

    At least 3; None where even `most` seeds would not do, because the images are too few.
    """
    # From 3 on, since a verdict takes as many; to 1,000, which is what a comparison takes at most.
    for seeds in range(3, most + 1):
        if _shows(gain, seeds, images, components, power, alpha):
            return seeds
    return None


def required_images_of(
    gain: float,
    seeds: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = 10**7,
) -> int | None:
    """Return the number of test images that show a gain with these seeds and measured variances.

    At least 2; None where even `most` images would not do, because the seeds are too few.
    """

    def shown_on(images: int) -> bool:
        return _shows(gain, seeds, images, components, power, alpha)

    if not shown_on(most):
        return None
    # More images never show less, so a bisection finds the fewest; two are what crossing takes.
    return bisect.bisect_left(range(most), True, lo=2, key=shown_on)


def _shows(
    gain: float, seeds: int, images: int, components: Components, power: float, alpha: float
) -> bool:
    """Check whether a crossed test shows a gain; degrees of freedom are Satterthwaite's (1946)."""
    variance = components.at(seeds, images)
    of_seeds = components.seed / seeds + components.residual / (seeds * images)
    ratio = variance / of_seeds if of_seeds else math.inf
    ratio = min(ratio, _LARGE)
    dof = (seeds - 1) * ratio**2
    reach = special.stdtrit(dof, 1 - alpha / 2)
    reach += special.stdtrit(dof, power)
    # Where nothing varied, a gain still has to be larger than what so few images can tell.
    error = max(math.sqrt(variance), resolution(images))
    return bool(gain >= reach * error)
