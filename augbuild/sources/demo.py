"""Real images for a machine without any: the Twemoji pictures that come with AugLy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from augbuild.catalogue.assets import TWEMOJI, augly_assets
from augbuild.core.text import as_toml
from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceDataset, SourceOptions
from augbuild.sources.folder import open_folder

# Not people, symbols and alphanumeric: they repeat one drawing in many classes and colours.
_CLASSES: Mapping[str, frozenset[str]] = {
    "emoji": frozenset({"activity", "animals_and_nature", "food_and_drink", "smileys"}),
}


def open_sample(name: str) -> SourceDataset:
    """Open the sample dataset `name`; raises SourceError where there is none."""
    if name not in _CLASSES:
        known = ", ".join(f"sample:{each}" for each in _CLASSES)
        raise SourceError(f"unknown sample dataset {as_toml(name)}; there is {known}")
    assets = augly_assets()
    if assets is None:
        raise SourceError(
            "the sample images come with AugLy, which is not installed; pip install augly"
        )
    classes = tuple(sorted(_CLASSES[name]))
    # As the files lie in AugLy, whatever a recipe says of other sources.
    dataset = open_folder(assets / "twemojis", SourceOptions(layout="classes", classes=classes))
    return replace(dataset, identity=f"sample:{name}", ignored={}, attribution=TWEMOJI)
