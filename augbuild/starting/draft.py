"""The text of a first recipe: commented TOML that fits what a survey saw."""

from __future__ import annotations

import math

from augbuild.core.text import plural, toml_string, visible
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceOptions
from augbuild.starting.places import Places
from augbuild.starting.survey import Survey, reads_differently_mirrored

# A fifth of 100 images tests on 20: one image more or less is 5 % of accuracy, so such a source is
# tested in folds, every image once; a fifth of 500 still moves by 1 % an image.
_FEW = 100
_NOT_MANY = 500
_FOLDS = 5
# Most networks are trained at about 224 pixels; twice that is left for rotations and crops.
_LARGE_SIDE = 1024
_TRAINING_SIDE = 512
_UNBALANCED = 3
_CAP = 8
_MOST_NAMED = 3
_MOST_DENIED = 20
_COMMENT_COLUMN = 32


def draft_recipe(survey: Survey, places: Places, options: SourceOptions = DEFAULT_OPTIONS) -> str:
    """Write a recipe for a source; `options` are what had to be said to open it."""
    images = plural(survey.images, "image")
    classes = plural(len(survey.classes), "class", "classes")
    sections = [
        [f"# Drafted by `augbuild init` from {images} in {classes}; all of it may be changed."],
        [
            f"name = {toml_string(places.name)}",
            _with_comment("seed = 42", "every draw follows from it; another seed, other variants"),
        ],
        _source(places, options),
        _split(survey),
        _output(survey, places),
        _augment(survey),
        *_transforms(survey),
    ]
    texts = ["\n".join(lines) for lines in sections if lines]
    return "\n\n".join(texts) + "\n"


def _with_comment(setting: str, comment: str) -> str:
    return f"{setting:<{_COMMENT_COLUMN - 1}} # {comment}"


def _source(places: Places, options: SourceOptions) -> list[str]:
    path = f"path = {toml_string(places.source)}"
    lines = ["[source]", _with_comment(path, "relative to this file")]
    if options.layout != "auto":
        lines.append(f'layout = "{options.layout}"')
    if options.follow_links != DEFAULT_OPTIONS.follow_links:
        lines.append(f"follow_links = {str(options.follow_links).lower()}")
    return lines


def _split(survey: Survey) -> list[str]:
    """Write `[split]`; the splits that a source comes with are kept without it."""
    if survey.is_split and "test" in survey.counts:
        return []
    if survey.is_split:
        return [
            "# The source has splits, but no test images. To split it anew:",
            "# [split]",
            "# ignore_existing = true",
            "# test = 0.2",
        ]
    lines = [_with_comment("[split]", "the source comes without splits")]
    smallest = min(survey.to_augment.values(), default=0)
    folds = min(_FOLDS, smallest)
    if survey.images < _FEW and folds > 1:
        few = f"{plural(survey.images, 'image')}: too few to test on a fifth; each is tested once"
        lines.append(_with_comment(f"folds = {folds}", few))
        lines.append(_with_comment("# test = 0.2", "instead of folds: a fifth of each class"))
        return lines
    kept = "a fifth of each class; pictures that are nearly the same stay on one side"
    lines.append(_with_comment("test = 0.2", kept))
    if survey.images < _NOT_MANY and folds > 1:
        instead = "instead of test: every image is tested once, not a fifth of them"
        lines.append(_with_comment(f"# folds = {folds}", instead))
    return lines


def _output(survey: Survey, places: Places) -> list[str]:
    lines = ["[output]", f"path = {toml_string(places.output)}"]
    setting = f"max_side = {_TRAINING_SIDE}"
    size = survey.median_size
    if size is not None and max(size) > _LARGE_SIDE:
        width, height = size
        why = (
            f"variants of photos such as {width} x {height} are shrunk first; for training, enough"
        )
        lines.append(_with_comment(setting, why))
    else:
        lines.append(_with_comment(f"# {setting}", "would shrink larger images first"))
    return lines


def _augment(survey: Survey) -> list[str]:
    sizes = survey.to_augment
    largest = max(sizes.values(), default=0)
    smallest = min(sizes.values(), default=0)
    if largest <= _UNBALANCED * smallest:
        return ["[augment]", _with_comment("variants = 3", "of each train image")]
    target = 2 * largest
    short = [name for name, size in sizes.items() if size * (1 + _CAP) < target]
    lines = [
        f"# The largest class has {largest:,} images to augment, the smallest {smallest:,}.",
        "# Instead of balance, [augment] variants = 3 makes three of each train image.",
    ]
    if short:
        needed = math.ceil(target / smallest) - 1
        lines.append(
            f"# Too small to get there: {_name_some(short)}; it would take {needed:,} variants "
            "of an image."
        )
    lines.append("[augment.balance]")
    lines.append(_with_comment('target = "x2"', "every class ends at twice the largest"))
    lines.append(_with_comment(f"cap_per_source = {_CAP}", "variants of one image at most"))
    return lines


def _transforms(survey: Survey) -> list[list[str]]:
    """Write mild transforms, and which classes are not to be mirrored."""
    signs = [label for label in survey.classes if reads_differently_mirrored(label)]
    denied = signs
    is_mirrored = len(signs) <= min(_MOST_DENIED, len(survey.classes) // 2)
    flip = [
        "[[transforms]]",
        'op = "hflip"',
        _with_comment("p = 0.5", "for one variant in two"),
    ]
    if not is_mirrored:
        denied = []
        flip = [
            f"# No hflip: {_name_some(signs)} may be digits, letters or directions, which a",
            "# mirror turns into something else. If the names only number the classes, add it:",
            "# [[transforms]]",
            '# op = "hflip"',
            "# p = 0.5",
        ]
    sections = [
        [
            "[[transforms]]",
            _with_comment('op = "rotate"', "turned, then cropped: no black corner is left"),
            "degrees = { uniform = [-15, 15] }",
        ],
        flip,
        [
            "[[transforms]]",
            'op = "color_jitter"',
            "brightness_factor = { uniform = [0.8, 1.2] }",
            "contrast_factor = { uniform = [0.8, 1.2] }",
            "saturation_factor = { uniform = [0.8, 1.2] }",
        ],
    ]
    for label in denied:
        comment = "a mirror may turn it into another class"
        rules = [f"[classes.{toml_string(label)}]", _with_comment('deny = ["hflip"]', comment)]
        sections.append(rules)
    return sections


def _name_some(labels: list[str]) -> str:
    """Name the first few classes in a comment, which TOML ends at the end of its line."""
    named = [visible(label) for label in labels[:_MOST_NAMED]]
    more = len(labels) - len(named)
    others = f" and {more:,} more" if more else ""
    return ", ".join(named) + others
