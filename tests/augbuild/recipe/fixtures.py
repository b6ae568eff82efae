"""What the tests of recipes share: the smallest recipe, and the lines of an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from augbuild.errors import RecipeError
from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import Recipe

HEAD = 'name = "x"\nsource.path = "photos"\noutput.path = "out"\n'
ONE = f"{HEAD}[[transforms]]\n"
FILE = "recipes/x.toml"


def parse(text: str, folder: Path = Path()) -> Recipe:
    return parse_recipe(text, folder, FILE)


def problems(text: str, folder: Path = Path()) -> list[str]:
    """Return the lines of a recipe's error, without the file and line that begin each."""
    return [re.sub(r"^\d+: ", "", line) for line in located_problems(text, folder)]


def located_problems(text: str, folder: Path = Path()) -> list[str]:
    """Return the lines of a recipe's error, without the file that begins each: `3: seed must …`."""
    with pytest.raises(RecipeError) as caught:
        parse(text, folder)
    assert caught.value.exit_code == 2
    lines = []
    for line in str(caught.value).split("\n"):
        assert line.startswith(FILE)
        lines.append(line.removeprefix(FILE).removeprefix(":").removeprefix(" "))
    return lines
