"""Documents of a dataset that several test modules change to their needs."""

from __future__ import annotations

from typing import Any

import msgspec

from augbuild.dataset.info import DatasetInfo
from augbuild.dataset.manifest import Record
from augbuild.recipe.model import ResolvedRecipe

RECIPE: dict[str, Any] = {
    "name": "cats-dogs",
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
    "transforms": [
        {"op": "rotate", "p": 1.0, "weight": 1.0, "degrees": {"uniform": [-20.0, 20.0]}},
        {
            "some_of": 2,
            "replace": False,
            "p": 0.5,
            "weight": 1.0,
            "from": [
                {"op": "hflip", "p": 1.0, "weight": 1.0},
                {"op": "blur", "p": 1.0, "weight": 2.0, "radius": 2.0},
            ],
        },
    ],
    "classes": {},
}

ROW: dict[str, Any] = {
    "file_name": "augmented_train/cats/cat_1_0123abcd_aug0.jpg",
    "label": 0,
    "label_name": "cats",
    "split": "train",
    "origin": "augmented",
    "variant": 0,
    "source": "cats/cat_1.jpg",
    "source_sha256": "ab" * 32,
    "group": None,
    "ops": [{"op": "rotate", "degrees": -12.5}],
    "width": 10,
    "height": 20,
    "source_width": 30,
    "source_height": 40,
    "bytes": 500,
    "sha256": "cd" * 32,
}


def recipe_of(**changes: Any) -> ResolvedRecipe:
    """Return the recipe of the made-up dataset, with some of its sections changed."""
    return msgspec.convert({**RECIPE, **changes}, ResolvedRecipe)


def info_of(**changes: Any) -> DatasetInfo:
    """Return the dataset.json of the made-up dataset, with some of its fields changed."""
    recipe = changes.get("recipe", recipe_of())
    values: dict[str, Any] = {
        "name": "cats-dogs",
        "classes": ("cats", "dogs"),
        "counts": {
            "train": {"cats": 279, "dogs": 278},
            "augmented_train": {"cats": 837, "dogs": 834},
            "test": {"cats": 70, "dogs": 70},
        },
        "rejected": 0,
        "ignored": {},
        "more_frames": 0,
        "flat": 0,
        "attribution": None,
        "recipe": recipe,
        "recipe_sha256": recipe.sha256,
        "versions": {"augbuild": "0.1.0"},
        "rows": 2368,
        "manifest_sha256": "cd" * 32,
        "descriptions": {},
    }
    return DatasetInfo(**{**values, **changes})


def record_of(**changes: Any) -> Record:
    """Return the record of one made-up variant, with some of its columns changed."""
    return Record(**{**ROW, "ops": tuple(ROW["ops"]), **changes})
