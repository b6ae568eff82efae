"""What the outputs of a source depend on, as short texts that the state keeps and compares.

A key is made without drawing anything: where it is what it was, so are all draws. Where it differs,
the draws themselves are compared, image by image (`augbuild.building.reuse`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import msgspec

from augbuild.catalogue.assets import asset_sha256, resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Op
from augbuild.core.documents import to_plain
from augbuild.core.files import hash_bytes
from augbuild.dataset.manifest import AppliedOps
from augbuild.planning.plan import BuildPlan
from augbuild.recipe.model import Recipe, ResolvedOutput
from augbuild.recipe.steps import TransformStep, walk_steps
from augbuild.recipe.values import possible_values
from augbuild.sources.dataset import Source
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding


class SourceKeys:
    """The keys of a plan's sources: everything but their bytes that their outputs depend on."""

    def __init__(self, plan: BuildPlan) -> None:
        self._variants = plan.variants
        self._common = [plan.recipe.sha256, *_asset_hashes(plan.recipe)]
        self._known: dict[tuple[object, ...], str] = {}

    def key_of(self, source: Source) -> str:
        """Return the key of a source; its path is not part of it, since the state has it."""
        # Few differ between sources, so that hardly any is hashed.
        own = (source.folder, source.split, source.label, self._variants(source))
        key = self._known.get(own)
        if key is None:
            content = json.dumps([*self._common, *own])
            key = self._known[own] = hash_bytes(content.encode())
        return key


def _asset_hashes(recipe: Recipe) -> Iterator[str]:
    """Yield the hash of each file that a recipe may lay over images."""
    for step in walk_steps(recipe.transforms):
        if not isinstance(step, TransformStep):
            continue
        for name, param in CATALOGUE[step.op].params.items():
            if param.kind in ASSET_KINDS:
                for value in possible_values(step.params[name]) or ():
                    yield asset_sha256(resolve_asset(param.kind, str(value), recipe.folder))


def encoding_of(output: ResolvedOutput, decoding: Decoding = DEFAULT_DECODING) -> str:
    """Return how variants are encoded, and what they are made of is decoded, as JSON."""
    settings = {}
    for name in ResolvedOutput.__struct_fields__:
        value = getattr(output, name)
        # What becomes of originals is seen on the disk; what is not set was not there in 0.1.
        if name != "originals" and value is not msgspec.UNSET:
            settings[name] = to_plain(value)
    if decoding != DEFAULT_DECODING:
        settings["source"] = to_plain(decoding)
    return json.dumps(settings)


def ops_as_json(ops: Sequence[Op]) -> AppliedOps:
    """Return ops as they are in the manifest."""
    return tuple({"op": op.name, **op.params} for op in ops)


def fingerprint_of(
    names: Sequence[str], ops: Sequence[AppliedOps], output: ResolvedOutput, originals: str
) -> str:
    """Return what the state of version 0.1 has in place of key and encoding.

    It is a hash of the outputs of a source, each with its ops, and of how they are encoded.
    """
    outputs = [[name, each] for name, each in zip(names, ops, strict=True)]
    settings = [output.format, output.quality, output.max_side, originals]
    return hash_bytes(json.dumps([outputs, settings]).encode())
