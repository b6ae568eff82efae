"""Draw what a recipe leaves open: the same parameters for the same source, whatever else there is.

Every step of the recipe draws from a stream of its own, keyed by seed, source, variant and its name
and occurrence in the recipe. So another source changes nothing, and neither does another transform.
"""

from __future__ import annotations

import json
import math
import random
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence

from augbuild.catalogue.assets import asset_sha256, resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, JsonValue, Op
from augbuild.planning.distributions import SMALLEST, draw_value, round_within
from augbuild.recipe.model import Recipe
from augbuild.recipe.steps import PickStep, Step, TransformStep, is_allowed

Names = Collection[str]

_SEEDS = 2**32
# One of eight outcomes that is still missing comes up in so many draws but for 1 time in 5,000.
_REDRAWS = 64
# The narrowest side of a crop whose corners have six digits: less than a pixel of any image.
_NARROWEST = 1e-5


def draw_variants(recipe: Recipe, key: str, label: str, count: int) -> list[tuple[Op, ...]]:
    """Draw the ops of the first `count` variants of the source `key`, whose class is `label`.

    Where the recipe wants distinct variants, one that would be like an earlier one, or like the
    source, is drawn again. So a variant may depend on those before it, and on no others.
    """
    variants: list[tuple[Op, ...]] = []
    tries = _REDRAWS
    taken = {_effect(())}
    for variant in range(count):
        ops = draw_ops(recipe, key, label, variant)
        variants.append(ops)
        if not recipe.augment.distinct:
            continue
        redraw = 0
        while redraw < tries and _effect(ops) in taken:
            redraw += 1
            ops = draw_ops(recipe, key, label, variant, redraw)
        if _effect(ops) in taken:
            # The recipe has nothing else, most likely: the next variants need not try as long.
            tries = 0
        taken.add(_effect(ops))
        variants[variant] = ops
    return variants


def _effect(ops: Iterable[Op]) -> str:
    """Return what two equal variants have in common: their ops, but for those that do nothing."""
    effective = []
    for op in ops:
        identities = CATALOGUE[op.name].identities
        if not any(identity.items() <= op.params.items() for identity in identities):
            effective.append([op.name, op.params])
    return json.dumps(effective, sort_keys=True)


def draw_ops(
    recipe: Recipe,
    key: str,
    label: str,
    variant: int,
    redraw: int = 0,
) -> tuple[Op, ...]:
    """Draw the ops of one variant of the source `key`, whose class is `label`.

    Each `redraw` but 0 gives another draw of the same variant. Pure, and the same on any machine:
    of `random.Random` only seeding by a string and `random()` are used, which Python promises to
    keep, and floats are rounded to six digits.
    """
    normalized = unicodedata.normalize("NFC", key)
    prefix = f"{recipe.seed}\x1f{normalized}\x1f{variant}"
    if redraw:
        prefix += f"\x1fredraw {redraw}"
    denied = recipe.deny.get(label, frozenset())
    ops: list[Op] = []
    for step in recipe.transforms:
        if is_allowed(step, denied):
            ops += _draw_step(recipe, step, prefix, denied)
    return tuple(ops)


def _draw_step(
    recipe: Recipe,
    step: Step,
    prefix: str,
    denied: Names,
) -> Iterator[Op]:
    """Draw a step that is allowed: with probability p its ops, else nothing."""
    stream = _open_stream(prefix, step)
    # Drawn first and always, so that another p moves no parameter.
    fires = stream.random() < step.p
    stream.random()  # the priority of the step in a pick, see _priority
    if not fires:
        return
    if isinstance(step, TransformStep):
        yield _draw_transform(recipe, step, stream)
        return
    for entry, entry_prefix in _pick(step, prefix, denied):
        yield from _draw_step(recipe, entry, entry_prefix, denied)


def _open_stream(prefix: str, step: Step) -> random.Random:
    return random.Random(f"{prefix}\x1f{step.key}")


def _pick(
    pick: PickStep,
    prefix: str,
    denied: Names,
) -> Iterator[tuple[Step, str]]:
    """Pick entries by weight, in the order of their priorities, each with its streams' prefix.

    The `count` smallest of -log(u) / weight are a weighted sample without replacement (Efraimidis
    and Spirakis 2006). Since each u comes from the entry's own stream, an entry that goes leaves
    the others where they were.
    """
    allowed = [entry for entry in pick.entries if is_allowed(entry, denied)]
    if not allowed:
        return
    if not pick.replace:
        ordered = _by_priority(allowed, prefix)
        for entry in ordered[: pick.count]:
            yield entry, prefix
        return
    for slot in range(pick.count):
        # Streams of its own for each slot, so that an entry that comes twice is drawn anew.
        slot_prefix = f"{prefix}\x1f{slot}"
        ordered = _by_priority(allowed, slot_prefix)
        yield ordered[0], slot_prefix


def _by_priority(entries: Sequence[Step], prefix: str) -> list[Step]:
    def priority(entry: Step) -> float:
        stream = _open_stream(prefix, entry)
        stream.random()  # whether the entry fires, see _draw_step
        u = max(stream.random(), SMALLEST)
        logarithm = math.log(u)
        return -logarithm / entry.weight

    return sorted(entries, key=priority)


def _draw_transform(recipe: Recipe, step: TransformStep, stream: random.Random) -> Op:
    info = CATALOGUE[step.op]
    drawn: dict[str, JsonValue] = {}
    # A number for each parameter, drawn or not: to fix one leaves the others where they were.
    for name in sorted(step.params):
        u = stream.random()
        drawn[name] = draw_value(step.params[name], u)
    if "seed" in info.params and drawn["seed"] is None:
        u = stream.random()
        drawn["seed"] = int(u * _SEEDS)
    if step.op == "random_crop":
        return _place_crop(drawn["width"], drawn["height"], stream)
    params = {name: drawn[name] for name in info.params}
    for name, param in info.params.items():
        if param.kind in ASSET_KINDS:
            asset = str(drawn[name])
            path = resolve_asset(param.kind, asset, recipe.folder)
            params[f"{name}_sha256"] = asset_sha256(path)
    return Op(step.op, params)


def _place_crop(width: JsonValue, height: JsonValue, stream: random.Random) -> Op:
    """Return a crop of the drawn size, in fractions of the frame, anywhere in the frame."""
    left, right = _place_side(width, stream)
    top, bottom = _place_side(height, stream)
    corners = {
        "x1": left,
        "y1": top,
        "x2": right,
        "y2": bottom,
    }
    return Op("crop", corners)


def _place_side(size: JsonValue, stream: random.Random) -> tuple[float, float]:
    """Return the start and end of a side of the size, anywhere in [0, 1]."""
    assert isinstance(size, int | float), "the recipe is checked"
    size = max(size, _NARROWEST)
    furthest = 1.0 - size
    start = round_within(stream.random() * furthest, 0.0, furthest)
    end = round_within(start + size, 0.0, 1.0)
    return start, end
