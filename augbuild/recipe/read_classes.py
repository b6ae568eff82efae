"""Read the `[classes]` of a recipe: what holds for single classes only."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from augbuild.catalogue.synonyms import suggest_transform
from augbuild.catalogue.transforms import CATALOGUE
from augbuild.core.text import as_toml
from augbuild.recipe.model import AugmentSpec, ClassRules, Variants
from augbuild.recipe.problems import Place
from augbuild.recipe.read_steps import check_deny
from augbuild.recipe.rules import read_keys
from augbuild.recipe.steps import PickStep, Step, walk_steps


class _Numbers(msgspec.Struct, frozen=True):
    """The keys of a class that are numbers."""

    variants: Variants | None = None


def read_classes(
    table: object, place: Place, steps: Iterable[Step], augment: AugmentSpec
) -> dict[str, ClassRules]:
    """Read the rules of each class, by its name; what is wrong is added to the problems."""
    if not isinstance(table, dict):
        place.add(f"must be a table (got {as_toml(table)})")
        return {}
    picks = [step for step in walk_steps(steps) if isinstance(step, PickStep)]
    classes = {}
    for label, rules in table.items():
        here = place.at(label)
        if not isinstance(rules, dict):
            here.add(f"must be a table (got {as_toml(rules)})")
            continue
        here.add_unknown_keys(rules, ClassRules.__struct_fields__)
        denied = _read_deny(rules.get("deny", []), here.at("deny"))
        check_deny(picks, denied, here.at("deny"))
        variants = read_keys(_Numbers, rules, here).variants
        if variants is not None and augment.balance is not None:
            message = "cannot be used with augment.balance, which decides the number of variants"
            here.at("variants").add(message)
        classes[label] = ClassRules(deny=tuple(sorted(denied)), variants=variants)
    return classes


def _read_deny(denied: object, place: Place) -> frozenset[str]:
    if not isinstance(denied, list) or not all(isinstance(name, str) for name in denied):
        place.add(f"must be a list of transform names (got {as_toml(denied)})")
        return frozenset()
    for name in denied:
        if name not in CATALOGUE:
            hint = "" if place.problems.is_full else suggest_transform(name)
            place.add(f"names an unknown transform {as_toml(name)}; {hint}")
    return frozenset(denied)
