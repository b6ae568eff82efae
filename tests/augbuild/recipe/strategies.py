"""Recipes out of Hypothesis: legal ones, as the tables that TOML would give, and as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from augbuild.catalogue.assets import bundled_assets
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Param, Transform

Table = dict[str, Any]  # TOML of any shape: tests change what they like in it

NAMES = [
    name
    for name, info in CATALOGUE.items()
    if not any(param.kind == "image" for param in info.params.values())
]


def to_toml(table: Mapping[str, object]) -> str:
    """Write a table as TOML, one key a line."""
    return "".join(f"{_quoted(key)} = {_inline(value)}\n" for key, value in table.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        pairs = [f"{_quoted(key)} = {_inline(each)}" for key, each in value.items()]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(each) for each in value)}]"
    return repr(value) if isinstance(value, float) else _quoted(value)


def _quoted(value: str | int | bool) -> str:
    return json.dumps(value, ensure_ascii=False)  # TOML knows no surrogate pairs


def smallest(*transforms: Mapping[str, object], **more: Any) -> Table:
    """Return a recipe of nothing but what must be there, and what is given."""
    head = {"name": "tiny", "source": {"path": "photos"}, "output": {"path": "out"}}
    return {**head, "transforms": [dict(transform) for transform in transforms], **more}


def recipes(names: list[str] | None = None) -> st.SearchStrategy[Table]:
    """Legal recipes."""
    splits = [
        {"test": 0.3, "validation": 0.1},
        {"folds": 4},
        {"group": "[a-z]+_", "test": 0},
    ]
    augments = [{"variants": 0}, {"balance": {"target": "x3", "cap_per_source": 5}}]
    optional: Mapping[str, st.SearchStrategy[object]] = {
        "seed": st.integers(0, 2**63 - 1),
        "split": st.sampled_from(splits),
        "augment": st.sampled_from(augments),
        "classes": st.just({"3": {"deny": []}}),
    }
    return st.builds(
        lambda steps, more: smallest(*steps, **more),
        st.lists(nodes(names or NAMES), min_size=1, max_size=5),
        st.fixed_dictionaries({}, optional=optional),
    )


def nodes(names: list[str]) -> st.SearchStrategy[Table]:
    """Transforms, and picks among them."""
    return st.recursive(st.sampled_from(names).flatmap(transforms), _picks, max_leaves=6)


def _picks(entries: st.SearchStrategy[Table]) -> st.SearchStrategy[Table]:
    lists = st.lists(entries, min_size=1, max_size=4)

    def some_of_table(entries: list[Table], count: int, replace: bool) -> Table:
        most = count if replace else min(count, len(entries))
        return {"some_of": most, "replace": replace, "from": entries}

    some_of = st.builds(some_of_table, lists, st.integers(1, 4), st.booleans())
    one_of = st.builds(lambda entries, p: {"one_of": entries, "p": p}, lists, st.floats(0, 1))
    return some_of | one_of


def transforms(name: str) -> st.SearchStrategy[Table]:
    """One transform, with some of its parameters."""
    info = CATALOGUE[name]
    params = {param: values(_apart(info, param)) for param in info.params}
    required = {param: params.pop(param) for param in info.params if info.params[param].required}
    ordered = {param for pair in info.ascending for param in pair}
    required |= {param: params.pop(param) for param in ordered if param in params}
    common = {"p": st.floats(0, 1), "weight": st.floats(0.01, 100)}
    return st.fixed_dictionaries({"op": st.just(name), **required}, optional={**params, **common})


def _apart(info: Transform, name: str) -> Param:
    """Narrow the range of a parameter that must be smaller, or larger, than another."""
    param = info.params[name]
    is_integer = param.kind == "integer"
    middle = (param.low + param.high) / 2
    if is_integer:
        middle = int(middle)
    if name in {low for low, _ in info.ascending}:
        return Param(param.kind, None, "", param.low, middle, open_high=not is_integer)
    if name in {high for _, high in info.ascending}:
        low = middle + 1 if is_integer else middle
        return Param(param.kind, None, "", low, param.high, open_low=param.open_low)
    return param


def values(param: Param) -> st.SearchStrategy[Any]:
    """Plain values and draws of a parameter."""
    plain = plain_values(param)
    written = plain | st.lists(plain, min_size=1, max_size=3).map(lambda choice: {"choice": choice})
    if param.kind not in {"number", "integer", "seed"}:
        return written
    pairs = st.lists(plain, min_size=2, max_size=2).map(sorted)
    if param.kind != "number":
        return written | pairs.map(lambda pair: {"integers": pair})
    normal = pairs.map(lambda pair: {"normal": [pair[0], 1.5], "clip": pair})
    positive = pairs.filter(lambda pair: pair[0] > 0).map(lambda pair: {"log_uniform": pair})
    return (
        written
        | pairs.map(lambda pair: {"uniform": pair})
        | normal
        | (positive if param.high > 0 else normal)
    )


def plain_values(param: Param) -> st.SearchStrategy[Any]:
    """Legal plain values of a parameter."""
    if param.kind in ASSET_KINDS:
        return st.sampled_from(list(bundled_assets(param.kind))[:20])
    match param.kind:
        case "number":
            return st.floats(
                param.low, param.high, exclude_min=param.open_low, exclude_max=param.open_high
            )
        case "integer" | "seed":
            return st.integers(int(param.low), int(param.high))
        case "boolean":
            return st.booleans()
        case "choice":
            return st.sampled_from(param.choices)
        case "colour":
            return st.lists(st.integers(0, 255), min_size=3, max_size=3)
        case "matrix":
            return st.lists(st.floats(-1, 1), min_size=4, max_size=4)
        case _:
            return st.text(
                st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")),
                min_size=1,
                max_size=9,
            )
