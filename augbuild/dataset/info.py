"""dataset.json: what a finished dataset is, for `verify`, `replay` and every reader."""

from __future__ import annotations

from pathlib import Path

import msgspec

from augbuild.core.documents import encode, read_document
from augbuild.dataset.layout import INFO_NAME, OutputFolder
from augbuild.dataset.manifest import Count, Sha256
from augbuild.errors import ManifestError
from augbuild.recipe.model import ResolvedRecipe
from augbuild.sources.findings import Finding


class DatasetInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of dataset.json: no path of the machine and no time, so equal builds are equal.

    `counts` goes from the tree's folders to classes to numbers of images; `ignored` counts the
    files that are no sources by reason; `more_frames` counts sources of which only the first frame
    or page was used; `flat` counts variants of one colour whose source is not, `equal` those that
    are like another of their source, or to which nothing was done. `attribution` is what the source
    asks to be said, and the four after it are what the recipe says of the images. `descriptions`
    has the SHA-256 of each file that describes the tree, by name. What has a default is left out
    where there is none.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, dict[str, Count]]
    rejected: Count
    ignored: dict[str, Count]
    more_frames: Count
    flat: Count
    equal: Count = 0
    attribution: str | None
    license: str | None = None
    creator: str | None = None
    citation: str | None = None
    description: str | None = None
    recipe: ResolvedRecipe
    recipe_sha256: Sha256
    versions: dict[str, str]
    rows: Count
    manifest_sha256: Sha256
    descriptions: dict[str, Sha256]
    findings: tuple[Finding, ...] = ()


def read_info(root: Path) -> DatasetInfo:
    """Read the dataset.json of a tree; raises ManifestError.

    The error's cause is an OSError where the file is missing or cannot be read.
    """
    path = root / INFO_NAME
    info = read_document(path, DatasetInfo, ManifestError)
    # `replay` encodes as the recipe says: an edited one would blame the image.
    if info.recipe.sha256 != info.recipe_sha256 or info.recipe.name != info.name:
        raise ManifestError(
            f"{path} has a recipe that was edited: it does not fit name and recipe_sha256"
        )
    return info


def write_info(folder: OutputFolder, info: DatasetInfo) -> None:
    """Write dataset.json, unless it already has this content; raises OSError."""
    folder.update(INFO_NAME, encode(info, indent=2))
