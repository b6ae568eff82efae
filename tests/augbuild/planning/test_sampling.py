"""Draws: what they depend on, what they don't, and that chance is what the recipe says."""

from __future__ import annotations

import json
import math
import random
import time
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Op
from augbuild.planning.sampling import draw_ops, draw_variants
from augbuild.recipe.load import load_recipe, parse_recipe
from augbuild.recipe.model import Recipe
from tests.augbuild.recipe.strategies import NAMES, Table, recipes, smallest, to_toml, transforms
from tests.conftest import REPOSITORY

MANY = 20_000


def recipe_of(*nodes: Mapping[str, Any], **more: Any) -> Recipe:
    return parse_recipe(to_toml(smallest(*nodes, **more)), Path(), "x.toml")


def draws(recipe: Recipe, count: int = MANY, label: str = "cats") -> list[tuple[Op, ...]]:
    return [draw_ops(recipe, f"cats/{number}.jpg", label, 0) for number in range(count)]


def values(param: Any, count: int = MANY, op: str = "rotate", name: str = "degrees") -> list[Any]:
    return [ops[0].params[name] for ops in draws(recipe_of({"op": op, name: param}), count)]


def assert_share(hits: int, tries: int, p: float) -> None:
    """Hold a count against its probability, within 4 standard errors."""
    assert abs(hits / tries - p) <= 4 * math.sqrt(p * (1 - p) / tries)


def assert_like(drawn: Sequence[float], distribution: NormalDist | tuple[float, float]) -> None:
    """Check draws against a distribution by Kolmogorov and Smirnov, at one in ten thousand."""
    if isinstance(distribution, NormalDist):
        expected = [distribution.cdf(value) for value in sorted(drawn)]
    else:
        low, high = distribution
        expected = [(value - low) / (high - low) for value in sorted(drawn)]
    distance = max(abs((index + 0.5) / len(drawn) - value) for index, value in enumerate(expected))
    assert distance < 2.23 / math.sqrt(len(drawn))


# What they depend on


def test_these_draws_are_pinned_for_ever() -> None:
    recipe = recipe_of(
        {"op": "rotate", "degrees": {"uniform": [-30, 30]}},
        {"op": "hflip", "p": 0.5},
        {"op": "blur", "radius": {"log_uniform": [0.5, 3]}},
        {"op": "encoding_quality", "quality": {"integers": [20, 60]}},
        {"op": "contrast", "factor": {"normal": [1, 0.3], "clip": [0.5, 1.5]}},
        {"op": "pad", "color": {"choice": [[0, 0, 0], [9, 9, 9]]}, "w_factor": 0.5},
        {"op": "random_crop", "width": {"uniform": [0.5, 1]}},
        {
            "some_of": 2,
            "from": [{"op": "vflip"}, {"op": "random_noise"}, {"op": "grayscale", "weight": 3}],
        },
        {
            "some_of": 2,
            "replace": True,
            "from": [{"op": "rotate", "degrees": {"uniform": [0, 9]}}, {"op": "hflip"}],
        },
    )
    drawn = [
        [[op.name, dict(op.params)] for op in draw_ops(recipe, "cats/é 1.jpg", "cats", variant)]
        for variant in range(3)
    ]
    golden = REPOSITORY / "tests" / "golden" / "draws.json"
    assert drawn == json.loads(golden.read_text(encoding="utf-8"))


@settings(max_examples=100, deadline=None)
@given(recipes(), st.text(min_size=1).filter(lambda key: key.isprintable()), st.integers(0, 5))
def test_draws_are_legal_whole_and_repeatable(
    table: dict[str, Any], key: str, variant: int
) -> None:
    recipe = parse_recipe(to_toml(table), Path(), "x.toml")
    ops = draw_ops(recipe, key, "cats", variant)
    assert draw_ops(recipe, key, "cats", variant) == ops
    for op in ops:
        info = CATALOGUE[op.name]
        assert json.loads(json.dumps(op.params)) == op.params
        assert [name for name in op.params if not name.endswith("_sha256")] == list(info.params)
        for name, param in info.params.items():
            assert param.accepts(op.params[name]) or (op.params[name] is param.default is None), (
                op,
                name,
            )
            assert (f"{name}_sha256" in op.params) == (param.kind in ASSET_KINDS)
        assert info.out_of_order(op.params) is None


