"""The report of a comparison: from its folder alone, the same bytes each time, and inert."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.errors import RunError
from tests.trainer.comparison.fixtures import FOLDS, SINGLE, STOPPED, change, comparison
from tests.trainer.report.results import SMALL, photographed
from trainer.cli import main
from trainer.report.report import disarm_markdown, format_percent, write_report


def report(folder: Path) -> tuple[str, str]:
    """Write a report; return its Markdown and its page."""
    markdown, page = write_report(folder)
    return markdown.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished comparison of three arms, with its report."""
    folder = comparison(tmp_path_factory.mktemp("comparisons") / "lab", SMALL)
    write_report(folder)
    return folder


def test_verdict_comes_first(lab: Path) -> None:
    verdict = json.loads((lab / "comparison.json").read_text(encoding="utf-8"))["verdict"]
    label, sentence = verdict["sentence"].split(": ", 1)
    first = (lab / "report.md").read_text(encoding="utf-8").splitlines()[0]
    assert first.replace("\\", "") == f"**{label}:** {sentence}"
    page = Page((lab / "report.html").read_text(encoding="utf-8"))
    assert f"{label} {sentence}" in page.text
    assert page.text.index(sentence) < page.text.index("Arms")


def test_every_figure_is_there_and_in_the_page(lab: Path) -> None:
    names = sorted(path.name for path in (lab / "figures").iterdir())
    confusion, deltas = (
        [f"confusion-{number}.png" for number in (1, 2, 3)],
        ["deltas-1.png", "deltas-2.png"],
    )
    assert names == [*confusion, *deltas, "learning.png", "power.png", "slopes.png"]
    page = Page((lab / "report.html").read_text(encoding="utf-8"))
    sources = [str(value) for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    embedded = {
        base64.b64decode(source.removeprefix("data:image/png;base64,")) for source in sources
    }
    assert embedded == {(lab / "figures" / name).read_bytes() for name in names}
    linked = re.findall(r"!\[.*\]\((.*)\)", (lab / "report.md").read_text(encoding="utf-8"))
    assert sorted(linked) == [f"figures/{name}" for name in names]


def test_page_stands_alone_and_runs_nothing(lab: Path) -> None:
    html = (lab / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert not page.tags.keys() & {"script", "link", "iframe", "object", "form", "a", "base"}
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert all(
        str(value).startswith("data:image/png")
        for _, name, value in page.attributes
        if name == "src"
    )
    assert not re.search(r"url\(|@import|https?:", html)


def test_every_run_and_arm_is_listed(lab: Path) -> None:
    markdown, page = (
        (lab / name).read_text(encoding="utf-8") for name in ("report.md", "report.html")
    )
    for run in json.loads((lab / "comparison.json").read_text(encoding="utf-8"))["runs"]:
        row = f"| {run['id']} | {run['arm']} | {run['seed']} | {100 * run['accuracy']:.1f} |"
        assert row in markdown
        assert f">{run['id']}<" in page
    assert "fit.lr | 0.001" in markdown
    assert "trainer report lab" in markdown
    assert "trainer report lab" in page


def test_same_folder_gives_the_same_bytes_wherever_it_is(lab: Path, tmp_path: Path) -> None:
    files = [lab / "report.md", lab / "report.html", *sorted((lab / "figures").iterdir())]
    before = [path.read_bytes() for path in files]
    write_report(lab)
    assert [path.read_bytes() for path in files] == before
    moved = comparison(tmp_path / "lab", SMALL)
    write_report(moved)
    assert [(moved / path.relative_to(lab)).read_bytes() for path in files] == before
    assert str(tmp_path).encode() not in b"".join(before)


def test_one_seed_has_no_intervals(tmp_path: Path) -> None:
    markdown, page = report(comparison(tmp_path, SINGLE))
    assert "There is no interval here" in markdown
    assert "There is no interval here" in page
    assert "| cats |" in markdown


def test_folds_are_told(tmp_path: Path) -> None:
    markdown, page = report(comparison(tmp_path, FOLDS))
    assert "test images, in 4 folds" in markdown
    assert "| original-fold3-seed2 | original | 2 | 3 |" in markdown
    assert "other seeds and other folds of these images" in page


def test_a_stopped_comparison_tells_what_the_guards_found(tmp_path: Path) -> None:
    markdown, page = report(comparison(tmp_path, STOPPED))
    assert markdown.startswith("**INVALID:** augmented − original was not measured")
    for text in (markdown.replace("\\", ""), page):
        assert (
            "test image test/cats/18.jpg is the train image train/cats/327.jpg at another size"
            in text
        )
        assert "and 12 more" in text
        assert "13 findings, which stopped the comparison" in text
        assert "Nothing was trained" in text
    assert not (tmp_path / "figures").exists()
    assert "<img" not in page


def test_an_overridden_guard_is_told(tmp_path: Path) -> None:
    guards = [{**guard, "overridden": True} for guard in STOPPED.guards]
    markdown, _ = report(comparison(tmp_path, replace(SMALL, guards=guards)))
    assert "13 findings, overridden" in markdown


def test_a_figure_whose_files_are_gone_is_left_out_and_the_report_says_so(tmp_path: Path) -> None:
    folder = comparison(tmp_path / "it", SMALL)
    (folder / "runs" / "augmented-seed1" / "epochs.jsonl").unlink()
    (folder / "runs" / "augmented-seed2" / "predictions.csv").write_text("?", encoding="utf-8")
    (folder / "config.json").unlink()
    markdown, page = report(folder)
    for text in (Page(page).text, markdown.replace("\\", "")):
        assert (
            "The learning curves are left out: runs/augmented-seed1/epochs.jsonl does not exist."
            in text
        )
        assert (
            "The images that flipped are left out: runs/augmented-seed2/predictions.csv is not what"
            in text
        )
        assert "config.json does not exist or cannot be read." in text
        assert str(tmp_path) not in text
    assert "power.png" in markdown


def test_images_that_flipped_are_shown_while_their_files_are_there(tmp_path: Path) -> None:
    manifest, plan = photographed(tmp_path)
    folder = comparison(tmp_path / "comparison", plan)
    markdown, page = report(folder)
    assert "figures/flips.png" in markdown
    assert "Test images whose prediction flipped most" in page
    for path in (manifest.parent / "test").rglob("*.png"):
        path.unlink()
    assert "flipped are left out: their files can no longer be read" in report(folder)[0]


NAMES = [
    "<img src=x onerror=1>|`rm -rf`[x](javascript:1)\n# $x_2$ ![a](b)",
    "\"><script>alert(1)</script>' onload='x </style>",
    "\u202e{{ 7 * 7 }}&lt;b&gt; https://example.org @someone " + "x" * 300,
]


def renamed(folder: Path, name: str) -> tuple[str, Page]:
    """Report a comparison in which much has one name; return the Markdown and the page."""
    comparison(folder, replace(SINGLE, guards=[{**STOPPED.guards[0], "overridden": True}]))

    def edit(values: dict[str, Any]) -> None:
        values["classes"][0] = name
        values["verdict"]["sentence"] += name
        values["notes"] = values["guards"][0]["findings"] = [name]
        values["guards"][0]["name"] = name
        for place in (*values["arms"], *values["runs"]):
            place.update(
                {key: name for key in ("name", "arm") if place.get(key) == "augmented"},
                manifest=name,
            )
        for contrast in values["contrasts"]:
            contrast["treatment"] = contrast["details"][-1]["metric"] = contrast["details"][-1][
                "of"
            ] = name

    change(folder, edit)
    change(folder, lambda config: config.update({name: name}), "config.json")
    markdown, page = report(folder)
    return markdown, Page(page)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Page]:
    """The report of a comparison in which nothing has a name that could act."""
    return renamed(tmp_path_factory.mktemp("plain") / "it", "name")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_acts(name: str, plain: tuple[str, Page], tmp_path: Path) -> None:
    markdown, page = renamed(tmp_path / "it", name)
    assert page.tags == plain[1].tags
    assert Counter(each[:2] for each in page.attributes) == Counter(
        each[:2] for each in plain[1].attributes
    )
    assert len(markdown.splitlines()) == len(plain[0].splitlines())
    assert not re.search(r"<\w|https?://|@", markdown)
    assert not re.search(r"(?<!\\)\]\((?!figures/)", markdown)
    assert ("{{ 7 * 7 }}" in page.text) == ("{{" in name)


@settings(deadline=None)
@given(st.text(st.sampled_from("a|\\`\n<&_*[]()!-+=.1@:/w#~") | st.characters(), max_size=20))
def test_any_text_is_inert_in_markdown(text: str) -> None:
    shown = disarm_markdown(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert len(re.findall(r"(?<!\\)(?:\\\\)*[|`*\[\]]", shown)) == 0
    assert not re.match(r"([-+=]|\d+[.)])(\s|$)", shown)
    assert not re.search(r"://|www\.|@", shown, flags=re.IGNORECASE)


def test_a_comparison_that_cannot_be_read_has_no_report(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_bytes((lab / "comparison.json").read_bytes())
    change(tmp_path, lambda values: values.update(metric="AUC"))
    message = f'{tmp_path / "comparison.json"}: metric cannot be "AUC"'
    with pytest.raises(RunError, match=re.escape(message)):
        write_report(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.json"]


def test_shares_are_in_per_cent() -> None:
    assert format_percent(0.12345) == "12.3"


def test_a_folder_without_a_comparison_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a finished comparison of trainer"):
        write_report(tmp_path)


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    folder = comparison(tmp_path, SINGLE)
    (folder / "figures").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match=r"^cannot write the report of .*: File exists$"):
        write_report(folder)
    assert not (folder / "report.html").exists()


def test_command_says_where_the_report_is(lab: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(lab)])
    assert (done.exit_code, done.output) == (0, f"{lab / 'report.html'} and report.md\n")
    failed = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert failed.exit_code == 1
    assert failed.output.startswith(f"trainer: {tmp_path / 'comparison.json'} does not exist")
