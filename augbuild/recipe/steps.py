"""The transforms of a recipe: single ones, and those that pick among others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from augbuild.catalogue.transforms import CATALOGUE, JsonValue, Transform
from augbuild.core.text import as_toml, join_key
from augbuild.recipe.rules import Problems, Rule, boolean, choice, integer, number
from augbuild.recipe.values import Distribution, always, bounds, read_params

_P = number(0, 1)
_WEIGHT = number(0, 1e6, open_low=True)
_DEEPEST = 10
_MOST_NODES = 250


@dataclass(frozen=True, slots=True)
class TransformStep:
    """A transform of the catalogue and how its parameters are drawn; `key` is its name and occurrence in the recipe."""

    op: str
    params: Mapping[str, JsonValue | Distribution]
    p: float
    weight: float
    key: str

    def to_json(self) -> dict[str, Any]:
        """Give the transform as a recipe would write it, defaults filled in."""
        params = {
            name: value.to_json() if isinstance(value, Distribution) else value
            for name, value in self.params.items()
        }
        return {"op": self.op, "p": self.p, "weight": self.weight, **params}


@dataclass(frozen=True, slots=True)
class PickStep:
    """A choice of `count` among `entries`, by weight: some_of; one_of is short for some_of = 1, streams included."""

    count: int
    entries: tuple[Step, ...]
    replace: bool
    p: float
    weight: float
    key: str

    def to_json(self) -> dict[str, Any]:
        """Give the pick as a recipe would write it, defaults filled in."""
        entries = [entry.to_json() for entry in self.entries]
        return {
            "some_of": self.count,
            "replace": self.replace,
            "p": self.p,
            "weight": self.weight,
            "from": entries,
        }


Step = TransformStep | PickStep


def walk_steps(nodes: Iterable[Step]) -> Iterator[Step]:
    """Go through nodes and all below them, in document order."""
    for node in nodes:
        yield node
        if isinstance(node, PickStep):
            yield from walk_steps(node.entries)


def remove_step(nodes: Iterable[Step], key: str) -> tuple[Step, ...]:
    """Leave one transform out, wherever it stands; a pick that then has too few picks what there is."""
    kept: list[Step] = []
    for node in nodes:
        if isinstance(node, PickStep) and (entries := remove_step(node.entries, key)):
            most = node.count if node.replace else len(entries)
            kept.append(replace(node, entries=entries, count=min(node.count, most)))
        elif isinstance(node, TransformStep) and node.key != key:
            kept.append(node)
    return tuple(kept)


def read_steps(
    tables: object, path: str, folder: Path | None, problems: Problems, warnings: list[str]
) -> tuple[Step, ...]:
    """Read `[[transforms]]`; what is wrong goes to `problems`, what is odd to `warnings`."""
    reader = _Reader(folder, problems, warnings)
    return reader.read(tables, path, depth=0)


class _Reader:
    """Reads nodes in document order, counting how often each name has occurred."""

    def __init__(self, folder: Path | None, problems: Problems, warnings: list[str]) -> None:
        self._folder, self._problems, self._warnings = folder, problems, warnings
        self._seen: Counter[str] = Counter()

    def read(self, tables: object, path: str, depth: int) -> tuple[Step, ...]:
        if not isinstance(tables, list):
            self._problems.add(path, f"must be a list of tables (got {as_toml(tables)})")
            return ()
        if self._seen.total() + len(tables) > _MOST_NODES:
            self._problems.add(
                path, f"holds too many: a recipe has at most {_MOST_NODES} transforms"
            )
            return ()
        nodes = (
            self._node(table, join_key(path, index), depth) for index, table in enumerate(tables)
        )
        return tuple(node for node in nodes if node is not None)

    def _node(self, table: object, path: str, depth: int) -> Step | None:
        if not isinstance(table, dict):
            self._problems.add(path, f"must be a table (got {as_toml(table)})")
            return None
        kinds = [key for key in ("op", "one_of", "some_of") if key in table]
        if len(kinds) != 1:
            self._problems.add(path, "must have one of op, one_of and some_of")
            return None
        p = self._checked(_P, table, "p", path, 1.0)
        weight = self._checked(_WEIGHT, table, "weight", path, 1.0)
        if p == 0:
            self._warnings.append(f"{path} never fires: its p is 0")
        if kinds[0] == "op":
            return self._transform(table, path, p, weight)
        return self._pick(kinds[0], table, path, p, weight, depth)

    def _checked(
        self, rule: Rule, table: Mapping[str, Any], key: str, path: str, default: Any
    ) -> Any:
        if fault := rule.fault(table.get(key, default)):
            self._problems.add(join_key(path, key), fault)
            return default
        return rule.convert(table.get(key, default))

    def _key(self, name: str) -> str:
        self._seen[name] += 1
        return f"{name}#{self._seen[name] - 1}"

    def _transform(
        self, table: Mapping[str, Any], path: str, p: float, weight: float
    ) -> TransformStep | None:
        name = table["op"]
        if not isinstance(name, str) or name not in CATALOGUE:
            hint = (
                self._problems.suggest(name, CATALOGUE)
                if isinstance(name, str)
                else "`augbuild ops` lists them"
            )
            self._problems.add(
                join_key(path, "op"), f"must be a transform (got {as_toml(name)}); {hint}"
            )
            return None
        info, before = CATALOGUE[name], self._problems.count
        self._problems.add_unknown_keys(path, table, [*info.params, "op", "p", "weight"])
        params = read_params(info.params, table, path, self._folder, self._problems)
        if self._problems.count == before:
            self._check_order(info, params, path)
            self._warn(name, params, table, path)
        return TransformStep(name, params, p, weight, self._key(name))

    def _check_order(
        self, info: Transform, params: Mapping[str, JsonValue | Distribution], path: str
    ) -> None:
        for low, high in info.ascending:
            lower, upper = bounds(params[low]), bounds(params[high])
            if (
                lower
                and upper
                and (lower[1] > upper[0] or (lower[1] == upper[0] and not info.may_be_equal))
            ):
                self._problems.add(
                    join_key(path, low),
                    f"must always be below {high} (it goes up to {lower[1]:g}, {high} down to {upper[0]:g})",
                )

    def _warn(
        self,
        name: str,
        params: Mapping[str, JsonValue | Distribution],
        table: Mapping[str, Any],
        path: str,
    ) -> None:
        if any(always(params, identity) for identity in CATALOGUE[name].identities):
            self._warnings.append(f"{path}: {name} does nothing with these parameters")
        if any(
            param.kind == "seed" and not isinstance(table.get(key, {}), dict)
            for key, param in CATALOGUE[name].params.items()
        ):
            self._warnings.append(
                f"{path}.seed is constant: {name} does the same to every image of a size"
            )

    def _pick(
        self, kind: str, table: Mapping[str, Any], path: str, p: float, weight: float, depth: int
    ) -> PickStep | None:
        key = self._key("some_of")
        if depth >= _DEEPEST:
            self._problems.add(path, f"is nested over {_DEEPEST} deep")
            return None
        inline = (
            kind == "one_of" and "from" not in table
        )  # one_of = [...] is short for one_of = 1, from = [...]
        place = kind if inline else "from"
        allowed = {"one_of": {kind, place}, "some_of": {kind, place, "replace"}}[kind]
        self._problems.add_unknown_keys(path, table, [*sorted(allowed), "p", "weight"])
        count = (
            1
            if inline
            else self._checked(
                choice(1) if kind == "one_of" else integer(1, 100), table, kind, path, 1
            )
        )
        replace = self._checked(boolean(), table, "replace", path, False)
        listed = table.get(place, [])
        entries = self.read(listed, join_key(path, place), depth + 1)
        if isinstance(listed, list) and len(listed) < (1 if replace else count):
            hint = "" if replace or not listed else ", or set replace = true"
            self._problems.add(path, f"picks {count} of {len(listed)}; list more of them{hint}")
        return PickStep(count, entries, replace, p, weight, key)


def check_deny(
    picks: Iterable[PickStep], denied: Collection[str], path: str, problems: Problems
) -> None:
    """Note the picks that a class's `deny` leaves with too few."""
    for pick in picks:
        left, needed = (
            sum(is_allowed(entry, denied) for entry in pick.entries),
            1 if pick.replace else pick.count,
        )
        if left < needed:
            problems.add(
                join_key(path, "deny"), f"leaves {left} of the {needed} to pick ({_names(pick)})"
            )


def _names(pick: PickStep) -> str:
    names = [node.op for node in walk_steps(pick.entries) if isinstance(node, TransformStep)]
    return ", ".join([*names[:8], *(["…"] if len(names) > 8 else [])])


def is_allowed(node: Step, denied: Collection[str]) -> bool:
    """Tell whether a class that denies some transforms can still have this node."""
    if isinstance(node, TransformStep):
        return node.op not in denied
    return any(is_allowed(entry, denied) for entry in node.entries)
