"""Loading recipes: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.core.documents import encode
from augbuild.errors import RecipeError
from augbuild.recipe.load import load_recipe, read_recipe, shipped_recipes
from augbuild.recipe.model import Balance, SplitSpec
from augbuild.recipe.steps import PickStep, TransformStep
from augbuild.recipe.values import Distribution
from tests.augbuild.recipe.fixtures import FILE, HEAD, ONE, located_problems, parse, problems
from tests.augbuild.recipe.strategies import Table, recipes, smallest, to_toml
from tests.conftest import REPOSITORY


def test_smallest_recipe_has_the_defaults_of_the_design() -> None:
    recipe = parse(f'{HEAD}[[transforms]]\nop = "hflip"')
    assert recipe.warnings == ()
    assert recipe.split == SplitSpec(test=0.2, validation=0.0, group="near-duplicates", folds=None)
    assert json.loads(encode(recipe.resolved())) == {
        "name": "x",
        "seed": 42,
        "split": {
            "test": 0.2,
            "validation": 0.0,
            "group": "near-duplicates",
            "folds": None,
            "ignore_existing": False,
        },
        "output": {"format": "jpeg", "quality": 90, "max_side": None, "originals": "copy"},
        "augment": {"variants": 3, "balance": None},
        "transforms": [{"op": "hflip", "p": 1.0, "weight": 1.0}],
        "classes": {},
    }


DESIGN = """
name = "cats-dogs"
seed = 42
[source]
path = "../data/cats-dogs"
[split]
test = 0.2
validation = 0.0
group = "near-duplicates"
[output]
path = "../build/cats-dogs"
format = "jpeg"
quality = 90
max_side = 512
originals = "link"
[augment]
variants = 3
[[transforms]]
op = "rotate"
degrees = { uniform = [-30, 30] }
[[transforms]]
op = "hflip"
p = 0.5
[[transforms]]
some_of = 2
replace = false
from = [
    { op = "blur", radius = { uniform = [1, 3] } },
    { op = "random_noise" },
    { op = "overlay_emoji" },
]
[classes.digits]
deny = ["hflip", "vflip"]
"""


def test_reads_everything_that_a_recipe_may_say() -> None:
    recipe = parse(DESIGN)
    rotate, hflip, pick = recipe.transforms
    assert isinstance(rotate, TransformStep)
    assert isinstance(hflip, TransformStep)
    assert isinstance(pick, PickStep)
    assert rotate.params["degrees"] == Distribution("uniform", (-30.0, 30.0))
    assert (hflip.key, hflip.p) == ("hflip#0", 0.5)
    assert (pick.count, pick.replace, pick.key) == (2, False, "some_of#0")
    assert [entry.key for entry in pick.entries] == ["blur#0", "random_noise#0", "overlay_emoji#0"]
    assert recipe.deny == {"digits": {"hflip", "vflip"}}
    assert (recipe.output.max_side, recipe.output.originals) == (512, "link")
    assert recipe.warnings == ()


WRONG = (
    (REPOSITORY / "tests" / "golden" / "recipe_errors.txt")
    .read_text(encoding="utf-8")
    .strip()
    .split("\n\n")
)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.partition("\n")[0].removeprefix("== ")) for case in WRONG]
)
def test_wrong_recipes_are_told_so_in_these_words(case: str) -> None:
    # After the title; HEAD stands for the keys that every recipe must have, on three lines.
    lines = case.split("\n")[1:]
    expected = [line.removeprefix("-> ") for line in lines if line.startswith("-> ")]
    text = "\n".join(lines[: -len(expected)])
    assert located_problems(text.replace("HEAD", HEAD.strip())) == expected


def test_a_pattern_that_python_warns_of_is_a_pattern() -> None:
    assert parse(f'{HEAD}split.group = "[[a]"').split.group == "[[a]"


ENDS = [
    ("seed", 0, 2**63 - 1, 1),
    ("split.folds", 2, 100, 1),
    ("split.test", 0, 0.999, 0.001),
    ("split.validation", 0, 0.799, 0.201),
    ("output.quality", 1, 100, 1),
    ("output.max_side", 8, 20_000, 1),
    ("augment.variants", 0, 1000, 1),
    ("augment.balance.cap_per_source", 1, 1000, 1),
    ("augment.balance.target", 1, 10_000_000, 1),
]


@pytest.mark.parametrize(("key", "low", "high", "step"), ENDS)
def test_ends_of_ranges(key: str, low: float, high: float, step: float) -> None:
    for value in (low, high):
        parse(f"{key} = {value}\n{HEAD}")
    for value in (low - step, high + step):
        (line, *_) = problems(f"{key} = {value}\n{HEAD}")
        assert line.startswith((f"{key} must be ", "split leaves nothing to train on"))


def test_balance_may_be_a_factor() -> None:
    assert parse(f"augment.balance = {{}}\n{HEAD}").augment.balance == Balance("max", 8)
    assert parse(f'augment.balance.target = "x9999"\n{HEAD}').augment.balance == Balance("x9999")
    for target in ("x0", "x10000", "x", "max ", "3"):
        (line,) = problems(f'augment.balance.target = "{target}"\n{HEAD}')
        assert line.startswith('augment.balance.target must be "max", a number of images or a')


def test_the_number_of_problems_shown_is_limited() -> None:
    lines = problems("".join(f"k{number} = 1\n" for number in range(1000)))
    assert len(lines) == 51
    assert lines[-1] == "and 953 more problems"


def test_a_recipe_without_transforms_is_a_warning() -> None:
    (warning,) = parse(HEAD).warnings
    assert warning == f"{FILE}: transforms is empty: every variant is a copy of its source"
    (warning,) = parse(f"transforms = []\n{HEAD}").warnings
    assert warning.startswith(f"{FILE}:1: transforms is empty")
    assert parse(f"{HEAD}augment.variants = 0").warnings == ()


@settings(max_examples=200, deadline=None)
@given(recipes())
def test_what_is_resolved_is_the_same_recipe(table: Table) -> None:
    first = parse(to_toml(table))
    resolved = json.loads(encode(first.resolved()))
    again = parse(to_toml(as_written(resolved)))
    assert again.resolved() == first.resolved()
    assert again.transforms == first.transforms
    assert again.sha256 == first.sha256


def as_written(resolved: Table) -> Table:
    """Make a recipe of what `resolved` returns.

    With paths, and without what another key overrules or TOML cannot say.
    """
    table = smallest(**resolved)
    table["output"]["path"] = "out"
    if resolved["split"]["folds"]:
        del table["split"]["test"], table["split"]["validation"]
    if resolved["augment"]["balance"]:
        del table["augment"]["variants"]
    return {key: without_none(value) for key, value in table.items() if value is not None}


def without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    return [without_none(each) for each in value] if isinstance(value, list) else value


def test_the_same_recipe_in_other_words_has_the_same_hash(tmp_path: Path) -> None:
    one = parse(f'{ONE}op = "rotate"\ndegrees = {{ uniform = [-30, 30] }}')
    two = parse(f'{ONE}degrees.uniform = [-30.0, 3e1]\np = 1\nop = "rotate"', tmp_path)
    assert one.sha256 == two.sha256
    assert one.sha256 != parse(f'{ONE}op = "rotate"\ndegrees = {{ uniform = [-30, 31] }}').sha256


KEYS = [
    "name",
    "seed",
    "source",
    "split",
    "output",
    "augment",
    "transforms",
    "classes",
    "path",
    "op",
    "one_of",
    "some_of",
    "from",
]
KEYS += [
    "p",
    "weight",
    "degrees",
    "uniform",
    "normal",
    "clip",
    "choice",
    "balance",
    "target",
    "deny",
    "folds",
    "group",
    "x",
    "",
]
scalars = (
    st.none().map(lambda _: "rotate")
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "max", "rotate", "crop", "((", "../x", "\x1b[0m"])
    | st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=5)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), anything, max_size=8))
def test_nested_nonsense_is_a_recipe_error_or_a_recipe(table: Table) -> None:
    try:
        parse(to_toml({**smallest(), **table}))
        message = FILE
    except RecipeError as error:
        message = str(error)
    assert all(line.startswith(FILE) and line.isprintable() for line in message.split("\n"))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab=.[]{}\"'#\n\\ 0\0"), max_size=60))
def test_any_text_is_a_recipe_error(text: str) -> None:
    with pytest.raises(RecipeError):
        parse(text)


def refusal(path: str | Path) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_files_name_the_shipped_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        refusal("recipes/default.toml")
        == "recipes/default.toml does not exist; `augbuild make default` runs the shipped one"
    )
    assert refusal("strnog") == "strnog does not exist; `augbuild make strong` runs the shipped one"
    assert (
        refusal("zzz.toml")
        == "zzz.toml does not exist; shipped ones: cats-dogs, default, digits, lab, strong"
    )


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(HEAD, encoding="utf-8")
    recipe = load_recipe(tmp_path / "x.toml")
    assert (recipe.folder, recipe.base) == (tmp_path, tmp_path)


def test_a_shipped_recipe_is_taken_as_if_it_lay_in_recipes_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default").mkdir()  # a folder of that name is not in the way
    recipe = load_recipe("default")
    assert recipe.base.absolute() == tmp_path / "recipes"
    assert recipe.folder == shipped_recipes()["default"].parent
    (tmp_path / "lab").write_text(HEAD, encoding="utf-8")  # but a file goes first
    assert load_recipe("lab").name == "x"


def test_a_wrong_recipe_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f"{HEAD}seed = -1\n[classes.a]\ndeny = []\n[classes.b]\nx = 1\n")
    reading = read_recipe(path)
    assert reading.has_source
    assert (reading.recipe.source.path, reading.recipe.seed) == ("photos", 42)
    assert reading.recipe.class_places["a"] == f"{path}:5: classes.a"
    assert reading.problems.messages() == [
        f"{path}:4: seed must be from 0 to 9223372036854775807 (got -1)",
        f"{path}:8: classes.b.x is an unknown key; known keys: deny, variants",
    ]


@pytest.mark.parametrize("wrong", ["source.layout = 3", "source = 3", "[source]", ""])
def test_a_source_is_only_opened_as_it_was_meant(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f'name = "x"\noutput.path = "out"\n{wrong}')
    assert not read_recipe(path).has_source
