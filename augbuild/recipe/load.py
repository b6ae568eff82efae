"""Read a recipe: TOML in, a frozen `Recipe` out, or one error that names all that is wrong."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import msgspec

from augbuild.core.text import as_toml, nearest
from augbuild.errors import RecipeError
from augbuild.recipe.model import (
    AugmentSpec,
    DatasetSpec,
    Name,
    OutputSpec,
    Recipe,
    Seed,
    SourceSpec,
    SplitSpec,
)
from augbuild.recipe.problems import Place, Problems
from augbuild.recipe.read_classes import read_classes
from augbuild.recipe.read_steps import read_steps
from augbuild.recipe.rules import read_keys, read_section
from augbuild.recipe.toml import parse_toml, read_text

_SECTIONS = (
    "name", "seed", "dataset", "source", "split", "output", "augment", "transforms", "classes"
)  # fmt: skip


class _Head(msgspec.Struct, frozen=True):
    """What a recipe says of itself, and of the dataset."""

    name: Name = ""
    seed: Seed = 42
    dataset: DatasetSpec = DatasetSpec()


@dataclass(frozen=True, slots=True)
class Reading:
    """A recipe as far as it could be read, with all that is wrong with it.

    Defaults stand for what is wrong. `has_source` where nothing is wrong with its source's section,
    so that the source can be opened.
    """

    recipe: Recipe
    problems: Problems
    has_source: bool


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe from a file, or a shipped one by its bare name; raises RecipeError.

    The paths in a file are relative to it. A shipped recipe found by name is taken as if it lay in
    `recipes/` of the working directory: its `../build/default` is `build/default` there.
    """
    reading = read_recipe(name)
    reading.problems.raise_if_any()
    return reading.recipe


def read_recipe(name: str | Path) -> Reading:
    """Read a recipe as `load_recipe` does, and return it with what is wrong with its values.

    Raises RecipeError for what is no recipe at all.
    """
    path = Path(name)
    shipped = shipped_recipes()
    # A file of that name goes before a shipped recipe; a folder does not.
    if str(name) in shipped and not path.is_file():
        path = shipped[str(name)]
        return _read(read_text(path), path.parent, f"{name}.toml", base=Path("recipes"))
    try:
        return _read(read_text(path), path.parent, str(path))
    except FileNotFoundError as error:
        hint = f"shipped ones: {', '.join(shipped)}"
        near = nearest(path.stem, shipped)
        if near:
            hint = f"`augbuild make {near}` runs the shipped one"
        raise RecipeError(f"{path} does not exist; {hint}") from error


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with augbuild, by name."""
    package = Path(__file__).parents[1]
    # A wheel carries them inside the package, a checkout beside it.
    for folder in (package / "recipes", package.parent / "recipes"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return {}


def parse_recipe(content: str, folder: Path, file: str, base: Path | None = None) -> Recipe:
    """Read the text of a recipe; `file` is its name in messages.

    Assets are looked for below `folder`; other paths are relative to `base`, by default `folder`.
    Raises RecipeError with a line for each problem.
    """
    reading = _read(content, folder, file, base)
    reading.problems.raise_if_any()
    return reading.recipe


def _read(content: str, folder: Path, file: str, base: Path | None = None) -> Reading:
    table = parse_toml(content, file)
    problems = Problems(file, content)
    top = Place("", problems)
    top.add_unknown_keys(table, _SECTIONS)
    head = read_keys(_Head, table, top)
    if "name" not in table:
        top.at("name").add("is missing; it is the name of the dataset")
    before = problems.count
    source = read_section(SourceSpec, table.get("source", {}), top.at("source"))
    _check_path(table.get("source"), top.at("source"))
    has_source = problems.count == before
    output = _read_output(table.get("output", {}), top.at("output"))
    split = _read_split(table.get("split", {}), top.at("split"))
    augment = _read_augment(table.get("augment", {}), top.at("augment"))
    odd: list[str] = []
    steps = read_steps(table.get("transforms", []), top.at("transforms"), folder, odd)
    of_classes = top.at("classes")
    classes = read_classes(table.get("classes", {}), of_classes, steps, augment)
    if not steps and (augment.variants or augment.balance):
        odd.append(f"{top.at('transforms')} is empty: every variant is a copy of its source")
    recipe = Recipe(
        name=head.name,
        seed=head.seed,
        source=source,
        split=split,
        output=output,
        augment=augment,
        transforms=steps,
        classes=classes,
        class_places={label: str(of_classes.at(label)) for label in classes},
        dataset=head.dataset,
        warnings=tuple(odd),
        folder=folder,
        base=base or folder,
    )
    return Reading(recipe, problems, has_source)


def _check_path(section: object, place: Place) -> None:
    if not isinstance(section, dict) or "path" not in section:
        place.at("path").add("is missing")


def _read_output(table: object, place: Place) -> OutputSpec:
    output = read_section(OutputSpec, table, place)
    _check_path(table, place)
    if output.frame is None:
        if output.fit:
            place.at("fit").add("is of no use without size, the size that images are fitted to")
        return output
    if output.originals == "link":
        place.at("originals").add('must be "copy" beside size, for which originals are encoded')
    size, fit = output.frame
    if output.max_side is not None and output.max_side < max(size):
        place.at("max_side").add(f"is below size ({max(size)}): variants would be enlarged again")
    square = size[0] if size[0] == size[1] else size
    # Written alike, however a recipe writes it: [224, 224] is 224.
    return msgspec.structs.replace(output, size=square, fit=fit)


def _read_split(table: object, place: Place) -> SplitSpec:
    split = read_section(SplitSpec, table, place)
    if isinstance(table, dict) and "folds" in table:
        for key in ("test", "validation"):
            if key in table:
                place.at(key).add("cannot be used with folds, where every image is tested once")
        split = msgspec.structs.replace(split, test=0.0, validation=0.0)
    if split.test + split.validation >= 1:
        shares = f"test {split.test:g} + validation {split.validation:g}"
        place.add(f"leaves nothing to train on ({shares})")
    if not _is_pattern(split.group):
        wanted = '"near-duplicates", "none", a regular expression or a column'
        place.at("group").add(f"must be {wanted} (got {as_toml(split.group)})")
    return split


def _is_pattern(pattern: str) -> bool:
    try:
        # Python warns that "[[a]" may mean something else in a later version.
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _read_augment(table: object, place: Place) -> AugmentSpec:
    augment = read_section(AugmentSpec, table, place)
    if isinstance(table, dict) and "balance" in table and "variants" in table:
        message = "cannot be used with balance, which decides the number of variants"
        place.at("variants").add(message)
    if not augment.distinct:
        return msgspec.structs.replace(augment, distinct=msgspec.UNSET)
    return augment
