"""The resolved recipe: what dataset.json holds, written and read again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from augbuild.core.documents import decode, encode, to_plain
from augbuild.errors import ManifestError
from augbuild.recipe.load import parse_recipe
from augbuild.recipe.model import ResolvedRecipe
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from tests.augbuild.recipe.fixtures import HEAD, parse, problems
from tests.augbuild.recipe.strategies import Table, recipes, to_toml

# As version 0.1 wrote it into dataset.json: its bytes, and the hash that stood beside it.
WRITTEN = (
    '{"name": "cats", "seed": 7, "split": {"test": 0.25, "validation": 0.0, "group": "none", '
    '"folds": null, "ignore_existing": false}, "output": {"format": "webp", "quality": 71, '
    '"max_side": 24, "originals": "copy"}, "augment": {"variants": 3, "balance": {"target": "x3", '
    '"cap_per_source": 8}}, "transforms": [{"op": "rotate", "p": 1.0, "weight": 1.0, "degrees": '
    '{"uniform": [-30.0, 30.0]}}], "classes": {"digits": {"deny": ["hflip", "vflip"]}}}\n'
)


def read(written: str | bytes) -> ResolvedRecipe:
    return decode(written, ResolvedRecipe, "dataset.json", ManifestError)


def test_a_recipe_written_by_version_0_1_is_read_and_written_alike() -> None:
    resolved = read(WRITTEN)
    assert encode(resolved).decode() == WRITTEN
    assert resolved.output.quality == 71
    assert resolved.classes["digits"].deny == ("hflip", "vflip")
    keys_in_order = json.dumps(json.loads(WRITTEN), sort_keys=True)
    assert resolved.sha256 == hashlib.sha256(keys_in_order.encode()).hexdigest()


def test_distinct_is_written_where_it_is_true() -> None:
    augments = []
    for line in ("", "augment.distinct = false\n", "augment.distinct = true\n"):
        resolved = parse_recipe(f"{HEAD}{line}", Path(), "x.toml").resolved()
        assert read(encode(resolved)) == resolved
        augments.append(json.loads(encode(resolved))["augment"])
    plain = {"variants": 3, "balance": None}
    assert augments == [plain, plain, {**plain, "distinct": True}]


@pytest.mark.parametrize(
    ("lines", "written", "frame"),
    [
        ("", {}, None),
        ("size = 224", {"size": 224, "fit": "stretch"}, ((224, 224), "stretch")),
        ("size = [224, 224]", {"size": 224, "fit": "stretch"}, ((224, 224), "stretch")),
        (
            'size = [64, 48]\nfit = "crop"\nmax_side = 64',
            {"max_side": 64, "size": [64, 48], "fit": "crop"},
            ((64, 48), "crop"),
        ),
    ],
)
def test_size_is_written_where_it_is_given(
    lines: str, written: Table, frame: tuple[tuple[int, int], str] | None
) -> None:
    text = f'name = "x"\nsource.path = "photos"\n[output]\npath = "out"\n{lines}\n'
    resolved = parse_recipe(text, Path(), "x.toml").resolved()
    plain = {"format": "jpeg", "quality": 90, "max_side": None, "originals": "copy"}
    assert json.loads(encode(resolved))["output"] == {**plain, **written}
    assert read(encode(resolved)) == resolved
    assert resolved.output.frame == frame


def test_rules_of_a_class_are_written_where_they_are_given() -> None:
    text = f'{HEAD}[classes.b]\nvariants = 5\n[classes.a]\ndeny = ["vflip", "hflip"]\n'
    recipe = parse_recipe(text, Path(), "x.toml")
    written = json.loads(encode(recipe.resolved()))["classes"]
    assert written == {"a": {"deny": ["hflip", "vflip"]}, "b": {"deny": [], "variants": 5}}
    assert list(written) == ["a", "b"]
    assert read(encode(recipe.resolved())) == recipe.resolved()
    assert recipe.deny == {"a": {"hflip", "vflip"}, "b": frozenset()}


@settings(max_examples=100, deadline=None)
@given(recipes())
def test_whatever_a_recipe_resolves_to_is_read_again(table: Table) -> None:
    recipe = parse_recipe(to_toml(table), Path(), "x.toml")
    again = read(encode(recipe.resolved()))
    assert again == recipe.resolved()
    assert again.sha256 == recipe.sha256


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("split", "test", 1.0, "split.test must be a number < 1.0 (got 1.0)"),
        ("split", "validation", -0.1, "split.validation must be a number >= 0.0 (got -0.1)"),
        ("split", "folds", 1, "split.folds must be a whole number >= 2 (got 1)"),
        ("output", "format", "gif", 'output.format cannot be "gif"'),
        ("output", "quality", 0, "output.quality must be a whole number >= 1 (got 0)"),
        ("output", "quality", 101, "output.quality must be a whole number <= 100 (got 101)"),
        ("output", "max_side", 7, "output.max_side must be a whole number >= 8 (got 7)"),
        ("output", "originals", "move", 'output.originals cannot be "move"'),
        ("augment", "variants", 1001, "augment.variants must be a whole number <= 1000 (got 1001)"),
    ],
)
def test_a_value_out_of_range_is_refused(
    section: str, key: str, value: object, expected: str
) -> None:
    edited = json.loads(WRITTEN)
    edited[section][key] = value
    with pytest.raises(ManifestError) as caught:
        read(json.dumps(edited))
    assert str(caught.value) == f"dataset.json: {expected}"


@pytest.mark.parametrize("target", [0, 10_000_001, "x0", "x12345", "min", "max\n"])
def test_a_target_that_no_recipe_could_name_is_refused(target: object) -> None:
    edited = json.loads(WRITTEN)
    edited["augment"]["balance"]["target"] = target
    with pytest.raises(ManifestError, match=r"dataset\.json: augment\.balance\.target"):
        read(json.dumps(edited))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "x" * 101, "x\u202e", "x\n"])
def test_a_name_that_no_recipe_could_have_is_refused(name: str) -> None:
    edited = json.loads(WRITTEN)
    edited["name"] = name
    with pytest.raises(ManifestError, match=r"dataset\.json: name"):
        read(json.dumps(edited))


def test_a_recipe_cannot_be_changed() -> None:
    recipe = parse_recipe('name = "x"\nsource.path = "a"\noutput.path = "b"', Path(), "x.toml")
    for part, name in [
        (recipe, "seed"),
        (recipe.source, "path"),
        (recipe.split, "test"),
        (recipe.output, "quality"),
        (recipe.augment, "variants"),
        (recipe.resolved(), "seed"),
    ]:
        with pytest.raises(AttributeError):
            setattr(part, name, 1)


def test_what_is_free_form_is_kept_as_it_is() -> None:
    edited = json.loads(WRITTEN)
    edited["transforms"] = [{"op": "of_a_later_version", "depth": {"levels": [1, 2.5, None]}}]
    assert to_plain(read(json.dumps(edited)))["transforms"] == tuple(edited["transforms"])  # type: ignore[index]


def test_how_files_are_decoded_is_resolved_where_it_is_said() -> None:
    before = parse(HEAD).resolved()
    resolved = parse(f"{HEAD}[source]\nmargin = 1\ndepth = 16\n".replace("source.path", "# ")
                     + 'path = "photos"\n').resolved()  # fmt: skip
    assert resolved.decoding == Decoding(margin=1.0)
    assert b'"source": {"margin": 1.0}' in encode(resolved)
    assert read(encode(resolved)) == resolved
    assert resolved.sha256 != before.sha256
    assert before.decoding == DEFAULT_DECODING
    assert b"source" not in encode(before)


def test_ranges_of_decoding_are_those_of_a_recipe() -> None:
    text = 'name = "x"\noutput.path = "out"\n[source]\npath = "p"\n{}\n'
    assert problems(text.format("depth = 17")) == ["source.depth must be from 1 to 16 (got 17)"]
    assert problems(text.format("margin = -1")) == ["source.margin must be from 0 to 10 (got -1)"]
    assert problems(text.format("max_pixels = 1.5")) == [
        "source.max_pixels must be an integer (got 1.5)"
    ]
