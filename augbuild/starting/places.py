"""The name of a dataset, and where its source and its output lie as seen from a recipe."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.files import is_unicode
from augbuild.errors import OutputError, SourceError
from augbuild.recipe.model import UNSAFE_IN_NAMES

_LONGEST_NAME = 100
_LONGEST_FOLDER = 200  # bytes of UTF-8; names on disk have up to 255, and a number may follow
_MOST_TRIED = 1000


@dataclass(frozen=True, slots=True)
class Places:
    """A dataset's name, and the paths of source and output as a recipe writes them."""

    name: str
    source: str
    output: str


def find_places(spec: str, root: Path, recipe_folder: Path) -> Places:
    """Name a dataset, and find where to build it: a folder that is not there or is empty.

    `spec` is what the user calls the source, and `root` where it was found. Raises SourceError and
    OutputError for a path that no recipe can name.
    """
    given = Path(os.path.normpath(Path(spec).expanduser().absolute()))
    # sample:NAME and its like are no paths; they are written as they were given.
    is_on_disk = given.exists()
    source = path_from_recipe(given, recipe_folder) if is_on_disk else spec
    name = name_dataset(given.name if is_on_disk else spec.rpartition(":")[2])
    output = _find_output(name, root, recipe_folder)
    places = Places(name, source, path_from_recipe(output, recipe_folder))
    if not is_unicode(places.source):
        raise SourceError(f"the path {source!r} is not valid UTF-8, as a recipe is; rename it")
    if not is_unicode(places.output):
        raise OutputError(f"the path {places.output!r} is not valid UTF-8; choose another --out")
    return places


def name_dataset(text: str) -> str:
    """Return a text as the name of a dataset may be: what it may not hold becomes a hyphen."""
    printed = text.encode("utf-8", "replace").decode()
    name = re.sub(f"[{UNSAFE_IN_NAMES}]", "-", printed)[:_LONGEST_NAME]
    return "dataset" if name in {"", ".", ".."} else name


def path_from_recipe(path: Path, folder: Path) -> str:
    """Return the path by which a recipe in `folder` names `path`: relative where possible."""
    absolute = Path(os.path.normpath(path.absolute()))
    start = Path(os.path.normpath(folder.absolute()))
    try:
        relative = Path(os.path.relpath(absolute, start)).as_posix()
    except ValueError:  # another drive of Windows
        return absolute.as_posix()
    # "..", where the folder is reached by a link, leads elsewhere once the recipe is named by its
    # real path. "~a" would be read as somebody's home, and "a:b" as the kind of a source.
    leaves_link = relative.startswith("..") and start != start.resolve()
    if leaves_link or relative.startswith("~") or ":" in relative:
        return absolute.as_posix()
    return relative


def _find_output(name: str, root: Path, recipe_folder: Path) -> Path:
    """Find a folder for the output: not in use, and neither inside the source nor around it."""
    leaf = name.encode()[:_LONGEST_FOLDER].decode(errors="ignore")
    candidates = (
        recipe_folder / "build" / leaf,
        root.parent / "build" / leaf,  # the recipe lies in the source itself
        root.parent / f"{leaf}-augmented",  # the source is called build
    )
    for candidate in candidates:
        if _are_nested(candidate, root):
            continue
        if not _is_used(candidate):
            return candidate
        for number in range(2, _MOST_TRIED):
            numbered = candidate.with_name(f"{candidate.name}-{number}")
            if not _is_used(numbered) and not _are_nested(numbered, root):
                return numbered
    raise OutputError(f"found no free folder to build {root} into; write a recipe by hand")


def _are_nested(one: Path, other: Path) -> bool:
    first = one.resolve()
    second = other.resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


def _is_used(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.exists() or path.is_symlink()
