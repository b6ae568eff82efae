"""The report of a finished comparison, a page and a Markdown file, from its folder alone: nothing is trained again."""

from __future__ import annotations

import base64
import json
import re
import shlex
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augbuild.core.text import escape_markdown, visible
from augbuild.errors import RunError
from trainer.comparison.result import OVERALL, ContrastResult, Detail, Measured, Result, read_result
from trainer.figures.theme import signed
from trainer.report.gallery import Drawn, Gallery, draw_gallery
from trainer.training.run import read_json, write_text

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_ROWS, _LONGEST_VALUE = 300, 300
_PIXELS = 1.5  # of a figure to one of the page, so that it is sharp on a fine screen
# What GitHub makes a link or a mention of without any brackets, and what begins a list or a rule.
_LINKS = {"://": "&#58;//", "www.": "www&#46;", "@": "&#64;"}
_BEGINS = re.compile(r"^(\d*)([-+=.)])(?=[-+=]*(?:\s|$))")


class _Code(str):
    """A line of a code block: Markdown needs no escapes there and would show them."""

    __slots__ = ()


def write_report(folder: Path) -> tuple[Path, Path]:
    """Write figures/, report.md and report.html into the folder of a comparison; give the paths of the last two.

    The same folder gives the same bytes: there is no time in them and no path that was not in comparison.json.
    Figures whose files are gone are left out, and the report says so. Raises RunError.
    """
    result = read_result(folder)
    config = _read_config(folder)
    gallery = draw_gallery(folder, result, config)
    facts = _facts(folder, result, config, gallery)
    markdown, page = folder / "report.md", folder / "report.html"
    try:
        for drawn in gallery.all():
            _write_bytes(folder / "figures" / f"{drawn.stem}.png", drawn.png)
        write_text(markdown, _markdown().get_template("report.md.jinja").render(facts))
        write_text(page, _html().get_template("report.html.jinja").render(facts))
    except OSError as error:
        raise RunError(f"{folder}: its report cannot be written: {error.strerror}") from error
    return markdown, page


def _read_config(folder: Path) -> dict[str, Any]:
    """Read what was declared, leniently: a report without it is one all the same."""
    try:
        return read_json(folder / "config.json")
    except (RunError, RecursionError):
        return {}


