"""The report of a finished comparison, a page and a Markdown file, from its folder alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augbuild.core.files import write_atomic
from augbuild.core.text import escape_markdown, plural, visible
from augbuild.errors import RunError
from trainer.comparison.result import ComparisonResult, read_result
from trainer.report.gallery import Gallery, draw_gallery
from trainer.report.view import ReportView, build_view
from trainer.statistics.verdict.digits import format_p

_TEMPLATES = Path(__file__).parent / "templates"

# What GitHub turns into a link or a mention without any brackets.
_LINKS = {"://": "&#58;//", "www.": "www&#46;", "@": "&#64;"}

# What begins a list or a rule in Markdown.
_BLOCK_START = re.compile(r"^(\d*)([-+=.)])(?=[-+=]*(?:\s|$))")


def write_report(folder: Path) -> tuple[Path, Path]:
    """Write report.md, report.html and figures/ into the folder of a comparison.

    Returns the paths of the first two. Nothing is trained again, and the same folder gives the same
    bytes: there is no time in them and no path that was not in comparison.json. Figures whose files
    are gone are left out, and the report says so. Raises RunError.
    """
    result = read_result(folder)
    gallery = Gallery()
    if isinstance(result, ComparisonResult):
        gallery = draw_gallery(folder, result)
    view = build_view(folder, result, gallery)
    markdown = folder / "report.md"
    page = folder / "report.html"
    try:
        # Figures first: a report never names one that is not there yet.
        for figure in gallery.figures:
            write_atomic(folder / "figures" / f"{figure.stem}.png", figure.png)
        write_atomic(markdown, render_markdown(view).encode())
        write_atomic(page, render_page(view).encode())
    except OSError as error:
        raise RunError(f"cannot write the report of {folder}: {error.strerror}") from error
    return markdown, page


def render_markdown(view: ReportView) -> str:
    """Return the report as Markdown, in which no text from the comparison acts."""
    environment = _make_environment(disarm_markdown, autoescape=False)
    return environment.get_template("report.md.jinja").render(report=view)


def render_page(view: ReportView) -> str:
    """Return the report as a page that stands alone, in which no text from the comparison acts."""
    environment = _make_environment(visible, autoescape=True)
    return environment.get_template("report.html.jinja").render(report=view)


def _make_environment(escape: Callable[[str], str], *, autoescape: bool) -> Environment:
    """Make an environment that escapes whatever a template prints."""

    def finalize(value: object) -> object:
        # Not isinstance: `Code` and Jinja2's own Markup are subclasses that are safe as they are.
        return escape(value) if type(value) is str else value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
        finalize=finalize,
    )
    environment.filters["percent"] = format_percent
    environment.filters["p"] = format_p
    environment.filters["plural"] = plural
    return environment


def disarm_markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is, wherever it stands."""
    escaped = escape_markdown(text)
    for acts, shown in _LINKS.items():
        escaped = re.sub(re.escape(acts), shown, escaped, flags=re.IGNORECASE)
    return _BLOCK_START.sub(r"\1\\\2", escaped)


def format_percent(share: float) -> str:
    """Return a share in per cent, without the sign."""
    return f"{100 * share:.1f}"
