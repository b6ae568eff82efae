"""The documents are true: commands parse, recipes build, examples run, figures are the sample's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import augbuild
import augbuild.cli
import trainer
import trainer.cli
from augbuild.building.build import build
from augbuild.building.outlook import plan_build
from augbuild.dataset.manifest import read_manifest
from augbuild.recipe.load import parse_recipe
from tests.conftest import REPOSITORY, photos

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
PROGRAMS = {"augbuild": augbuild.cli.main, "trainer": trainer.cli.main}


def blocks(text: str, language: str) -> list[str]:
    """Find the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Find every command of ours that a page shows, in a block or in a line."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [
            line.removeprefix("$ ") for block in blocks(text, r"\w*") for line in block.splitlines()
        ]
        lines += re.findall(r"`((?:augbuild|trainer) [^`]+)`", text)
        for line in lines:
            if line.split(" ")[0] in PROGRAMS:
                yield page.name, line.partition(" #")[0]


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_command_of_a_page_parses(page: str, line: str) -> None:
    program, *arguments = [
        word for word in shlex.split(line) if not re.fullmatch(r"\[.*\]?|.*\]", word)
    ]
    group = PROGRAMS[program]
    if not arguments or arguments[0] not in group.commands:
        pytest.fail(f"{page}: {line!r} names no command of {program}")
    command = group.commands[arguments[0]]
    if len(arguments) == 1 and any(parameter.required for parameter in command.params):
        return  # a mention of the command, not a call
    with click.Context(group, info_name=program, **group.context_settings) as parent:
        command.make_context(arguments[0], arguments[1:], parent=parent)


def test_there_are_commands_to_check() -> None:
    assert len(set(commands())) > 15


def test_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    shown = {}
    for line in blocks(README, "console")[0].splitlines():
        if match := re.match(r"(train|augmented_train|test) +([\d,]+)   (.*)", line):
            counts = (each.rsplit(" ", 1) for each in match[3].split(", "))
            shown[match[1]] = {label: int(count) for label, count in counts}
            assert sum(shown[match[1]].values()) == int(match[2].replace(",", ""))
    assert plan_build(REPOSITORY / "recipes" / "default.toml", out=tmp_path).counts == shown


def test_row_of_the_readme_is_one_of_the_sample(tmp_path: Path) -> None:
    shown = re.search(r'"sha256": "([0-9a-f]{10})…"\n}', README)
    report = build("default", out=tmp_path / "out", n_jobs=1)
    assert shown is not None
    rows = [
        row
        for row in read_manifest(report.out / "manifest.jsonl")
        if row.sha256.startswith(shown[1])
    ]
    assert [row.file_name in README for row in rows] == [True]
    assert all(
        f'"degrees": {op["degrees"]}' in README for op in rows[0].ops if op["op"] == "rotate"
    )


def test_recipe_of_the_readme_builds(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 5, "dogs": 5})
    (tmp_path / "photos.toml").write_text(blocks(README, "toml")[0], encoding="utf-8")
    report = build(tmp_path / "photos.toml")
    assert report.counts["augmented_train"] == {"cats": 12, "dogs": 12}


def test_recipes_of_the_documents_are_valid(tmp_path: Path) -> None:
    head = 'name = "x"\n[source]\npath = "p"\n[output]\npath = "o"\n'
    for page in PAGES[1:]:
        for block in blocks(page.read_text(encoding="utf-8"), "toml"):
            parse_recipe(head + block, tmp_path, page.name)


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_the_documents_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict[str, object] = {"__name__": page.name}
    for block in blocks(page.read_text(encoding="utf-8"), "python"):
        exec(compile(block, str(page), "exec"), names)  # one page is one program


def test_library_page_has_examples_of_both_packages() -> None:
    examples = "".join(blocks((REPOSITORY / "docs" / "library.md").read_text("utf-8"), "python"))
    for module in (augbuild, trainer):
        functions = [name for name in module.__all__ if name.islower() and name[0].isalpha()]
        text = (REPOSITORY / "docs" / "library.md").read_text(encoding="utf-8")
        assert all(f"{name}(" in text for name in functions)
        assert f"import {module.__name__}\n" in examples


def test_links_of_the_documents_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (page.parent / target).is_file(), (
                f"{page.name}: {target}"
            )