def test_source_variant_and_seed_each_give_other_draws() -> None:
    node = {"op": "rotate", "degrees": {"uniform": [-30, 30]}}
    recipe, other = recipe_of(node), recipe_of(node, seed=43)
    drawn = {
        draw_ops(recipe, key, "cats", variant)[0].params["degrees"]
        for key in ("a.jpg", "b.jpg")
        for variant in range(3)
    }
    drawn.add(draw_ops(other, "a.jpg", "cats", 0)[0].params["degrees"])
    assert len(drawn) == 7
    assert draw_ops(recipe, "a.jpg", "dogs", 0) == draw_ops(recipe, "a.jpg", "cats", 0)


def test_a_name_is_the_same_however_its_accents_are_written() -> None:
    recipe = load_recipe("strong")
    key = "café/ñandú.jpg"
    assert draw_ops(recipe, unicodedata.normalize("NFD", key), "café", 1) == draw_ops(
        recipe, unicodedata.normalize("NFC", key), "café", 1
    )


def test_the_global_generator_is_left_alone() -> None:
    before = random.getstate()
    draws(load_recipe("lab"), 20)
    assert random.getstate() == before


# What they don't depend on

distinct = st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True).flatmap(
    lambda names: st.tuples(*map(transforms, names))
)


@settings(max_examples=150, deadline=None)
@given(distinct, st.data())
def test_removing_or_editing_a_transform_leaves_the_others_as_they_were(
    nodes: tuple[Any, ...], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(nodes) - 1))
    edited = data.draw(transforms(nodes[index]["op"]))
    before, after = recipe_of(*nodes), recipe_of(*nodes[:index], edited, *nodes[index + 1 :])
    gone, moved = (
        recipe_of(*nodes[:index], *nodes[index + 1 :]),
        recipe_of(*nodes[index:], *nodes[:index]),
    )
    resolved = {"random_crop": "crop"}.get(nodes[index]["op"], nodes[index]["op"])
    for variant in range(3):
        ops, *others = (
            [*draw_ops(recipe, "a.jpg", "a", variant)] for recipe in (before, after, gone, moved)
        )
        if any(op.name == resolved for op in ops) and {"crop", "random_crop"} <= {
            node["op"] for node in nodes
        }:
            continue  # two that come out as crop cannot be told apart
        kept = [op for op in ops if op.name != resolved]
        assert [op for op in others[0] if op.name != resolved] == kept
        assert [op for op in others[1] if op.name != resolved] == kept
        assert sorted(map(str, others[2])) == sorted(map(str, ops))


@settings(max_examples=100, deadline=None)
@given(distinct, st.data())
def test_in_a_pick_those_that_stay_keep_their_parameters(
    nodes: tuple[Any, ...], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(nodes) - 1))
    index = data.draw(st.integers(0, len(nodes) - 1))
    names = [{"random_crop": "crop"}.get(node["op"], node["op"]) for node in nodes]
    if len(set(names)) < len(names):
        return
    entries = [{**node, "p": 1.0} for node in nodes]
    before = recipe_of({"some_of": count, "from": entries})
    after = recipe_of({"some_of": count, "from": entries[:index] + entries[index + 1 :]})
    for variant in range(3):
        ops = {op.name: op for op in draw_ops(before, "a.jpg", "a", variant)}
        left = {op.name: op for op in draw_ops(after, "a.jpg", "a", variant)}
        assert all(left[name] == op for name, op in ops.items() if name in left)
        assert set(ops) - {names[index]} <= set(left)  # who was picked still is


def test_another_p_moves_no_parameter() -> None:
    node = {"op": "rotate", "degrees": {"uniform": [-30, 30]}}
    always = draws(recipe_of(node), 200)
    sometimes = draws(recipe_of({**node, "p": 0.3}), 200)
    assert all(ops in ((), full) for ops, full in zip(sometimes, always, strict=True))
    assert 0 < sum(map(len, sometimes)) < 200


def test_a_parameter_that_is_fixed_leaves_the_others_as_they_were() -> None:
    draws_of = {
        name: {"uniform": [0.5, 1.5]}
        for name in ("brightness_factor", "contrast_factor", "saturation_factor")
    }
    (before,), (after,) = (
        draw_ops(recipe_of({"op": "color_jitter", **draws_of, **fixed}), "a.jpg", "a", 0)
        for fixed in ({}, {"brightness_factor": 1.1})
    )
    assert after.params == {**before.params, "brightness_factor": 1.1}


def test_occurrences_of_a_transform_draw_apart() -> None:
    node = {"op": "rotate", "degrees": {"uniform": [-30, 30]}}
    first, second = draw_ops(recipe_of(node, node), "a.jpg", "a", 0)
    assert first != second
    assert draw_ops(recipe_of(node), "a.jpg", "a", 0) == (first,)


