"""Recipes: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.core.documents import encode
from augbuild.errors import RecipeError
from augbuild.recipe.load import load_recipe, parse_recipe, shipped_recipes
from augbuild.recipe.model import Recipe, SplitSpec
from augbuild.recipe.steps import PickStep, TransformStep
from augbuild.recipe.values import Distribution
from tests.augbuild.recipe.strategies import recipes, smallest, to_toml
from tests.conftest import REPOSITORY

HEAD = 'name = "x"\nsource.path = "photos"\noutput.path = "out"\n'
FILE = "recipes/x.toml"


def parse(text: str, folder: Path = Path()) -> Recipe:
    return parse_recipe(text, folder, FILE)


def problems(text: str, folder: Path = Path()) -> list[str]:
    """Give the lines of a recipe's error, each without the name of the file that it must begin with."""
    with pytest.raises(RecipeError) as caught:
        parse(text, folder)
    assert caught.value.exit_code == 2
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{FILE}: ") for line in lines)
    return [line.removeprefix(f"{FILE}: ") for line in lines]


def test_smallest_recipe_has_the_defaults_of_the_design() -> None:
    recipe = parse(f'{HEAD}[[transforms]]\nop = "hflip"')
    assert recipe.warnings == ()
    assert recipe.split == SplitSpec(test=0.2, validation=0.0, group="near-duplicates", folds=None)
    assert json.loads(encode(recipe.resolved())) == {
        "name": "x",
        "seed": 42,
        "split": {
            "test": 0.2, "validation": 0.0, "group": "near-duplicates", "folds": None, "ignore_existing": False,
        },
        "output": {"format": "jpeg", "quality": 90, "max_side": None, "originals": "copy"},
        "augment": {"variants": 3, "balance": None},
        "transforms": [{"op": "hflip", "p": 1.0, "weight": 1.0}],
        "classes": {},
    }  # fmt: skip


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
from = [ { op = "blur", radius = { uniform = [1, 3] } }, { op = "random_noise" }, { op = "overlay_emoji" } ]
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


def test_keys_count_occurrences_in_document_order() -> None:
    recipe = parse(f"""{HEAD}
        [[transforms]]
        op = "blur"
        [[transforms]]
        one_of = [{{ op = "blur", radius = 3 }}, {{ some_of = 1, from = [{{ op = "blur" }}] }}]
        [[transforms]]
        op = "blur"
    """)
    first, pick, last = recipe.transforms
    assert isinstance(pick, PickStep)
    nested = pick.entries[1]
    assert isinstance(nested, PickStep)
    keys = [first.key, pick.key, pick.entries[0].key, nested.key, nested.entries[0].key, last.key]
    assert keys == ["blur#0", "some_of#0", "blur#1", "some_of#1", "blur#2", "blur#3"]


def test_one_of_is_short_for_some_of_1() -> None:
    entries = '[{ op = "hflip" }, { op = "vflip", weight = 3 }]'
    forms = [
        f"one_of = {entries}",
        f"one_of = 1\nfrom = {entries}",
        f"some_of = 1\nfrom = {entries}",
    ]
    first, *others = (parse(f"{HEAD}[[transforms]]\n{form}") for form in forms)
    assert [other.transforms for other in others] == [first.transforms] * 2
    assert {first.sha256, *(other.sha256 for other in others)} == {first.sha256}


ONE = f"{HEAD}[[transforms]]\n"
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
    lines = case.split("\n")[
        1:
    ]  # after the title; HEAD stands for the keys that every recipe must have
    expected = [line.removeprefix("-> ") for line in lines if line.startswith("-> ")]
    assert problems("\n".join(lines[: -len(expected)]).replace("HEAD", HEAD.strip())) == expected


def test_a_pattern_that_python_warns_of_is_a_pattern() -> None:
    assert parse(f'{HEAD}split.group = "[[a]"').split.group == "[[a]"


def test_bounds_that_may_meet_may_be_equal() -> None:
    recipe = parse(f'{ONE}op = "clip_image_size"\nmin_resolution = 4096\nmax_resolution = 4096')
    assert recipe.warnings == ()


