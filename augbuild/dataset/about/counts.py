"""The counts of a tree: images by folder and class, and what is worth to be known of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from augbuild.catalogue.assets import Asset, assets_of
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.dataset.results import BuiltSource
from augbuild.pixels.decoding.traits import OriginalTraits
from augbuild.sources.dataset import Rejected, Source


@dataclass(slots=True)
class TreeCounts:
    """The counts of a tree, made source by source; `images` by folder and class.

    `equal` counts the variants that are like another of their source, or to which nothing was done;
    `assets` are what AugLy brings along and was painted into variants.
    """

    rows: int = 0
    images: dict[str, Counter[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    flat: int = 0
    equal: int = 0
    more_frames: int = 0
    originals: OriginalTraits = field(default_factory=OriginalTraits)
    assets: set[Asset] = field(default_factory=set)
    manifest_sha256: str = ""

    def add(self, source: Source, built: BuiltSource) -> None:
        """Count the outputs of one source."""
        self.rows += len(built.files)
        self.more_frames += built.more_frames
        position = built.has_position
        highest = built.highest
        self.originals.add(built.path, has_position=position, highest=highest)
        seen = set()
        for file, ops in zip(built.files, built.ops, strict=True):
            is_original = file.variant is None
            folder = source.split or "train" if is_original else AUGMENTED_FOLDER
            self.images.setdefault(folder, Counter())[source.label] += 1
            if is_original:
                continue
            self.flat += file.flat
            self.equal += not ops or file.sha256 in seen
            seen.add(file.sha256)
            for op in ops:
                self.assets.update(assets_of(op))

    def images_of(self, folder: str, classes: tuple[str, ...]) -> dict[str, int]:
        """Return the images of a folder by class, in the order of the classes; 0 for none."""
        return {label: self.images[folder][label] for label in classes}


def images_of_train(counts: Mapping[str, Mapping[str, int]]) -> Counter[str]:
    """Return the images to train on of each class, variants included; `counts` by folder."""
    return Counter(counts.get("train", {})) + Counter(counts.get(AUGMENTED_FOLDER, {}))