# Chance


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 1.0])
def test_p_is_the_probability(p: float) -> None:
    recipe = recipe_of({"op": "hflip", "p": p}, {"one_of": [{"op": "vflip"}], "p": p})
    drawn = draws(recipe)
    names = Counter(op.name for ops in drawn for op in ops)
    for name in ("hflip", "vflip"):
        assert_share(names[name], MANY, p)
    assert_share(sum(len(ops) == 2 for ops in drawn), MANY, p * p)  # one knows nothing of the other


def test_a_pick_goes_by_weight_and_then_by_p() -> None:
    entries = [
        {"op": "hflip", "weight": 5},
        {"op": "vflip", "weight": 2, "p": 0.5},
        {"op": "grayscale"},
    ]
    names = Counter(op.name for ops in draws(recipe_of({"one_of": entries})) for op in ops)
    for name, p in {"hflip": 5 / 8, "vflip": 2 / 8 / 2, "grayscale": 1 / 8}.items():
        assert_share(names[name], MANY, p)


FIVE = [{"op": name} for name in ("hflip", "vflip", "grayscale", "pad", "pad_square")]


def test_without_replacement_all_are_alike_and_none_comes_twice() -> None:
    drawn = [[op.name for op in ops] for ops in draws(recipe_of({"some_of": 3, "from": FIVE}))]
    assert all(len(set(names)) == 3 for names in drawn)
    for entry in FIVE:
        assert_share(sum(entry["op"] in names for names in drawn), MANY, 3 / 5)
        for place in range(3):
            assert_share(sum(names[place] == entry["op"] for names in drawn), MANY, 1 / 5)


def test_weights_without_replacement_are_those_of_draws_one_by_one() -> None:
    entries = [{"op": "hflip", "weight": 2}, {"op": "vflip"}, {"op": "grayscale"}]
    drawn = draws(recipe_of({"some_of": 2, "from": entries}))
    missed = sum("hflip" not in {op.name for op in ops} for ops in drawn)
    assert_share(
        missed, MANY, (2 / 4) * (1 / 3)
    )  # another one first, then of hflip (2) and one other (1) the other


def test_with_replacement_one_may_come_twice_each_time_drawn_anew() -> None:
    entries = [{"op": "rotate", "degrees": {"uniform": [-30, 30]}}, {"op": "hflip", "weight": 3}]
    drawn = draws(recipe_of({"some_of": 2, "replace": True, "from": entries}))
    counts = Counter(sum(op.name == "rotate" for op in ops) for ops in drawn)
    for rotated, p in {0: 9 / 16, 1: 6 / 16, 2: 1 / 16}.items():
        assert_share(counts[rotated], MANY, p)
    twice = [ops for ops in drawn if [op.name for op in ops] == ["rotate", "rotate"]]
    assert all(first != second for first, second in twice)
    assert (
        len(draw_ops(recipe_of({"some_of": 9, "replace": True, "from": FIVE}), "a.jpg", "a", 0))
        == 9
    )


def test_uniform() -> None:
    drawn = values({"uniform": [-30, 30]})
    assert_like(drawn, (-30, 30))
    assert all(float(f"{value:.6g}") == value for value in drawn)


def test_log_uniform() -> None:
    drawn = values({"log_uniform": [0.1, 100]})
    assert min(drawn) >= 0.1
    assert max(drawn) <= 100
    assert_like([math.log10(value) for value in drawn], (-1, 2))


def test_normal() -> None:
    drawn = values({"normal": [10, 5]})
    assert_like(drawn, NormalDist(10, 5))
    assert abs(fmean(drawn) - 10) < 4 * 5 / math.sqrt(MANY)
    assert stdev(drawn) == pytest.approx(5, rel=0.03)


def test_normal_is_clipped() -> None:
    drawn = values({"normal": [10, 5], "clip": [5, 12]})
    assert_share(drawn.count(5.0), MANY, NormalDist(10, 5).cdf(5))
    assert_share(drawn.count(12.0), MANY, 1 - NormalDist(10, 5).cdf(12))
    assert min(drawn) == 5
    assert max(drawn) == 12


def test_integers_have_both_ends() -> None:
    counts = Counter(values({"integers": [-1, 2]}))
    assert set(counts) == {-1, 0, 1, 2}
    for count in counts.values():
        assert_share(count, MANY, 1 / 4)


