"""`[classes]`: the rules of single classes; recipe_errors.txt has more that may be wrong."""

from __future__ import annotations

import pytest

from augbuild.recipe.model import ClassRules
from tests.augbuild.recipe.fixtures import HEAD, ONE, parse, problems


def test_rules_are_read_by_class() -> None:
    text = f'{HEAD}[classes.a]\nvariants = 0\n[classes."b c"]\ndeny = ["vflip", "hflip", "vflip"]\n'
    assert parse(text).classes == {
        "a": ClassRules(deny=(), variants=0),
        "b c": ClassRules(deny=("hflip", "vflip"), variants=None),
    }
    assert parse(HEAD).classes == {}


@pytest.mark.parametrize("variants", [0, 1000])
def test_ends_of_the_range(variants: int) -> None:
    assert parse(f"{HEAD}[classes.a]\nvariants = {variants}").classes["a"].variants == variants


def test_all_that_is_wrong_is_found_at_once() -> None:
    text = f'{ONE}op = "hflip"\n[classes]\na = 1\nb.deny = "hflip"\nb.variants = -1\nb.x = 2\n'
    assert problems(text) == [
        "classes.a must be a table (got 1)",
        "classes.b.x is an unknown key; known keys: deny, variants",
        'classes.b.deny must be a list of transform names (got "hflip")',
        "classes.b.variants must be from 0 to 1000 (got -1)",
    ]
    assert problems(f"{HEAD}classes = 3") == ["classes must be a table (got 3)"]


def test_a_number_of_variants_and_a_balance_exclude_each_other() -> None:
    both = f"{HEAD}augment.balance = {{}}\nclasses.a.variants = 3"
    assert problems(both) == [
        "classes.a.variants cannot be used with augment.balance, "
        "which decides the number of variants"
    ]
    assert parse(f"{HEAD}augment.balance = {{}}\nclasses.a.deny = []").augment.balance is not None


def test_what_a_class_denies_must_leave_enough() -> None:
    text = f'{ONE}some_of = 2\nfrom = [{{ op = "hflip" }}, {{ op = "vflip" }}]\n'
    (problem,) = problems(f'{text}[classes.a]\ndeny = ["hflip"]')
    assert problem.startswith("classes.a.deny leaves too few transforms to pick from")