def test_the_number_of_problems_shown_is_limited() -> None:
    lines = problems("".join(f"k{number} = 1\n" for number in range(1000)))
    assert len(lines) == 51
    assert lines[-1] == "and 953 more problems"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("https", "https://example.org/x.png"),
        ("absolute", "/etc/passwd"),
        ("above", "../x.png"),
        ("missing", "x.png"),
    ],
)
@pytest.mark.parametrize("op", ["overlay_image", "overlay_onto_background_image"])
def test_images_are_only_found_below_the_recipe(
    tmp_path: Path, op: str, name: str, text: str
) -> None:
    key = {"overlay_image": "overlay", "overlay_onto_background_image": "background_image"}[op]
    (tmp_path / "in").mkdir()
    (tmp_path / "x.png").write_bytes(b"outside")
    (line,) = problems(f'{ONE}op = "{op}"\n{key} = "{text}"', tmp_path / "in")
    assert line.startswith(f"transforms[0].{key} "), name
    assert line.endswith(f'(got "{text}")')


def test_an_image_below_the_recipe_is_an_asset(tmp_path: Path) -> None:
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "a.png").write_bytes(b"opened later")
    recipe = parse(f'{ONE}op = "overlay_image"\noverlay = "logos/a.png"', tmp_path)
    assert isinstance(recipe.transforms[0], TransformStep)
    assert recipe.transforms[0].params["overlay"] == "logos/a.png"


NOTHING = "does nothing with these parameters"
WARNED = [
    ('op = "color_jitter"', [f"transforms[0]: color_jitter {NOTHING}"], "identity_by_default"),
    ('op = "rotate"\ndegrees = 0', [f"transforms[0]: rotate {NOTHING}"], "identity_given"),
    (
        'op = "rotate"\ndegrees = { uniform = [0, 0] }',
        [f"transforms[0]: rotate {NOTHING}"],
        "identity_drawn",
    ),
    (
        'op = "brightness"\nfactor = { choice = [1, 1.0] }',
        [f"transforms[0]: brightness {NOTHING}"],
        "identity_chosen",
    ),
    ('op = "overlay_emoji"\nopacity = 0', [f"transforms[0]: overlay_emoji {NOTHING}"], "invisible"),
    ('op = "resize"', [f"transforms[0]: resize {NOTHING}"], "no_size"),
    ('op = "color_jitter"\ncontrast_factor = { uniform = [0.5, 1] }', [], "jitters"),
    ('op = "brightness"\nfactor = { choice = [1, 2] }', [], "sometimes_the_identity"),
    ('op = "hflip"\np = 0', ["transforms[0] never fires: its p is 0"], "p_0"),
    (
        'op = "random_noise"\nseed = 42',
        [
            "transforms[0].seed is constant: random_noise does the same to every image of the same size"
        ],
        "constant_noise",
    ),
    ('op = "random_noise"\nseed = { integers = [1, 9] }', [], "drawn_noise"),
    (
        'one_of = [{ op = "sharpen" }]',
        [f"transforms[0].one_of[0]: sharpen {NOTHING}"],
        "inside_a_pick",
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*case[:2], id=case[2]) for case in WARNED]
)
def test_what_does_nothing_is_a_warning(text: str, expected: list[str]) -> None:
    assert list(parse(f"{ONE}{text}").warnings) == expected


def test_a_recipe_without_transforms_is_a_warning() -> None:
    assert parse(HEAD).warnings == ("transforms is empty: every variant is a copy of its source",)
    assert parse(f"{HEAD}augment.variants = 0").warnings == ()