def test_choice() -> None:
    counts = Counter(
        values({"choice": ["luminosity", "average", "average"]}, op="grayscale", name="mode")
    )
    assert_share(counts["average"], MANY, 2 / 3)


def test_ranges_of_one_value_are_that_value() -> None:
    wanted = (
        {"uniform": [0.1, 0.1]},
        {"normal": [0.1, 0]},
        {"log_uniform": [0.1, 0.1]},
        {"choice": [0.1]},
    )
    assert {value for param in wanted for value in values(param, 20)} == {0.1}


def test_ends_that_six_digits_cannot_hold_are_kept() -> None:
    low, high = 0.12345678, 0.12345679
    assert all(low <= value <= high for value in values({"uniform": [low, high]}, 50))


@pytest.mark.parametrize("op", ["random_noise", "shuffle_pixels", "perspective_transform"])
def test_what_augly_seeds_with_a_constant_gets_a_drawn_seed(op: str) -> None:
    seeds: list[Any] = [ops[0].params["seed"] for ops in draws(recipe_of({"op": op}), 1000)]
    assert len(set(seeds)) == 1000
    assert all(isinstance(seed, int) and 0 <= seed < 2**32 for seed in seeds)
    assert_like(seeds, (0, 2**32))
    assert draw_ops(recipe_of({"op": op, "seed": 7}), "a.jpg", "a", 0)[0].params["seed"] == 7


def test_random_crop_has_the_drawn_size_anywhere() -> None:
    node = {"op": "random_crop", "width": {"uniform": [0.5, 1.0]}, "height": 0.25}
    drawn = [op for (op,) in draws(recipe_of(node))]
    assert {op.name for op in drawn} == {"crop"}
    corners: list[dict[str, Any]] = [dict(op.params) for op in drawn]
    assert all(list(each) == ["x1", "y1", "x2", "y2"] for each in corners)
    assert all(
        0 <= each["x1"] < each["x2"] <= 1 and 0 <= each["y1"] < each["y2"] <= 1 for each in corners
    )
    assert_like([each["x2"] - each["x1"] for each in corners], (0.5, 1))
    assert all(each["y2"] - each["y1"] == pytest.approx(0.25, abs=2e-6) for each in corners)
    assert_like([each["y1"] for each in corners], (0, 0.75))
    whole = recipe_of({"op": "random_crop", "width": 1.0, "height": {"integers": [1, 1]}})
    assert draw_ops(whole, "a.jpg", "a", 0) == (
        Op("crop", {"x1": 0.0, "y1": 0.0, "x2": 1.0, "y2": 1.0}),
    )


def test_a_random_crop_always_leaves_something() -> None:
    for (op,) in draws(recipe_of({"op": "random_crop", "width": 1e-9, "height": 5e-324}), 200):
        assert CATALOGUE["crop"].out_of_order(op.params) is None


# Classes and assets


def test_what_a_class_denies_it_never_gets() -> None:
    nodes = (
        {"op": "vflip"},
        {"some_of": 2, "from": FIVE},
        {"one_of": [{"one_of": [{"op": "vflip"}, {"op": "blur"}]}]},
    )
    recipe = recipe_of(*nodes, classes={"digits": {"deny": ["vflip", "hflip"]}})
    denied = [[op.name for op in ops] for ops in draws(recipe, 300, "digits")]
    assert not {"vflip", "hflip"} & {name for names in denied for name in names}
    assert all(len(names) == 3 and names[-1] == "blur" for names in denied)
    assert draws(recipe, 300) == draws(recipe_of(*nodes), 300)


def test_a_class_keeps_the_parameters_of_what_it_does_not_deny() -> None:
    nodes = {"op": "hflip"}, {"op": "rotate", "degrees": {"uniform": [-30, 30]}}
    recipe = recipe_of(*nodes, classes={"digits": {"deny": ["hflip"]}})
    assert draw_ops(recipe, "a.jpg", "digits", 0) == draw_ops(recipe, "a.jpg", "cats", 0)[1:]


def test_an_asset_comes_with_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"logo")
    table = smallest({"op": "overlay_image", "overlay": "a.png"}, {"op": "overlay_emoji"})
    image, emoji = draw_ops(parse_recipe(to_toml(table), tmp_path, "x.toml"), "a.jpg", "a", 0)
    assert image.params["overlay"] == "a.png"
    assert (
        image.params["overlay_sha256"]
        == "3598ce6f965b2481fe26316c06b30950c46ac7f8e7229f104aa78f579997668d"
    )
    assert emoji.params["emoji_path"] == "smileys/smiling_face_with_heart_eyes"
    assert len(str(emoji.params["emoji_path_sha256"])) == 64


