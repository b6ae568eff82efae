"""How many test images and seeds a gain needs, and what gain so many show: numbers in, numbers out.

All proportions, gains and margins are shares: a gain of five points is 0.05.
"""

from __future__ import annotations

import bisect
import math

from scipy import optimize, special

from augbuild.errors import TrainerError
from trainer.statistics.tests import Components, quantile, resolution

_LARGE = 1e6  # of a ratio of variances: with so many degrees of freedom t is normal


def required_images(gain: float, disagree: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Give the number of test images that show a gain on one pair of runs (Connor 1987).

    `disagree` is the share of test images that only one of the two gets right; no gain can be larger.
    """
    if not 0 < gain <= disagree <= 1:
        raise TrainerError(
            f"a gain is above 0 and at most the disagreement, at most 1; got {gain:g} and {disagree:g}"
        )
    z, z_power = quantile(1 - alpha), float(special.ndtri(power))
    root = z * math.sqrt(disagree) + z_power * math.sqrt(disagree - gain**2)
    return math.ceil(root**2 / gain**2)


def detectable_gain(
    images: int, disagree: float = 0.3, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Give the least gain that so many test images show, or None where they show none (Connor 1987, solved for it).

    Where that gain is larger than `disagree`, the disagreement is taken to be the gain itself.
    """
    z, z_power = quantile(1 - alpha), float(special.ndtri(power))

    def excess(gain: float) -> float:
        share = max(disagree, gain)
        return (
            gain * math.sqrt(images) - z * math.sqrt(share) - z_power * math.sqrt(share - gain**2)
        )

    return float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-12)) if excess(1.0) >= 0 else None


def required_seeds(
    gain: float,
    images: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = 1000,
) -> int | None:
    """Give the number of seeds that show a gain on these images with measured variances (Satterthwaite 1946).

    At least 3; None where even `most` seeds would not do, because the images themselves are too few.
    """
    fits = (
        seeds
        for seeds in range(3, most + 1)
        if _shows(gain, seeds, images, components, power, alpha)
    )
    return next(fits, None)


def required_images_of(
    gain: float,
    seeds: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = 10**7,
) -> int | None:
    """Give the number of test images that show a gain with these seeds, likewise; None where even `most` would not."""
    if not _shows(gain, seeds, most, components, power, alpha):
        return None
    return bisect.bisect_left(
        range(most), True, lo=2, key=lambda n: _shows(gain, seeds, n, components, power, alpha)
    )


def _shows(
    gain: float, seeds: int, images: int, components: Components, power: float, alpha: float
) -> bool:
    variance = components.at(seeds, images)
    a = components.seed / seeds + components.residual / (seeds * images)
    dof = (seeds - 1) * min(variance / a if a else math.inf, _LARGE) ** 2
    reach = special.stdtrit(dof, 1 - alpha / 2) + special.stdtrit(dof, power)
    return bool(gain >= reach * max(math.sqrt(variance), resolution(images)))
