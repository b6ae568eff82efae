"""Real images for a machine without any: the Twemoji pictures that AugLy ships."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.folder import open_folder

_ATTRIBUTION = "Twemoji, copyright 2020 Twitter, Inc and other contributors, CC BY 4.0 (creativecommons.org/licenses/by/4.0)"
# Without people, symbols and alphanumeric: they repeat one drawing in many classes and colours.
_CLASSES: Mapping[str, frozenset[str]] = {
    "emoji": frozenset({"activity", "animals_and_nature", "food_and_drink", "smileys"}),
}


def open_sample(name: str) -> SourceDataset:
    """Open the sample dataset `name`; raises SourceError where there is none."""
    if name not in _CLASSES:
        near = difflib.get_close_matches(name, _CLASSES, n=1, cutoff=0.0)
        raise SourceError(f'sample:{name} is no sample; did you mean "sample:{near[0]}"?')
    spec = find_spec("augly")  # finds the package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            "the sample images come with AugLy, which is not installed; pip install augly"
        )
    everything = open_folder(Path(spec.submodule_search_locations[0]) / "assets" / "twemojis")
    chosen = tuple(source for source in everything.sources if source.label in _CLASSES[name])
    return replace(
        everything,
        identity=f"sample:{name}",
        classes=tuple(sorted({source.label for source in chosen})),
        sources=chosen,
        attribution=_ATTRIBUTION,
    )