DEEP_KEYS = f"{'a.' * 90}a = " + ("{ " + "a." * 90 + "a = ") * 5 + "1" + " }" * 5
FLIPS = '{ op = "hflip" }, '
HOSTILE = {
    "long_key": (".".join(["a"] * 20_000) + " = 1", "a key has more than 100 parts, too many for a recipe"),
    "long_quoted_key": (".".join(['"a"', "'b'"] * 10_000) + " = 1", "a key has more than 100 parts, too many for a recipe"),
    "long_spaced_key": (" . ".join(["a"] * 20_000) + " = 1", "a key has more than 100 parts, too many for a recipe"),
    "long_header": (f"[[{'.'.join(['a'] * 20_000)}]]", "a key has more than 100 parts, too many for a recipe"),
    "deep_list": (f"a = {'[' * 5000}{']' * 5000}", "values are nested more than 100 levels deep"),
    "deep_table": (f"a = {'{ a = ' * 5000}1{' }' * 5000}", "values are nested more than 100 levels deep"),
    "deep_keys_in_deep_tables": (DEEP_KEYS, "values are nested more than 100 levels deep"),
    "long_number": (f"seed = {'9' * 5000}\n", "has a number of more than 4,300 digits"),
    "long_hexadecimal": (f"seed = 0x{'f' * 500_000}\n{HEAD}", "seed must be from 0 to 9223372036854775807 (got a huge"),
    "open_strings": ('a = "' + '\\"' * 400_000, "is not TOML"),
    "open_multiline_strings": ('"""' * 300_000 + "\\", "is not TOML"),
    "nul": ("a\0 = 1", "is not TOML"),
    "not_toml": ("name = \nseed = 3", "recipes/x.toml is not TOML: Invalid value (at line 1, column 8)"),
    "many_transforms": (f"{ONE}one_of = [{FLIPS * 40_000}]", "a recipe has at most 250 transforms"),
    "many_classes": (
        f"{ONE}one_of = [{FLIPS * 249}]\n" + "".join(f'[classes.c{n}]\ndeny = ["hflip"]\n' for n in range(20_000)),
        "classes.c0.deny leaves too few transforms to pick from (hflip",
    ),
    "many_unknown_keys": ("".join(f"seeed{number} = 1\n" for number in range(60_000)), 'did you mean "seed"?'),
    "nested_picks": (f"{ONE}one_of = [{'{ one_of = [' * 40}{{ op = 'hflip' }}{'] }' * 40}]", "is nested more than 10 levels deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recipes_end_soon_in_a_sentence(name: str) -> None:
    text, expected = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(RecipeError) as caught:
        parse(text)
    assert time.process_time() - start < 5  # tomllib alone takes that long for the first two
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(
    "text",
    [f"# {'.' * 200}\n", "# [0, 1)\n" * 200, '# "' + "a." * 200 + "\n", "# it's not\n" * 200],
)
def test_dots_and_brackets_in_comments_are_no_syntax(text: str) -> None:
    assert parse(text + HEAD).name == "x"


def test_dots_in_values_are_no_key() -> None:
    numbers = ", ".join(f"{number / 1000}" for number in range(200))
    dots = "a." * 150
    recipe = parse(
        f'{ONE}op = "rotate"\ndegrees = {{ choice = [{numbers}] }}\n[[transforms]]\nop = "meme_format"\ntext = "{dots}"'
    )
    assert len(recipe.transforms) == 2


@settings(max_examples=200, deadline=None)
@given(recipes())
def test_what_is_resolved_is_the_same_recipe(table: dict[str, Any]) -> None:
    first = parse(to_toml(table))
    resolved = json.loads(encode(first.resolved()))
    again = parse(to_toml(as_written(resolved)))
    assert again.resolved() == first.resolved()
    assert again.transforms == first.transforms
    assert again.sha256 == first.sha256


def as_written(resolved: dict[str, Any]) -> dict[str, Any]:
    """Make a recipe of what `resolved` gives: with paths, and without what another key overrules or TOML cannot say."""
    table = smallest(**resolved)
    table["output"]["path"] = "out"
    if resolved["split"]["folds"]:
        del table["split"]["test"], table["split"]["validation"]
    if resolved["augment"]["balance"]:
        del table["augment"]["variants"]
    written: dict[str, Any] = without_none(table)
    return written


def without_none(value: Any) -> Any:
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
def test_nested_nonsense_is_a_recipe_error_or_a_recipe(table: dict[str, Any]) -> None:
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


# Files


def refusal(path: str | Path) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_that_are_no_recipe_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is not a file; a recipe is a TOML file"
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    assert refusal(fifo) == f"{fifo} is not a file; a recipe is a TOML file"
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    assert refusal(large) == f"{large} has more than 1 MiB, too much for a recipe"
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "caf\xe9"')
    assert refusal(latin) == f"{latin} is not UTF-8 text (byte 11); a recipe is a TOML file"
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    assert refusal(loop).startswith(f"{loop} cannot be read: ")
    long = "a" * 5000
    assert refusal(long) == f"{long} cannot be read: File name too long"
    assert refusal("a\0b") == r"'a\x00b' is not a valid path"


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert load_recipe(tmp_path / "x.toml").name == "x"


def test_missing_files_name_the_shipped_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        refusal("recipes/default.toml")
        == "recipes/default.toml does not exist; `augbuild make default` runs the shipped one"
    )
    assert refusal("strnog") == "strnog does not exist; `augbuild make strong` runs the shipped one"
    assert refusal("zzz.toml") == "zzz.toml does not exist; shipped ones: default, lab, strong"


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