def _write_bytes(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.partial")
    staged.write_bytes(content)
    staged.replace(file)


def _html() -> Environment:
    """Make the page's environment: whatever a template prints is escaped, and what cannot be seen is spelled out."""
    return _environment(
        lambda value: visible(value) if type(value) is str else value, autoescape=True
    )


def _markdown() -> Environment:
    """Make the environment of Markdown, whose autoescape is ours: every text that a template prints is inert."""
    return _environment(
        lambda value: _inert(value) if type(value) is str else value, autoescape=False
    )


def _environment(finalize: Any, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
        finalize=finalize,
    )
    environment.filters |= {
        "signed": signed, "percent": _percent, "p": _p, "many": _many, "source": _source, "size": _size,
    }  # fmt: skip
    return environment


def _inert(text: str) -> str:
    """Write a text so that Markdown shows it as it is, wherever it stands."""
    escaped = escape_markdown(text)
    for acts, shown in _LINKS.items():
        escaped = re.sub(re.escape(acts), shown, escaped, flags=re.IGNORECASE)
    return _BEGINS.sub(r"\1\\\2", escaped)


def _facts(
    folder: Path, result: Result, config: Mapping[str, Any], gallery: Gallery
) -> dict[str, Any]:
    """Gather what both templates show."""
    return {
        "result": result,
        "gallery": gallery,
        "label": _label(result.outcome, result.sentence),
        "sentence": _told(result.outcome, result.sentence),
        "kind": result.outcome.lower().replace(" ", "-"),
        "primary": result.contrasts[0],
        "facts": list(_key_facts(result)),
        "contrasts": [
            _contrast(number, each, gallery) for number, each in enumerate(result.contrasts)
        ],
        "how_to_read": _how_to_read(result),
        "config": list(_rows(config))[:_MOST_ROWS],
        "command": _Code(visible(f"trainer report {shlex.quote(folder.resolve().name)}")),
    }


def _label(outcome: str, sentence: str) -> str:
    """Give the sentence's own label, as EQUIVALENT ±2, or the outcome."""
    head, colon, _ = sentence.partition(": ")
    return head if colon and head.startswith(outcome) else outcome


def _told(outcome: str, sentence: str) -> str:
    """Give the sentence without the label that stands before it."""
    return sentence.removeprefix(f"{_label(outcome, sentence)}: ")


def _key_facts(result: Result) -> Iterator[tuple[str, str]]:
    """Give a verdict's numbers, each with a word on it."""
    measured = result.contrasts[0].measured
    if measured is not None:
        yield f"{signed(measured.delta)} points", f"difference in {result.metric}"
        yield _interval(measured) or "none", "95 % interval"
    seeds = len(result.seeds)
    yield f"{seeds:,} × {len(result.arms)}", f"seed{'s' * (seeds != 1)} × arms"
    yield (
        f"{result.test_images:,}",
        "test images" + (f", in {result.folds} folds" if result.folds > 1 else ""),
    )
    yield result.budget, "budget of each run"


def _interval(measured: Measured | Detail) -> str:
    if measured.low is None or measured.high is None:
        return ""
    return f"{signed(measured.low)} to {signed(measured.high)}"


def _contrast(number: int, contrast: ContrastResult, gallery: Gallery) -> dict[str, Any]:
    """Give what is shown of one contrast; its differences by class and, in that, by metric."""
    measured = contrast.measured
    details = measured.details[OVERALL:] if measured is not None else ()
    by_class: dict[str, dict[str, tuple[str, str, float | None]]] = {}
    for detail in details:
        by_class.setdefault(detail.of, {})[detail.metric] = (
            signed(detail.delta),
            _interval(detail),
            detail.adjusted_p,
        )
    return {
        "treatment": contrast.treatment,
        "baseline": contrast.baseline,
        "label": _label(contrast.outcome, contrast.sentence),
        "sentence": _told(contrast.outcome, contrast.sentence),
        "kind": contrast.outcome.lower().replace(" ", "-"),
        "measured": measured,
        "figure": next(
            (each for each in gallery.deltas if each.stem == f"deltas-{number + 1}"), None
        ),
        "metrics": sorted({detail.metric for detail in details}, key=_metric_order),
        "classes": list(by_class.items())[:_MOST_ROWS],
        "more_classes": max(len(by_class) - _MOST_ROWS, 0),
    }


def _metric_order(metric: str) -> tuple[bool, str]:
    return metric == "F1", metric


def _how_to_read(result: Result) -> tuple[str, str]:
    """Say in two sentences what an interval here holds for, and what it does not."""
    if not result.runs:
        return (
            "Nothing was trained, so no difference is shown.",
            "Once the findings are dealt with, compare again.",
        )
    if all(each.measured is None or each.measured.low is None for each in result.contrasts):
        return (
            "There is no interval here: with so few runs, a difference may be that of their seeds alone.",
            "What is shown holds for these runs, this draw of variants and this split.",
        )
    holds = (
        "other folds of these images" if result.folds > 1 else "other test images of the same kind"
    )
    return (
        f"A 95 % interval here is made to hold the difference that other seeds and {holds} would show: 19 in 20 do.",
        "It says nothing about another draw of variants, another split, other photos, another model or budget.",
    )


def _rows(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Lay what was declared out as rows, an object's fields by their path; findings of guards have their own place."""
    if isinstance(value, dict) and (value or not key):
        for name, each in value.items():
            if key or name != "guards":
                yield from _rows(each, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for index, each in enumerate(value):
            yield from _rows(each, f"{key}[{index}]")
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield key, text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _p(p: float | None) -> str:
    return (
        ""
        if p is None
        else "p < 0.001"
        if p < 0.001
        else f"p = {p:.3f}"
        if p < 0.1
        else f"p = {p:.2f}"
    )


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _source(drawn: Drawn) -> str:
    return f"data:image/png;base64,{base64.b64encode(drawn.png).decode('ascii')}"


def _size(drawn: Drawn) -> Iterable[int]:
    """Read width and height from a PNG's header, in pixels of the page."""
    return [round(side / _PIXELS) for side in struct.unpack(">II", drawn.png[16:24])]
