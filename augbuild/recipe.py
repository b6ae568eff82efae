"""Recipes: TOML in, a frozen `Recipe` out, or one error that names everything that is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from warnings import catch_warnings

from augbuild.errors import RecipeError
from augbuild.nodes import Node, Pick, deny_problems, read_nodes, walk
from augbuild.schema import Problems, boolean, choice, integer, join, nearest, number, read_fields, show, text
from augbuild.toml import parse_toml, read_text
from augbuild.transforms import CATALOGUE

# Marks that turn the direction of writing, and separators, can make a name look like another on a terminal.
_UNSAFE = r"/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
_NAME = text(
    "1 to 100 characters, no slash or control character, nor . or ..", rf"(?!\.{{1,2}}\Z)[^{_UNSAFE}]{{1,100}}"
)
_FACTOR = re.compile(r"x[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where the images are: `[source]`."""

    path: Annotated[str, text()] = ""


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How sources without splits are split: `[split]`; shares of each class."""

    test: Annotated[float, number(0, 1, open_high=True)] = 0.2
    validation: Annotated[float, number(0, 1, open_high=True)] = 0.0
    group: Annotated[str, text()] = "near-duplicates"
    folds: Annotated[int | None, integer(2, 100)] = None
    ignore_existing: Annotated[bool, boolean()] = False


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What is written, and where: `[output]`; `max_side` in pixels."""

    path: Annotated[str, text()] = ""
    format: Annotated[Literal["jpeg", "png", "webp"], choice("jpeg", "png", "webp")] = "jpeg"
    quality: Annotated[int, integer(1, 100)] = 90
    max_side: Annotated[int | None, integer(8, 20_000)] = None
    originals: Annotated[Literal["copy", "link"], choice("copy", "link")] = "copy"


@dataclass(frozen=True, slots=True)
class Balance:
    """How many images each class shall have, originals included: `[augment.balance]`."""

    target: int | str = "max"
    cap_per_source: Annotated[int, integer(1, 1000)] = 8


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """How many variants each train image gets: `[augment]`."""

    variants: Annotated[int, integer(0, 1000)] = 3
    balance: Balance | None = None


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked; `folder` is where its assets are, `base` what its other relative paths are relative to."""

    name: Annotated[str, _NAME]
    seed: Annotated[int, integer(0, 2**63 - 1)]
    source: SourceSpec
    split: SplitSpec
    output: OutputSpec
    augment: AugmentSpec
    transforms: tuple[Node, ...]
    deny: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    folder: Path = Path()
    base: Path = Path()

    def resolved(self) -> dict[str, Any]:
        """Give all that the outputs depend on, defaults filled in, as JSON would hold it: no path of the machine."""
        output = {name: value for name, value in asdict(self.output).items() if name != "path"}
        return {
            "name": self.name,
            "seed": self.seed,
            "split": asdict(self.split),
            "output": output,
            "augment": asdict(self.augment),
            "transforms": [node.to_json() for node in self.transforms],
            "classes": {label: {"deny": sorted(denied)} for label, denied in sorted(self.deny.items())},
        }

    @cached_property
    def sha256(self) -> str:
        """Hash what `resolved` gives."""
        return hashlib.sha256(json.dumps(self.resolved(), sort_keys=True).encode()).hexdigest()


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
        hint = f"`augbuild make {near}` runs the shipped one" if near else f"shipped ones: {', '.join(shipped)}"
        raise RecipeError(f"{path} does not exist; {hint}") from error


def shipped_recipes() -> dict[str, Path]:
    """Give the recipes that come with augbuild, by name."""
    here = Path(__file__).parent
    for folder in (here / "recipes", here.parent / "recipes"):  # installed, or a checkout
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return {}


def parse_recipe(content: str, folder: Path, file: str, base: Path | None = None) -> Recipe:
    """Parse the text of a recipe; `file` is its name in messages. Raises RecipeError with a line for each problem."""
    table = parse_toml(content, file)
    problems = Problems(file)
    problems.add_unknown_keys("", table, _SECTIONS)
    top = read_fields(_Top, {key: table[key] for key in ("name", "seed") if key in table}, "", problems)
    if "name" not in table:
        problems.add("name", "is missing; it names the dataset")
    source = SourceSpec(**read_fields(SourceSpec, table.get("source", {}), "source", problems))
    output = OutputSpec(**read_fields(OutputSpec, table.get("output", {}), "output", problems))
    for section in ("source", "output"):
        if "path" not in (table[section] if isinstance(table.get(section), dict) else ()):
            problems.add(f"{section}.path", "is missing")
    split, augment = _read_split(table, problems), _read_augment(table.get("augment", {}), problems)
    warnings: list[str] = []
    nodes = read_nodes(table.get("transforms", []), "transforms", folder, problems, warnings)
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
    name: Annotated[str, _NAME]
    seed: Annotated[int, integer(0, 2**63 - 1)] = 42


_SECTIONS = ("name", "seed", "source", "split", "output", "augment", "transforms", "classes")


def _read_split(table: Mapping[str, Any], problems: Problems) -> SplitSpec:
    written = table.get("split", {})
    good = read_fields(SplitSpec, written, "split", problems)
    if isinstance(written, dict) and "folds" in written:
        for key in ("test", "validation"):
            if key in written:
                problems.add(join("split", key), "does not go with folds, in which every image is tested once")
        good |= {"test": 0.0, "validation": 0.0}
    split = SplitSpec(**good)
    if split.test + split.validation >= 1:
        problems.add("split", f"leaves nothing to train on (test {split.test:g} + validation {split.validation:g})")
    if not _is_pattern(split.group):
        problems.add(
            "split.group",
            f'must be "near-duplicates", "none", a regular expression or a column (got {show(split.group)})',
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
        is_count = isinstance(target, int) and not isinstance(target, bool) and 1 <= target <= 10_000_000
        if not is_count and target != "max" and not (isinstance(target, str) and _FACTOR.fullmatch(target)):
            problems.add(
                "augment.balance.target",
                f'must be "max", a number of images or a factor such as "x3" (got {show(target)})',
            )
        else:
            fields["target"] = target
    return AugmentSpec(balance=Balance(**fields))


def _read_classes(table: object, nodes: tuple[Node, ...], problems: Problems) -> dict[str, frozenset[str]]:
    if not isinstance(table, dict):
        problems.add("classes", f"must be a table (got {show(table)})")
        return {}
    picks = [node for node in walk(nodes) if isinstance(node, Pick)]
    deny = {}
    for label, rules in table.items():
        path = join("classes", label)
        if not isinstance(rules, dict):
            problems.add(path, f"must be a table (got {show(rules)})")
            continue
        problems.add_unknown_keys(path, rules, ["deny"])
        denied = rules.get("deny", [])
        if not isinstance(denied, list) or not all(isinstance(name, str) for name in denied):
            problems.add(join(path, "deny"), f"must be a list of transform names (got {show(denied)})")
            continue
        for name in denied:
            if name not in CATALOGUE:
                hint = problems.suggest(name, CATALOGUE)
                problems.add(join(path, "deny"), f"names {show(name)}, which is no transform; {hint}")
        deny[label] = frozenset(denied)
        deny_problems(picks, deny[label], path, problems)
    return deny
