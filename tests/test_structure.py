"""Sizes, names, and the figures of benchmarks/figures.py: what keeps the code readable, held."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from benchmarks.figures import LIMITS, Measurement, measure, within
from tests.conftest import ALONE, REPOSITORY

PACKAGES = ("augbuild", "trainer")

VAGUE_NAMES = {"base", "common", "helpers", "misc", "util", "utils"}

LONGEST_MODULE = 250
PURE_DATA = {
    "augbuild/catalogue/transforms.py": "the catalogue: one entry a transform and parameter"
}


@pytest.fixture(scope="module")
def measured() -> dict[str, Measurement]:
    """Measure both packages once."""
    return {package: measure(REPOSITORY / package) for package in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", LIMITS)
def test_figure_keeps_its_limit(package: str, name: str, measured: dict[str, Measurement]) -> None:
    value = measured[package].figures()[name]
    assert within(value, LIMITS[name]), f"{value:.4g}, not {LIMITS[name]}: see `make figures`"


def modules() -> list[Path]:
    """Find every module of the two packages, relative to the repository."""
    found: list[Path] = []
    for package in PACKAGES:
        found += sorted((REPOSITORY / package).rglob("*.py"))
    return [path.relative_to(REPOSITORY) for path in found]


def test_modules_are_short_or_pure_data() -> None:
    long = set()
    for path in modules():
        if len((REPOSITORY / path).read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE:
            long.add(path.as_posix())
    assert long == PURE_DATA.keys()


def test_names_say_what_is_inside() -> None:
    vague = [path for path in modules() if VAGUE_NAMES.intersection(path.with_suffix("").parts)]
    assert not vague


def test_every_module_has_its_own_test_file() -> None:
    without = []
    for path in modules():
        mirrored = REPOSITORY / "tests" / path.parent / f"test_{path.name}"
        if not path.name.startswith("__") and not mirrored.is_file():
            without.append(path.as_posix())
    assert not without


def test_files_that_run_alone_are_there() -> None:
    assert [file for file in ALONE if not (REPOSITORY / file).is_file()] == []


WALK = re.findall(
    r"^\| \d+ \| `([\w.]+)` \| `(\w+)` \|",
    (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)


@pytest.mark.parametrize(("module", "function"), WALK)
def test_function_of_the_walk_is_there(module: str, function: str) -> None:
    path = REPOSITORY / f"{module.replace('.', '/')}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert function in names


def test_walk_takes_25_windows_at_most() -> None:
    modules_opened = {module for module, _ in WALK}
    assert 20 <= len(modules_opened) <= 25


# The page of a package index shows README.md alone, so its links and images are whole addresses.
OWN_ADDRESS = (
    r"https://(?:raw\.githubusercontent\.com|github\.com)/augbuild/augbuild/(?:blob/|tree/)?main/"
)


def test_links_of_the_readme_are_whole_and_lead_to_files() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert [target for target in targets if not target.startswith("https://")] == []
    own = re.findall(rf"{OWN_ADDRESS}([^)#\s]+)", text)
    assert [name for name in own if not (REPOSITORY / name).is_file()] == []
    assert len(own) > 3


def test_links_of_contributing_lead_to_files() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert [target for target in targets if not (REPOSITORY / target).is_file()] == []


def test_paths_that_contributing_names_are_there() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:augbuild|trainer|tests|benchmarks|docs)/[\w./]+\w", text))
    to_come = {
        "augbuild/export",
        "augbuild/augbuild",
    }  # the second is the address of the repository
    missing = {name for name in named - to_come if not (REPOSITORY / name).exists()}
    assert missing == set()


def test_constraints_have_what_pyproject_names() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (REPOSITORY / "constraints.txt").read_text(), re.M))
    wanted = re.findall(r'^ +"([\w-]+)[>=]=', (REPOSITORY / "pyproject.toml").read_text(), re.M)
    # Builds of the first two differ by platform; tests have a stand-in of kagglehub.
    left_out = {"torch", "torchvision", "kagglehub"}
    names = {name.lower().replace("_", "-") for name in pinned}
    assert [name for name in wanted if name not in names | left_out] == []
    assert len(wanted) > 20
