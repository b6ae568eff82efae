"""Reading steps: keys, the forms of a pick, what is odd, and what a class may deny."""

from __future__ import annotations

import re

import pytest

from augbuild.recipe.steps import PickStep, TransformStep
from tests.augbuild.recipe.fixtures import FILE, HEAD, ONE, parse, problems

FLIPS = '[{ op = "hflip" }, { op = "vflip", weight = 3 }]'


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
    forms = [f"one_of = {FLIPS}", f"one_of = 1\nfrom = {FLIPS}", f"some_of = 1\nfrom = {FLIPS}"]
    first, *others = (parse(f"{ONE}{form}") for form in forms)
    assert [other.transforms for other in others] == [first.transforms] * 2
    assert {other.sha256 for other in others} == {first.sha256}


def test_chances_and_counts_are_kept() -> None:
    recipe = parse(f"{ONE}some_of = 3\nreplace = true\np = 0.5\nweight = 2\nfrom = {FLIPS}")
    (pick,) = recipe.transforms
    assert isinstance(pick, PickStep)
    assert (pick.count, pick.replace, pick.p, pick.weight) == (3, True, 0.5, 2.0)
    assert [(entry.p, entry.weight) for entry in pick.entries] == [(1.0, 1.0), (1.0, 3.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"some_of = 2\nfrom = {FLIPS}", []),
        (f"some_of = 3\nfrom = {FLIPS}", ["transforms[0] picks 3 transforms but lists 2; list"]),
        (f"some_of = 3\nreplace = true\nfrom = {FLIPS}", []),
        ("some_of = 1\nfrom = []", ["transforms[0] picks 1 transform but lists none; list more"]),
        ("some_of = 1\nreplace = true", ["transforms[0] picks 1 transform but lists none; list"]),
        ("some_of = 1\nfrom = 3", ["transforms[0].from must be a list of tables (got 3)"]),
        ("some_of = 101\nfrom = []", ["transforms[0].some_of must be from 1 to 100 (got 101)", ""]),
        (f"one_of = 2\nfrom = {FLIPS}", ["transforms[0].one_of must be 1 (got 2)"]),
        (f"one_of = 1\nreplace = true\nfrom = {FLIPS}", ["transforms[0].replace is an unknown"]),
    ],
)
def test_a_pick_lists_as_many_as_it_takes(text: str, expected: list[str]) -> None:
    if not expected:
        parse(f"{ONE}{text}")
        return
    lines = problems(f"{ONE}{text}")
    assert len(lines) == len(expected)
    for line, begin in zip(lines, expected, strict=True):
        assert line.startswith(begin)


def test_picks_are_nested_ten_deep_at_most() -> None:
    def nested(depth: int) -> str:
        return f"{ONE}one_of = [{'{ one_of = [' * (depth - 1)}{FLIPS[1:-1]}{'] }' * (depth - 1)}]"

    parse(nested(10))
    (line,) = problems(nested(11))
    assert line.endswith(" is nested more than 10 levels deep")


def test_a_recipe_has_250_transforms_at_most() -> None:
    flips = '{ op = "hflip" }, '
    parse(f"{ONE}one_of = [{flips * 249}]")  # and the pick itself
    (line,) = problems(f"{ONE}one_of = [{flips * 250}]")
    assert line == (
        "transforms[0].one_of has too many entries: a recipe has at most 250 transforms"
    )


CROP = f'{ONE}op = "crop"\n'


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        (f"{CROP}x1 = 0.7499", False),
        (f"{CROP}x1 = 0.75", True),
        (f"{CROP}y1 = 0.75", True),
        (f"{CROP}x1 = {{ uniform = [0.0, 0.75] }}", True),
        (f"{CROP}x1 = {{ uniform = [0.0, 0.7] }}\nx2 = {{ uniform = [0.71, 1.0] }}", False),
        (f"{ONE}op = 'clip_image_size'\nmin_resolution = 9\nmax_resolution = 9", False),
        (f"{ONE}op = 'clip_image_size'\nmin_resolution = 9", False),
    ],
)
def test_no_draw_may_put_an_end_before_a_start(text: str, is_wrong: bool) -> None:
    if is_wrong:
        (line,) = problems(text)
        assert "must always be below" in line
    else:
        assert parse(text).warnings == ()


def test_bounds_that_may_meet_are_said_so() -> None:
    ends = "min_resolution = 9\nmax_resolution = 8"
    (line,) = problems(f"{ONE}op = 'clip_image_size'\n{ends}")
    assert line == (
        "transforms[0].min_resolution must never be above max_resolution "
        "(min_resolution can be as high as 9, max_resolution as low as 8)"
    )


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
        f"one_of = {FLIPS}\np = 0",
        ["transforms[0] never fires: its p is 0"],
        "p_0_of_a_pick",
    ),
    (
        'op = "random_noise"\nseed = 42',
        [
            "transforms[0].seed is constant: "
            "random_noise does the same to every image of the same size"
        ],
        "constant_noise",
    ),
    ('op = "random_noise"\nseed = { integers = [1, 9] }', [], "drawn_noise"),
    ('op = "random_noise"', [], "noise_by_default"),
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
    warnings = parse(f"{ONE}{text}").warnings
    # Each begins with the file and the line: HEAD has three, [[transforms]] is the fourth.
    assert all(re.match(rf"{FILE}:[4-6]: ", each) for each in warnings)
    assert [each.split(": ", maxsplit=1)[1] for each in warnings] == expected


def test_what_is_wrong_is_not_also_odd() -> None:
    lines = problems(f'{ONE}op = "resize"\nwidht = 3')
    assert lines == ['transforms[0].widht is an unknown key; did you mean "width"?']


PICK = f"{HEAD}[[transforms]]\nsome_of = 2\nfrom = {FLIPS}\n"


@pytest.mark.parametrize(
    ("more", "denied", "left"),
    [
        ("", '["blur"]', None),
        ("", '["vflip"]', "(hflip, vflip): 2 needed, 1 left"),
        ("", '["hflip", "vflip"]', "(hflip, vflip): 2 needed, 0 left"),
        ("replace = true\n", '["vflip"]', None),
        ("replace = true\n", '["hflip", "vflip"]', "(hflip, vflip): 1 needed, 0 left"),
    ],
)
def test_what_a_class_denies_leaves_a_pick_enough(more: str, denied: str, left: str | None) -> None:
    text = f"{PICK}{more}[classes.cats]\ndeny = {denied}"
    if left is None:
        parse(text)
        return
    begin = "classes.cats.deny leaves too few transforms to pick from"
    assert problems(text) == [f"{begin} {left}"]


def test_a_transform_that_is_not_picked_may_be_denied() -> None:
    recipe = parse(f'{ONE}op = "hflip"\n[classes.cats]\ndeny = ["hflip"]')
    assert recipe.deny == {"cats": {"hflip"}}
    assert isinstance(recipe.transforms[0], TransformStep)


@pytest.mark.parametrize(
    ("count", "shown"), [(8, "hflip" + ", hflip" * 7), (9, "hflip, " * 8 + "…")]
)
def test_eight_names_are_shown(count: int, shown: str) -> None:
    flips = ", ".join(['{ op = "hflip" }'] * count)
    (line,) = problems(f'{ONE}one_of = [{flips}]\n[classes.cats]\ndeny = ["hflip"]')
    assert f"({shown})" in line
