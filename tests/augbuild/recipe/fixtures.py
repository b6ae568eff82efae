"""What the tests of recipes share: the smallest recipe, and the lines of an error."""

from __future__ import annotations

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
    """Return the lines of a recipe's error, without the name of the file that begins each."""
    with pytest.raises(RecipeError) as caught:
        parse(text, folder)
    assert caught.value.exit_code == 2
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{FILE}: ") for line in lines)
    return [line.removeprefix(f"{FILE}: ") for line in lines]
