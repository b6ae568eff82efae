"""The dataset card: a README that people read, and whose front matter Hugging Face loads the dataset by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augbuild.core.text import escape_markdown, visible

_TEMPLATES = Path(__file__).parent / "templates"
_SHOWN_CLASSES = 100
_RANGES = frozenset({"uniform", "log_uniform", "integers"})
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def render_card(facts: Mapping[str, Any]) -> str:
    """Render the card from the content of dataset.json; equal facts give equal cards."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # not HTML: names are escaped for Markdown, one by one
    )
    counts, shown = facts["counts"], facts["classes"][:_SHOWN_CLASSES]
    return environment.get_template("card.md.jinja").render(
        front_matter=_front_matter(facts),
        name=escape_markdown(facts["name"]),
        total=f"{facts['rows']:,}",
        classes=f"{len(facts['classes']):,}",
        augmented=f"{sum(counts.get('augmented_train', {}).values()):,}".removeprefix("0"),
        folders=list(counts),
        rows=[
            {
                "name": escape_markdown(label),
                "values": [f"{counts[folder].get(label, 0):,}" for folder in counts],
            }
            for label in shown
        ],
        more_classes=len(facts["classes"]) - len(shown),
        variants=_variants(facts["recipe"]["augment"]),
        steps=list(_steps(facts["recipe"]["transforms"])),
        format=facts["recipe"]["output"]["format"],
        rejected=f"{facts['rejected']:,}" if facts["rejected"] else "",
        recipe_sha256=facts["recipe_sha256"],
        versions=facts["versions"],
        attribution=escape_markdown(facts["attribution"] or ""),
    )


def _front_matter(facts: Mapping[str, Any]) -> str:
    """Write YAML as JSON values, which are YAML too: no name in it can be taken for anything else.

    The configs pin the splits: Hugging Face would else guess them from words in the names of files and classes.
    """
    fields = {
        "pretty_name": visible(facts["name"]),
        "task_categories": ["image-classification"],
        "size_categories": [
            next((size for bound, size in _SIZES if facts["rows"] < bound), "n>1M")
        ],
        "configs": list(_configs(facts["counts"])),
    }
    # JSON writes an emoji as two escapes, and YAML would read them as two broken characters: hence no ASCII.
    return "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()
    )


def _configs(counts: Mapping[str, Mapping[str, int]]) -> Iterator[dict[str, Any]]:
    held_out = [
        {"split": split, "path": _patterns(split, counts)} for split in ("validation", "test")
    ]
    trains = {
        "default": ("train", "augmented_train"),
        "original": ("train",),
        "augmented": ("augmented_train",),
    }
    for name, folders in trains.items():
        train = {
            "split": "train",
            "path": [pattern for folder in folders for pattern in _patterns(folder, counts)],
        }
        if train["path"]:
            default = {"default": True} if name == "default" else {}
            files = [train, *(split for split in held_out if split["path"])]
            # Without drop_labels, a dataset of one class would come without labels.
            yield {"config_name": name, **default, "drop_labels": False, "data_files": files}


def _patterns(folder: str, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Match the images of a folder; Hugging Face leaves folders like __a__ out unless the pattern spells the __."""
    labels = [label for label, count in counts.get(folder, {}).items() if count]
    patterns = {
        f"{folder}/__*/**" if label.startswith("__") else f"{folder}/**" for label in labels
    }
    return sorted(patterns)


def _variants(augment: Mapping[str, Any]) -> str:
    if augment["balance"] is not None:
        return f"as many variants as balance the classes, {augment['balance']['cap_per_source']} at the most"
    return f"{augment['variants']} variant{'s' * (augment['variants'] != 1)}"


def _steps(nodes: Iterable[Mapping[str, Any]], indent: str = "") -> Iterator[str]:
    for node in nodes:
        chance = f", with probability {node['p']:g}" if node["p"] != 1 else ""
        if "op" in node:
            params = {
                name: value for name, value in node.items() if name not in {"op", "p", "weight"}
            }
            written = ", ".join(
                f"{name} {_value(value)}" for name, value in params.items() if value is not None
            )
            yield f"{indent}- **{escape_markdown(node['op'])}**{': ' if written else ''}{written}{chance}"
        else:
            again = ", with replacement" if node["replace"] else ""
            yield f"{indent}- {node['some_of']} of these{again}{chance}:"
            yield from _steps(node["from"], indent + "  ")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        kind, args = next(iter(value.items()))
        ends = " to ".join(f"{end:g}" for end in args) if kind in _RANGES else json.dumps(args)
        return f"{kind.replace('_', '-')} {escape_markdown(ends)}"
    return escape_markdown(json.dumps(value))
