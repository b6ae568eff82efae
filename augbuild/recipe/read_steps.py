"""Read the `[[transforms]]` of a recipe into steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from augbuild.catalogue.synonyms import suggest_transform
from augbuild.catalogue.transforms import CATALOGUE, Transform
from augbuild.core.text import as_toml, plural
from augbuild.recipe.problems import Place
from augbuild.recipe.read_values import read_params
from augbuild.recipe.rules import read_keys
from augbuild.recipe.steps import PickStep, Step, TransformStep, is_allowed, walk_steps
from augbuild.recipe.values import Value, bounds, is_always

# Drawing takes time for each step of each variant, and recursion for each level of picks.
_MAX_DEPTH = 10
_MAX_STEPS = 250
_SHOWN_NAMES = 8


class _Odds(msgspec.Struct, frozen=True):
    """How often a step is applied: with probability `p`, and by its `weight` in a pick."""

    p: Annotated[float, Meta(ge=0, le=1)] = 1.0
    weight: Annotated[float, Meta(gt=0, le=1_000_000)] = 1.0


_ODDS = ("p", "weight")


class _PickKeys(msgspec.Struct, frozen=True):
    """How many entries a pick takes, and whether it may take one twice."""

    some_of: Annotated[int, Meta(ge=1, le=100)] = 1
    replace: bool = False


class _OneOf(msgspec.Struct, frozen=True):
    """The long form of one_of: one_of = 1, from = [...]."""

    one_of: Literal[1] = 1


def read_steps(
    tables: object, place: Place, folder: Path | None, warnings: list[str]
) -> tuple[Step, ...]:
    """Read `[[transforms]]`: what is wrong is added to the problems, what is odd to `warnings`.

    Assets are looked for below `folder`.
    """
    return _StepReader(folder, warnings).read(tables, place, depth=0)


class _StepReader:
    """A reader of steps in document order, which counts how often each name has occurred."""

    def __init__(self, folder: Path | None, warnings: list[str]) -> None:
        self.folder = folder
        self.warnings = warnings
        self.seen: Counter[str] = Counter()

    def read(self, tables: object, place: Place, depth: int) -> tuple[Step, ...]:
        if not isinstance(tables, list):
            place.add(f"must be a list of tables (got {as_toml(tables)})")
            return ()
        if self.seen.total() + len(tables) > _MAX_STEPS:
            place.add(f"has too many entries: a recipe has at most {_MAX_STEPS} transforms")
            return ()
        steps = []
        for index, table in enumerate(tables):
            step = self.read_step(table, place.at(index), depth)
            if step is not None:
                steps.append(step)
        return tuple(steps)

    def read_step(self, table: object, place: Place, depth: int) -> Step | None:
        if not isinstance(table, dict):
            place.add(f"must be a table (got {as_toml(table)})")
            return None
        kinds = [key for key in ("op", "one_of", "some_of") if key in table]
        if len(kinds) != 1:
            place.add("must have exactly one of op, one_of and some_of")
            return None
        odds = read_keys(_Odds, table, place)
        if odds.p == 0:
            self.warnings.append(f"{place} never fires: its p is 0")
        if kinds == ["op"]:
            return self.read_transform(table, place, odds)
        if depth < _MAX_DEPTH:
            return self.read_pick(table, place, odds, depth)
        place.add(f"is nested more than {_MAX_DEPTH} levels deep")
        return None

    def read_transform(
        self, table: Mapping[str, object], place: Place, odds: _Odds
    ) -> TransformStep | None:
        name = table["op"]
        if not isinstance(name, str):
            message = f"must be the name of a transform (got {as_toml(name)})"
            place.at("op").add(f"{message}; `augbuild ops` lists them")
            return None
        if name not in CATALOGUE:
            hint = "" if place.problems.is_full else suggest_transform(name)
            place.at("op").add(f"names an unknown transform {as_toml(name)}; {hint}")
            return None
        transform = CATALOGUE[name]
        before = place.problems.count
        place.add_unknown_keys(table, {"op", *_ODDS, *transform.params})
        params = read_params(transform.params, table, place, self.folder)
        if place.problems.count == before:
            _check_order(transform, params, place)
            self.warn(name, params, table, place)
        return TransformStep(
            op=name,
            params=params,
            p=odds.p,
            weight=odds.weight,
            key=self.next_key(name),
        )

    def warn(
        self, name: str, params: Mapping[str, Value], table: Mapping[str, object], place: Place
    ) -> None:
        transform = CATALOGUE[name]
        if any(is_always(params, identity) for identity in transform.identities):
            self.warnings.append(f"{place}: {name} does nothing with these parameters")
        for key, param in transform.params.items():
            if param.kind != "seed" or key not in table:
                continue  # a seed that is not given is drawn for each variant
            if not isinstance(table[key], dict):
                effect = f"{name} does the same to every image of the same size"
                self.warnings.append(f"{place.at(key)} is constant: {effect}")

    def read_pick(
        self, table: Mapping[str, object], place: Place, odds: _Odds, depth: int
    ) -> PickStep:
        key = self.next_key("some_of")  # before its entries, since keys are in document order
        kind = "some_of" if "some_of" in table else "one_of"
        # one_of = [...] is short for one_of = 1, from = [...].
        entries_key = "one_of" if kind == "one_of" and "from" not in table else "from"
        known = {kind, entries_key, *_ODDS}
        pick = _PickKeys()
        if kind == "some_of":
            known.add("replace")
            pick = read_keys(_PickKeys, table, place)
        elif entries_key == "from":
            read_keys(_OneOf, table, place)
        place.add_unknown_keys(table, known)
        listed = table.get(entries_key, [])
        if isinstance(listed, list):
            _check_count(pick, len(listed), place)
        entries = self.read(listed, place.at(entries_key), depth + 1)
        return PickStep(
            count=pick.some_of,
            entries=entries,
            replace=pick.replace,
            p=odds.p,
            weight=odds.weight,
            key=key,
        )

    def next_key(self, name: str) -> str:
        key = f"{name}#{self.seen[name]}"
        self.seen[name] += 1
        return key


def _check_order(transform: Transform, params: Mapping[str, Value], place: Place) -> None:
    """Check that no draw can put the first parameter of a pair above the second."""
    for low, high in transform.ascending:
        lower = bounds(params[low])
        upper = bounds(params[high])
        if lower is None or upper is None:
            continue
        largest = lower[1]
        smallest = upper[0]
        if largest < smallest or (largest == smallest and transform.may_be_equal):
            continue
        rule = "never be above" if transform.may_be_equal else "always be below"
        extremes = f"{low} can be as high as {largest:g}, {high} as low as {smallest:g}"
        place.at(low).add(f"must {rule} {high} ({extremes})")


def _check_count(pick: _PickKeys, listed: int, place: Place) -> None:
    """Check that a pick lists as many entries as it takes."""
    needed = 1 if pick.replace else pick.some_of
    if listed >= needed:
        return
    message = f"picks {plural(pick.some_of, 'transform')} but lists {listed or 'none'}; list more"
    if listed:  # with replace, one entry is enough
        message += ", or set replace = true"
    place.add(message)


def check_deny(picks: Iterable[PickStep], denied: Collection[str], place: Place) -> None:
    """Check that what a class denies leaves every pick enough; `place` is that of its `deny`."""
    for pick in picks:
        left = sum(is_allowed(entry, denied) for entry in pick.entries)
        needed = 1 if pick.replace else pick.count
        if left >= needed:
            continue
        names = [step.op for step in walk_steps(pick.entries) if isinstance(step, TransformStep)]
        if len(names) > _SHOWN_NAMES:
            names = [*names[:_SHOWN_NAMES], "…"]
        listed = ", ".join(names)
        message = f"leaves too few transforms to pick from ({listed})"
        place.add(f"{message}: {needed} needed, {left} left")
