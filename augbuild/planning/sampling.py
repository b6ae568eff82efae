"""Draw what a recipe leaves open: the same parameters for the same source, whatever else there is.

Every node of the recipe draws from a stream of its own, keyed by seed, source, variant and its name and occurrence in
the recipe. So another source changes nothing, and neither does another transform.
"""

from __future__ import annotations

import math
import random
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from statistics import NormalDist

from augbuild.catalogue.assets import asset_sha256, resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, JsonValue, Op
from augbuild.recipe.model import Recipe
from augbuild.recipe.steps import PickStep, Step, TransformStep, is_allowed
from augbuild.recipe.values import Distribution

_TINY = 2.0**-53  # the step of random(): stands for 0, which has no logarithm and no quantile
_SEEDS = 2**32
_NARROWEST = 1e-5  # what is left of a crop's side when corners have six digits: less than a pixel of any image


def draw_ops(recipe: Recipe, key: str, label: str, variant: int) -> tuple[Op, ...]:
    """Draw the ops of one variant of the source `key`, whose class is `label`; pure, and the same on any machine.

    Of `random.Random` only seeding by a string and `random()` are used, which Python promises to keep. Floats are
    rounded to six digits, so that the last bits of a mathematical library don't matter.
    """
    prefix = f"{recipe.seed}\x1f{unicodedata.normalize('NFC', key)}\x1f{variant}"
    denied = recipe.deny.get(label, frozenset())
    return tuple(_ops(recipe, recipe.transforms, prefix, denied))


def _ops(
    recipe: Recipe, nodes: Iterable[Step], prefix: str, denied: Collection[str]
) -> Iterator[Op]:
    for node in nodes:
        if is_allowed(node, denied):
            yield from _fire(recipe, node, prefix, denied)


def _fire(recipe: Recipe, node: Step, prefix: str, denied: Collection[str]) -> Iterator[Op]:
    """Draw a node that may be drawn: nothing with the probability that its p leaves."""
    stream = random.Random(f"{prefix}\x1f{node.key}")
    fires = stream.random() < node.p  # drawn first and always: another p moves no parameter
    stream.random()  # its priority in a pick, see _priority
    if not fires:
        return
    if isinstance(node, PickStep):
        for entry, slot in _picked(node, prefix, denied):
            yield from _fire(recipe, entry, slot, denied)
    else:
        yield _op(recipe, node, stream)


def _picked(pick: PickStep, prefix: str, denied: Collection[str]) -> Iterator[tuple[Step, str]]:
    """Pick entries by weight, in the order of their priorities, each with the prefix of its streams.

    The `count` smallest of -log(u) / weight are a weighted sample without replacement (Efraimidis and Spirakis 2006),
    and since each u comes from the entry's own stream, an entry that goes leaves the others where they were.
    """
    allowed = [entry for entry in pick.entries if is_allowed(entry, denied)]
    if pick.replace:
        for slot in range(pick.count):
            place = f"{prefix}\x1f{slot}"
            if allowed:
                yield min(allowed, key=lambda entry: _priority(entry, place)), place
        return
    for entry in sorted(allowed, key=lambda entry: _priority(entry, prefix))[: pick.count]:
        yield entry, prefix


def _priority(entry: Step, prefix: str) -> float:
    stream = random.Random(f"{prefix}\x1f{entry.key}")
    stream.random()
    return -math.log(max(stream.random(), _TINY)) / entry.weight


def _op(recipe: Recipe, node: TransformStep, stream: random.Random) -> Op:
    info = CATALOGUE[node.op]
    # A number for each parameter, drawn or not: to fix one of them leaves the others where they were.
    drawn = {name: _value(value, stream.random()) for name, value in sorted(node.params.items())}
    if "seed" in info.params and drawn["seed"] is None:
        drawn["seed"] = int(stream.random() * _SEEDS)
    if node.op == "random_crop":
        return Op("crop", _corners(drawn, stream))
    params: dict[str, JsonValue] = {name: drawn[name] for name in info.params}
    for name, param in info.params.items():
        if param.kind in ASSET_KINDS:
            params[f"{name}_sha256"] = asset_sha256(
                resolve_asset(param.kind, str(drawn[name]), recipe.folder)
            )
    return Op(node.op, params)


def _corners(drawn: Mapping[str, JsonValue], stream: random.Random) -> dict[str, JsonValue]:
    """Put a crop of the drawn size anywhere in the frame."""
    corners: dict[str, JsonValue] = {}
    for low, high, side in (("x1", "x2", "width"), ("y1", "y2", "height")):
        size = drawn[side]
        assert isinstance(size, int | float)
        size = max(size, _NARROWEST)
        start = _rounded(stream.random() * (1.0 - size), 0.0, 1.0 - size)
        corners |= {low: start, high: min(_rounded(start + size, 0.0, 1.0), 1.0)}
    return {name: corners[name] for name in ("x1", "y1", "x2", "y2")}


def _value(value: JsonValue | Distribution, u: float) -> JsonValue:
    if not isinstance(value, Distribution):
        return value
    if value.kind == "choice":
        return value.args[int(u * len(value.args))]
    first, second = _numbers(value)
    match value.kind:
        case "integers":
            return int(first) + int(u * (int(second) - int(first) + 1))
        case "uniform":
            return _rounded(first + (second - first) * u, first, second)
        case "log_uniform":
            return _rounded(math.exp(math.log(first) + math.log(second / first) * u), first, second)
        case _:
            quantile = NormalDist().inv_cdf(max(u, _TINY))
            low, high = value.clip or (-math.inf, math.inf)
            return _rounded(first + second * quantile, low, high)


def _numbers(value: Distribution) -> tuple[float, float]:
    first, second = value.args
    assert isinstance(first, int | float)
    assert isinstance(second, int | float)
    return first, second


def _rounded(value: float, low: float, high: float) -> float:
    return float(min(max(float(f"{value:.6g}"), low), high))
