"""What outputs depend on: a key without drawing, and the fingerprint that version 0.1 has of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from augbuild.building.inputs import plan_recipe
from augbuild.building.keys import SourceKeys, encoding_of, fingerprint_of, ops_as_json
from augbuild.catalogue.transforms import Op
from augbuild.planning.plan import BuildPlan
from augbuild.recipe.model import OutputSpec
from augbuild.sources.dataset import Source
from augbuild.sources.decoding import Decoding
from tests.conftest import RECIPE, photo, write_recipe


def plan_of(project: Path) -> BuildPlan:
    return plan_recipe(project / "recipe.toml", source=None, follow_links=False, n_jobs=1)


def keys_of(project: Path) -> dict[str, str]:
    plan = plan_of(project)
    keys = SourceKeys(plan)
    return {source.path: keys.key_of(source) for source in plan.sources}


def test_a_key_is_of_split_and_class_and_not_of_the_image(split_project: Path) -> None:
    keys = keys_of(split_project)
    assert len(keys) == 12
    assert len(set(keys.values())) == 4
    assert keys["train/cats/cats_0.png"] == keys["train/cats/cats_1.png"]
    photo(split_project / "photos" / "train" / "cats" / "new.png", 77)
    assert keys.items() <= keys_of(split_project).items()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed = 7", "seed = 8"),
        ("variants = 2", "variants = 3"),
        ("p = 0.5", "p = 0.6"),
        ("[-20, 20]", "[-20, 21]"),
        ('path = "out"', 'path = "out"\nquality = 91'),
        ('path = "out"', 'path = "out"\noriginals = "link"'),
    ],
)
def test_a_key_is_of_the_recipe(split_project: Path, old: str, new: str) -> None:
    before = keys_of(split_project)
    write_recipe(split_project, RECIPE.replace(old, new))
    assert not set(before.values()) & set(keys_of(split_project).values())


def test_a_key_is_not_of_where_things_are(split_project: Path) -> None:
    before = keys_of(split_project)
    (split_project / "photos").rename(split_project / "elsewhere")
    moved = RECIPE.replace('"photos"', '"elsewhere"').replace('"out"', '"tree"')
    write_recipe(split_project, f"# the same\n{moved}")
    assert keys_of(split_project) == before


@pytest.mark.parametrize("value", ['"one.png"', '{ choice = ["two.png", "one.png"] }'])
def test_a_key_is_of_the_images_that_may_be_laid_over(split_project: Path, value: str) -> None:
    for number, name in enumerate(("one.png", "two.png")):
        photo(split_project / name, number)
    step = f'op = "overlay_image"\noverlay = {value}\n'
    write_recipe(split_project, f"{RECIPE}[[transforms]]\none_of = [{{ {step[:-1]} }}]\n".replace(
        '"overlay_image"\n', '"overlay_image", '
    ))  # fmt: skip
    before = keys_of(split_project)
    assert keys_of(split_project) == before
    photo(split_project / "one.png", 9)
    assert not set(before.values()) & set(keys_of(split_project).values())


def test_a_key_is_of_the_folder_that_a_split_has_on_disk(split_project: Path) -> None:
    keys = SourceKeys(plan_of(split_project))
    one = Source("cats/a.png", "cats", folder="train", split="train")
    found = {
        keys.key_of(source)
        for source in (
            one,
            Source("train/cats/a.png", "cats", split="train"),
            Source("cats/a.png", "dogs", folder="train", split="train"),
            Source("cats/a.png", "cats", folder="train", split="test"),
        )
    }
    assert len(found) == 4
    assert keys.key_of(one) in found


def test_encoding_is_all_that_variants_are_written_by() -> None:
    spec = OutputSpec(path="out")
    assert encoding_of(spec) == '{"format": "jpeg", "quality": 90, "max_side": null}'
    sized = OutputSpec(path="out", size=(64, 48), fit="pad")
    assert encoding_of(sized).endswith('"max_side": null, "size": [64, 48], "fit": "pad"}')
    assert encoding_of(msgspec.structs.replace(spec, path="x", originals="link")) == encoding_of(
        spec
    )
    for change in ({"format": "png"}, {"quality": 91}, {"max_side": 100}):
        assert encoding_of(msgspec.structs.replace(spec, **change)) != encoding_of(spec)
    assert encoding_of(spec, Decoding()) == encoding_of(spec)
    assert encoding_of(spec, Decoding(depth=12)) != encoding_of(spec)


NAMES = ("train/a.png", "aug/a.jpg")
OPS = ((), ({"op": "blur", "radius": 1.0},))


def test_the_fingerprint_is_that_of_version_0_1() -> None:
    digest = "8a5d1d788b633016ba2a16aa872771c80ec91d025fe35b26606e6dfe1ebe253f"
    assert fingerprint_of(NAMES, OPS, OutputSpec(path="out"), "copy") == digest


@pytest.mark.parametrize(
    ("names", "ops", "output", "originals"),
    [
        (NAMES[:1], OPS[:1], OutputSpec(), "copy"),
        (("train/a.png", "aug/b.jpg"), OPS, OutputSpec(), "copy"),
        (NAMES, ((), ()), OutputSpec(), "copy"),
        (NAMES, ((), ({"op": "blur", "radius": 2.0},)), OutputSpec(), "copy"),
        (NAMES, OPS, OutputSpec(format="png"), "copy"),
        (NAMES, OPS, OutputSpec(quality=91), "copy"),
        (NAMES, OPS, OutputSpec(max_side=100), "copy"),
        (NAMES, OPS, OutputSpec(), "link"),
    ],
    ids=["fewer", "name", "no ops", "parameter", "format", "quality", "max_side", "originals"],
)
def test_the_fingerprint_is_of_all_that_outputs_depend_on(
    names: tuple[str, ...],
    ops: tuple[tuple[dict[str, object], ...], ...],
    output: OutputSpec,
    originals: str,
) -> None:
    before = fingerprint_of(NAMES, OPS, OutputSpec(), "copy")
    assert fingerprint_of(names, ops, output, originals) != before


def test_ops_are_as_in_the_manifest() -> None:
    ops = (Op("hflip", {}), Op("blur", {"radius": 1.0}))
    assert ops_as_json(ops) == ({"op": "hflip"}, {"op": "blur", "radius": 1.0})
