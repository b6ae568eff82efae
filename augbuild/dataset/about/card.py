"""The dataset card: a README for people, whose front matter tells Hugging Face how to load it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augbuild.core.text import escape_markdown, visible
from augbuild.dataset.about.credits import licence_fields
from augbuild.dataset.info import DatasetInfo
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.recipe.model import AugmentSpec, ResolvedOutput

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # not HTML: names are escaped for Markdown, one by one
)
_SHOWN_CLASSES = 100
_RANGES = frozenset({"uniform", "log_uniform", "integers"})
_NOT_PARAMETERS = frozenset({"op", "p", "weight"})
# Hugging Face's own size categories, each with the number of rows that it ends below.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def render_card(info: DatasetInfo, credits: Sequence[str] = ()) -> str:
    """Render the card of a dataset; equal datasets give equal cards.

    `credits` are those of the art that was painted into variants, a line each.
    """
    augmented = sum(info.counts.get(AUGMENTED_FOLDER, {}).values())
    shown = info.classes[:_SHOWN_CLASSES]
    rows = []
    for label in shown:
        values = [f"{of_folder.get(label, 0):,}" for of_folder in info.counts.values()]
        rows.append({"name": escape_markdown(label), "values": values})
    return _ENVIRONMENT.get_template("card.md.jinja").render(
        front_matter=_front_matter(info),
        name=escape_markdown(info.name),
        total=f"{info.rows:,}",
        classes=f"{len(info.classes):,}",
        augmented=f"{augmented:,}" if augmented else "",
        folders=list(info.counts),
        rows=rows,
        more_classes=len(info.classes) - len(shown),
        variants=_variants(info.recipe.augment),
        steps=list(_steps(info.recipe.transforms)),
        format=info.recipe.output.format,
        size=_size(info.recipe.output),
        rejected=f"{info.rejected:,}" if info.rejected else "",
        versions=info.versions,
        lacks_classes=_lacks_classes(info),
        findings=_escape_all(finding.text() for finding in info.findings),
        description=_escape_all(_lines(info.description)),
        licence=_licence(info),
        credits=_escape_all(credits),
        citation=[visible(line) for line in _lines(info.citation)],
    )


def _lacks_classes(info: DatasetInfo) -> bool:
    """Check whether some folder with images has none of some class."""
    present = set()
    for of_folder in info.counts.values():
        present.add(sum(count > 0 for count in of_folder.values()))
    return not present <= {0, len(info.classes)}


def _escape_all(texts: Iterable[str]) -> list[str]:
    return list(map(escape_markdown, texts))


def _lines(text: str | None) -> list[str]:
    """Return the lines of a text that a recipe gives, none of them blank."""
    return [line for line in (text or "").splitlines() if line.strip()]


def _licence(info: DatasetInfo) -> str:
    """Return the sentence about the licence of the images."""
    by = f", by {escape_markdown(info.creator)}" if info.creator else ""
    attribution = escape_markdown(info.attribution or "")
    if info.license:
        licence = escape_markdown(info.license)
        sentence = f"The images{by}: {licence}; it holds for the variants too."
        return f"{sentence} {attribution}." if attribution else sentence
    if attribution:
        return f"The images{by}: {attribution}."
    unknown = f"augbuild does not know the licence of the source images{by}"
    return f"{unknown}; it holds for the variants too."


def _size(output: ResolvedOutput) -> str:
    """Return the size of every image and how it came to it, or "" where each has its own."""
    if output.frame is None:
        return ""
    (width, height), fit = output.frame
    ways = {"stretch": "stretched", "crop": "cropped in the middle", "pad": "padded with black"}
    return f"{width} x {height} pixels ({ways[fit]} where their shape is another)"


def _front_matter(info: DatasetInfo) -> str:
    """Return YAML whose values are JSON, which is YAML too: no name can be taken for anything else.

    The configs pin the splits: otherwise Hugging Face guesses them from words in the names of files
    and classes.
    """
    category = next((name for bound, name in _SIZES if info.rows < bound), "n>1M")
    fields: dict[str, object] = {"pretty_name": visible(info.name)}
    if info.license:
        fields.update(licence_fields(info.license))
    for key in ("creator", "citation", "description"):
        if text := getattr(info, key):
            fields[key] = text
    fields |= {
        "task_categories": ["image-classification"],
        "size_categories": [category],
        "configs": list(_configs(info.counts)),
    }
    lines = []
    for key, value in fields.items():
        # Not ASCII: JSON writes an emoji as two escapes, which YAML reads as two broken characters.
        written = json.dumps(value, ensure_ascii=False)
        lines.append(f"{key}: {written}\n")
    return "".join(lines)


def _configs(counts: Mapping[str, Mapping[str, int]]) -> Iterator[dict[str, object]]:
    """Yield Hugging Face's configs: what each trains on, and the splits that all share."""
    held_out = [
        {"split": split, "path": patterns}
        for split in ("validation", "test")
        if (patterns := _patterns(split, counts))
    ]
    train = _patterns("train", counts)
    augmented = _patterns(AUGMENTED_FOLDER, counts)
    configs = {"default": train + augmented, "original": train, "augmented": augmented}
    for name, patterns in configs.items():
        if not patterns:
            continue
        config: dict[str, object] = {"config_name": name}
        if name == "default":
            config["default"] = True
        # Otherwise a dataset of one class comes without labels.
        config["drop_labels"] = False
        config["data_files"] = [{"split": "train", "path": patterns}, *held_out]
        yield config


def _patterns(folder: str, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the patterns that match the images of a folder; none where it has no images.

    Hugging Face leaves folders such as `__a__` out, unless the pattern spells the underscores.
    """
    patterns = set()
    for label, count in counts.get(folder, {}).items():
        if count:
            patterns.add(f"{folder}/__*/**" if label.startswith("__") else f"{folder}/**")
    return sorted(patterns)


def _variants(augment: AugmentSpec) -> str:
    if augment.balance is not None:
        most = augment.balance.cap_per_source
        return f"as many variants as balance the classes, {most} at the most"
    return f"{augment.variants} {'variant' if augment.variants == 1 else 'variants'}"


def _steps(steps: Iterable[object], indent: str = "") -> Iterator[str]:
    """Yield a line for each step of a resolved recipe, and for the steps in it."""
    for step in steps:
        assert isinstance(step, dict), "a recipe's steps are objects"
        chance = f", with probability {step['p']:g}" if step["p"] != 1 else ""
        if "op" in step:
            written = ", ".join(
                f"{name} {_value(value)}"
                for name, value in step.items()
                if name not in _NOT_PARAMETERS and value is not None
            )
            colon = ": " if written else ""
            yield f"{indent}- **{escape_markdown(step['op'])}**{colon}{written}{chance}"
        else:
            again = ", with replacement" if step["replace"] else ""
            yield f"{indent}- {step['some_of']} of these{again}{chance}:"
            yield from _steps(step["from"], indent + "  ")


def _value(value: object) -> str:
    """Return a parameter's value, or how it is drawn: `uniform -20 to 20`."""
    if not isinstance(value, dict):
        return escape_markdown(json.dumps(value))
    kind, arguments = next(iter(value.items()))
    ends = json.dumps(arguments)
    if kind in _RANGES:
        ends = " to ".join(f"{end:g}" for end in arguments)
    return f"{kind.replace('_', '-')} {escape_markdown(ends)}"
