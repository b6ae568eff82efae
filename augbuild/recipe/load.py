"""Read a recipe: TOML in, a frozen `Recipe` out, or one error that names everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from augbuild.catalogue.transforms import CATALOGUE
from augbuild.core.text import as_toml, join_key, nearest
from augbuild.errors import RecipeError
from augbuild.recipe.model import (
    AugmentSpec,
    Balance,
    Name,
    OutputSpec,
    Recipe,
    Seed,
    SourceSpec,
    SplitSpec,
)
from augbuild.recipe.rules import Problems, read_fields
from augbuild.recipe.steps import PickStep, Step, check_deny, read_steps, walk_steps
from augbuild.recipe.toml import parse_toml, read_text

_FACTOR = re.compile(r"x[1-9][0-9]{0,3}")


def load_recipe(name: str | Path) -> Recipe:
    """Load a recipe from a file, or a shipped one by its bare name; raises RecipeError.

    The paths in a file are relative to it. A shipped recipe found by name is taken as if it lay in `recipes/` of the
    working directory: its `../build/default` is `build/default` here.
    """
    path = Path(name)
    shipped = shipped_recipes()
    if str(name) in shipped and not path.is_file():  # a folder of that name is no recipe
        path = shipped[str(name)]
        return parse_recipe(read_text(path), path.parent, f"{name}.toml", base=Path("recipes"))
    try:
        return parse_recipe(read_text(path), path.parent, str(path))
    except FileNotFoundError as error:
        near = nearest(path.stem, shipped)
        hint = (
            f"`augbuild make {near}` runs the shipped one"
            if near
            else f"shipped ones: {', '.join(shipped)}"
        )
        raise RecipeError(f"{path} does not exist; {hint}") from error


def shipped_recipes() -> dict[str, Path]:
    """Give the recipes that come with augbuild, by name."""
    here = Path(__file__).parents[1]
    for folder in (here / "recipes", here.parent / "recipes"):  # installed, or a checkout
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return {}


def parse_recipe(content: str, folder: Path, file: str, base: Path | None = None) -> Recipe:
    """Parse the text of a recipe; `file` is its name in messages. Raises RecipeError with a line for each problem."""
    table = parse_toml(content, file)
    problems = Problems(file)
    problems.add_unknown_keys("", table, _SECTIONS)
    top = read_fields(
        _Top, {key: table[key] for key in ("name", "seed") if key in table}, "", problems
    )
    if "name" not in table:
        problems.add("name", "is missing; it names the dataset")
    source = SourceSpec(**read_fields(SourceSpec, table.get("source", {}), "source", problems))
    output = OutputSpec(**read_fields(OutputSpec, table.get("output", {}), "output", problems))
    for section in ("source", "output"):
        if "path" not in (table[section] if isinstance(table.get(section), dict) else ()):
            problems.add(f"{section}.path", "is missing")
    split, augment = _read_split(table, problems), _read_augment(table.get("augment", {}), problems)
    warnings: list[str] = []
    nodes = read_steps(table.get("transforms", []), "transforms", folder, problems, warnings)
    deny = _read_classes(table.get("classes", {}), nodes, problems)
    problems.raise_if_any()
    if not nodes and (augment.variants or augment.balance):
        warnings.append("transforms is empty: every variant is a copy of its source")
    return Recipe(
        top["name"], top.get("seed", _Top.seed), source, split, output, augment, nodes, deny,
        warnings=tuple(warnings), folder=folder, base=base or folder,
    )  # fmt: skip


@dataclass(frozen=True)
class _Top:
    name: Name
    seed: Seed = 42


_SECTIONS = ("name", "seed", "source", "split", "output", "augment", "transforms", "classes")


def _read_split(table: Mapping[str, Any], problems: Problems) -> SplitSpec:
    written = table.get("split", {})
    good = read_fields(SplitSpec, written, "split", problems)
    if isinstance(written, dict) and "folds" in written:
        for key in ("test", "validation"):
            if key in written:
                problems.add(
                    join_key("split", key),
                    "does not go with folds, in which every image is tested once",
                )
        good |= {"test": 0.0, "validation": 0.0}
    split = SplitSpec(**good)
    if split.test + split.validation >= 1:
        problems.add(
            "split",
            f"leaves nothing to train on (test {split.test:g} + validation {split.validation:g})",
        )
    if not _is_pattern(split.group):
        problems.add(
            "split.group",
            f'must be "near-duplicates", "none", a regular expression or a column (got {as_toml(split.group)})',
        )
    return split


def _is_pattern(pattern: str) -> bool:
    try:
        with catch_warnings(action="ignore"):  # "[[a]" may mean something else one day
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _read_augment(table: object, problems: Problems) -> AugmentSpec:
    good = read_fields(AugmentSpec, table, "augment", problems)
    if not isinstance(table, dict) or "balance" not in table:
        return AugmentSpec(**good)
    if "variants" in table:
        problems.add("augment.variants", "does not go with balance, which tells how many there are")
    balance = table["balance"]
    fields = read_fields(Balance, balance, "augment.balance", problems)
    if isinstance(balance, dict) and "target" in balance:
        target = balance["target"]
        is_count = (
            isinstance(target, int) and not isinstance(target, bool) and 1 <= target <= 10_000_000
        )
        if (
            not is_count
            and target != "max"
            and not (isinstance(target, str) and _FACTOR.fullmatch(target))
        ):
            problems.add(
                "augment.balance.target",
                f'must be "max", a number of images or a factor such as "x3" (got {as_toml(target)})',
            )
        else:
            fields["target"] = target
    return AugmentSpec(balance=Balance(**fields))


def _read_classes(
    table: object, nodes: tuple[Step, ...], problems: Problems
) -> dict[str, frozenset[str]]:
    if not isinstance(table, dict):
        problems.add("classes", f"must be a table (got {as_toml(table)})")
        return {}
    picks = [node for node in walk_steps(nodes) if isinstance(node, PickStep)]
    deny = {}
    for label, rules in table.items():
        path = join_key("classes", label)
        if not isinstance(rules, dict):
            problems.add(path, f"must be a table (got {as_toml(rules)})")
            continue
        problems.add_unknown_keys(path, rules, ["deny"])
        denied = rules.get("deny", [])
        if not isinstance(denied, list) or not all(isinstance(name, str) for name in denied):
            problems.add(
                join_key(path, "deny"), f"must be a list of transform names (got {as_toml(denied)})"
            )
            continue
        for name in denied:
            if name not in CATALOGUE:
                hint = problems.suggest(name, CATALOGUE)
                problems.add(
                    join_key(path, "deny"), f"names {as_toml(name)}, which is no transform; {hint}"
                )
        deny[label] = frozenset(denied)
        check_deny(picks, deny[label], path, problems)
    return deny
