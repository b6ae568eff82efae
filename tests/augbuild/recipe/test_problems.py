"""Collected problems: each at its place, as many as fit, with what was probably meant."""

from __future__ import annotations

import pytest

from augbuild.errors import RecipeError
from augbuild.recipe.problems import Place, Problems

KNOWN = ["degrees", "p", "weight"]


def message(problems: Problems) -> str:
    with pytest.raises(RecipeError) as caught:
        problems.raise_if_any()
    return str(caught.value)


def test_without_problems_nothing_is_raised() -> None:
    Problems("x.toml").raise_if_any()


def test_problems_are_lines_in_the_order_in_which_they_were_found() -> None:
    problems = Problems("x.toml")
    problems.add("x.toml: seed is wrong")
    Place("name", problems).add("is missing")
    assert problems.count == 2
    assert message(problems) == "x.toml: seed is wrong\nx.toml: name is missing"


def test_a_problem_has_the_line_of_its_key_or_of_what_is_around_it() -> None:
    problems = Problems("x.toml", "seed = 1\n[source]\nx = [\n1]\n")
    top = Place("", problems)
    top.at("seed").add("is wrong")
    top.at("source").at("x").at(0).add("is wrong")
    top.at("source").at("x").at(7).add("is wrong")
    top.at("source").at("path").add("is missing")
    top.at("output").at("path").add("is missing")
    assert message(problems).split("\n") == [
        "x.toml:1: seed is wrong",
        "x.toml:4: source.x[0] is wrong",
        "x.toml:3: source.x[7] is wrong",
        "x.toml:2: source.path is missing",
        "x.toml: output.path is missing",
    ]


def test_places_are_key_paths() -> None:
    top = Place("", Problems("x.toml"))
    assert top.at("name").path == "name"
    assert top.at("transforms").at(2).at("degrees").path == "transforms[2].degrees"
    assert top.at("classes").at("a.b").path == 'classes."a.b"'


@pytest.mark.parametrize("count", [50, 51, 1200])
def test_fifty_problems_are_shown_and_the_others_counted(count: int) -> None:
    problems = Problems("x.toml")
    for number in range(count):
        Place(f"k{number}", problems).add("is wrong")
    lines = message(problems).split("\n")
    assert lines[:50] == [f"x.toml: k{number} is wrong" for number in range(50)]
    hidden = count - 50
    assert lines[50:] == ([f"x.toml: and {hidden:,} more problems"] if hidden else [])


def test_an_unknown_key_comes_with_the_known_one_that_is_near() -> None:
    problems = Problems("x.toml")
    place = Place("transforms[0]", problems)
    place.add_unknown_keys(["degress", "p", "zzz"], KNOWN)
    assert message(problems).split("\n") == [
        'x.toml: transforms[0].degress is an unknown key; did you mean "degrees"?',
        "x.toml: transforms[0].zzz is an unknown key; known keys: degrees, p, weight",
    ]


def test_what_is_not_shown_is_not_looked_for() -> None:
    problems = Problems("x.toml")
    for _ in range(49):
        problems.add("k is wrong")
    assert problems.suggest("degress", KNOWN, "keys") == 'did you mean "degrees"?'
    problems.add("k is wrong")
    assert problems.suggest("degress", KNOWN, "keys") == "known keys: degrees, p, weight"
