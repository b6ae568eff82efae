"""The catalogue in words: what `augbuild ops` prints."""

from __future__ import annotations

import json

from augbuild.catalogue.assets import bundled_assets
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Param, Transform
from augbuild.core.text import as_toml, nearest
from augbuild.errors import RecipeError

_EXAMPLES = {
    "colour": "[255, 255, 255]",
    "text": '"Hello"',
    "image": '"overlays/logo.png"',
    "matrix": "[0.3, 0.6, 0.1, 0.0]",
}


def list_transforms() -> str:
    """List every transform with its one line."""
    width = max(map(len, CATALOGUE))
    lines = [f"{name:<{width}}  {info.doc}" for name, info in CATALOGUE.items()]
    return "\n".join([*lines, "", "`augbuild ops NAME` explains one."])


def describe_transform(name: str) -> str:
    """Explain one transform: parameters with defaults and ranges, what to beware of, and how a recipe writes it.

    Raises RecipeError for a name that is not in the catalogue.
    """
    if name not in CATALOGUE:
        near = nearest(name, CATALOGUE)
        hint = f"did you mean {near}?" if near else "`augbuild ops` lists them"
        raise RecipeError(f"{as_toml(name)} is no transform; {hint}")
    info = CATALOGUE[name]
    lines = [f"{name}: {info.doc}", ""]
    lines += [f"  {parameter:<24}{_describe(param)}" for parameter, param in info.params.items()]
    lines += [""] if info.params else []
    if info.caution:
        lines += [f"Beware: {info.caution}.", ""]
    return "\n".join([*lines, *_snippet(name, info)])


def _describe(param: Param) -> str:
    default = "required" if param.required else f"default {json.dumps(param.default)}"
    if param.kind == "seed" or (param.default is None and not param.required):
        default = "drawn" if param.kind == "seed" else "default: none"
    return f"{param.doc}; {_range(param)}, {default}"


def _range(param: Param) -> str:
    if param.kind in {"number", "integer", "seed"}:
        low, high = f"{param.low:.10g}", f"{param.high:.10g}"
        ends = " and ".join(
            end for end, is_open in ((low, param.open_low), (high, param.open_high)) if is_open
        )
        return f"{param.kind.replace('seed', 'integer')} {low} to {high}" + (
            f" ({ends} excluded)" if ends else ""
        )
    if param.kind == "choice":
        return " | ".join(map(json.dumps, param.choices))
    return {"boolean": "true | false", "colour": "[red, green, blue]"}.get(param.kind, param.kind)


def _snippet(name: str, info: Transform) -> list[str]:
    lines = ["[[transforms]]", f'op = "{name}"']
    return [
        *lines,
        *(
            f"{parameter} = {_example(param)}"
            for parameter, param in info.params.items()
            if _shown(param)
        ),
    ]


def _shown(param: Param) -> bool:
    return param.required or (param.kind in {"number", "integer", "emoji"} and not param.optional)


def _example(param: Param) -> str:
    if param.kind == "number" and isinstance(param.default, int | float):
        spread = min(
            param.default - param.low, param.high - param.default, abs(param.default) / 2 or 0.2
        )
        low, high = (
            (param.default - spread, param.default + spread)
            if spread > 0
            else (param.low, param.high)
        )
        return f"{{ uniform = [{low:.4g}, {high:.4g}] }}"
    if param.kind == "integer":
        return json.dumps(param.default)
    if param.kind in ASSET_KINDS and param.kind != "image":
        return f'{{ choice = ["{param.default}", "{next(iter(bundled_assets(param.kind)))}"] }}'
    return _EXAMPLES.get(param.kind, json.dumps(param.default))