@pytest.mark.parametrize("name", ["default", "lab", "strong"])
def test_drawing_costs_little(name: str) -> None:
    recipe = load_recipe(name)
    start = time.process_time()
    for number in range(557):
        for variant in range(3):
            draw_ops(recipe, f"cats/{number}.jpg", "cats", variant)
    assert time.process_time() - start < 1  # 0.05 to 0.2 s on a quiet machine


FLIP = {"op": "hflip", "p": 0.5}
QUARTERS = {"op": "rotate", "degrees": {"choice": [90, 180, 270]}}


def wanting_distinct(*steps: Table, distinct: bool = True) -> Recipe:
    table = smallest(*steps, augment={"distinct": distinct, "variants": 3})
    return parse_recipe(to_toml(table), Path(), "x.toml")


@pytest.mark.parametrize("count", [1, 3, 7, 12])
def test_distinct_variants_differ_as_long_as_the_recipe_can(count: int) -> None:
    outcomes = 7  # turned by three quarters or not, mirrored or not, but for neither
    recipe = wanting_distinct({**QUARTERS, "p": 0.75}, FLIP)
    for number in range(30):
        variants = draw_variants(recipe, f"a/{number}.jpg", "a", count)
        assert len(variants) == count
        seen = {repr(ops) for ops in variants if ops}
        assert len(seen) == min(count, outcomes)


def test_a_variant_depends_on_those_before_it_alone() -> None:
    recipe = wanting_distinct(QUARTERS, FLIP)
    all_of_them = draw_variants(recipe, "a/1.jpg", "a", 8)
    for count in range(8):
        assert draw_variants(recipe, "a/1.jpg", "a", count) == all_of_them[:count]


def test_only_what_would_be_equal_is_drawn_again() -> None:
    recipe = wanting_distinct(QUARTERS, FLIP)
    plain = wanting_distinct(QUARTERS, FLIP, distinct=False)
    again = 0
    for number in range(40):
        key = f"a/{number}.jpg"
        variants = draw_variants(plain, key, "a", 3)
        assert variants == [draw_ops(plain, key, "a", variant) for variant in range(3)]
        redrawn = draw_variants(recipe, key, "a", 3)
        assert redrawn[0] == variants[0]
        if len({repr(ops) for ops in variants}) == 3:
            assert redrawn == variants
        else:
            again += 1
    assert again > 5


def test_a_distinct_variant_is_none_to_which_nothing_is_done() -> None:
    nothing = {"op": "brightness", "factor": {"choice": [1.0, 0.5]}}
    for number in range(30):
        (ops,) = draw_variants(wanting_distinct(nothing), f"{number}.jpg", "a", 1)
        assert [op.params for op in ops] == [{"factor": 0.5}]
    half = {"op": "brightness", "factor": {"choice": [1.0, 0.5]}, "p": 0.5}
    outcomes = set()
    for ops in draw_variants(wanting_distinct(half, FLIP), "1.jpg", "a", 3):
        outcomes.add(tuple(op.name for op in ops if op.params != {"factor": 1.0}))
    assert outcomes == {("brightness",), ("hflip",), ("brightness", "hflip")}


def test_a_recipe_without_another_outcome_gives_what_it_has() -> None:
    variants = draw_variants(wanting_distinct({"op": "hflip"}), "1.jpg", "a", 3)
    assert [[op.name for op in ops] for ops in variants] == [["hflip"]] * 3
    assert draw_variants(wanting_distinct(), "1.jpg", "a", 2) == [(), ()]


def test_where_the_recipe_has_no_more_the_next_variants_are_drawn_once() -> None:
    recipe = wanting_distinct({**QUARTERS, "p": 0.75}, FLIP)
    variants = draw_variants(recipe, "1.jpg", "a", 12)
    # Of seven outcomes the eighth variant finds none, and the others do not look.
    assert variants[8:] == [draw_ops(recipe, "1.jpg", "a", variant) for variant in range(8, 12)]


def test_these_redraws_stay_what_they_are() -> None:
    """A change here makes other variants of every dataset that wants them distinct."""
    variants = draw_variants(wanting_distinct(QUARTERS, FLIP), "a/1.jpg", "a", 6)
    found = [[op.params.get("degrees", "flip") for op in ops] for ops in variants]
    turned: list[list[object]] = [[90.0, "flip"], [180.0], [270.0], [270.0, "flip"]]
    assert found == [*turned, [180.0, "flip"], [90.0]]
