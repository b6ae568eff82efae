"""What a build would do, without doing it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from augbuild.building.changes import Cause, ChangeDetector, find_changes
from augbuild.building.inputs import output_path, plan_recipe
from augbuild.core.documents import to_plain
from augbuild.core.pool import available_cpus
from augbuild.dataset.about.counts import images_of_train
from augbuild.dataset.about.findings import find_lacking_classes
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.private import known_rate
from augbuild.dataset.state import State
from augbuild.errors import ImageError
from augbuild.pixels.codec import encode, shrink
from augbuild.pixels.originals import decode_original
from augbuild.pixels.resize import fit_to
from augbuild.planning.plan import BuildPlan, spread
from augbuild.recipe.model import Recipe
from augbuild.sources.dataset import Source
from augbuild.sources.findings import Finding

_SAMPLED = 8  # sources that are read for an estimate


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build would write, in bytes, and how many seconds it would take; both are guesses.

    Bytes are guessed from the sizes of all sources and from `sampled` of them, which were read and
    encoded. The time follows from the `rate` of an earlier build in the same folder, in images per
    second. Where that is None, it is what decoding and encoding take: transforms come on top.
    """

    bytes: int
    seconds: float
    sampled: int
    rate: float | None
    workers: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of a build: what the tree would have, and what of it is still to do.

    `before` and `after` count the images to train on of each class, in the source and in the tree;
    `counts` goes from the folders of the tree to classes to numbers of images; `images` are the
    outputs to make; `pending` pairs sources with why they are worked on; the images of `stale`
    sources are removed.
    """

    out: Path
    before: dict[str, int]
    after: dict[str, int]
    counts: dict[str, dict[str, int]]
    images: int
    estimate: Estimate | None
    pending: tuple[tuple[str, Cause], ...]
    stale: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """Return the outlook as the values that JSON has."""
        return {**asdict(self), "out": str(self.out), "findings": to_plain(self.findings)}


def plan_build(
    recipe: Recipe | str | Path,
    *,
    source: str | None = None,
    out: str | Path | None = None,
    rehash: bool = False,
    follow_links: bool = True,
    quiet: bool = True,
) -> Outlook:
    """Compare the plan of a recipe with its output folder, writing nothing; raises AugbuildError.

    `recipe` is a file or the name of a shipped recipe; `source` and `out` override its own.
    """
    plan = plan_recipe(recipe, source=source, follow_links=follow_links, n_jobs=None, quiet=quiet)
    folder = OutputFolder(output_path(plan.recipe, out))
    file = folder.state if folder.state.is_file() else None
    with State(file, read_only=True) as state:
        interrupted = state.note("running", int)
        detector = ChangeDetector(plan, state, folder, rehash, interrupted_run=interrupted)
        changes = find_changes(detector, prune=True)
    pending = []
    to_do = []
    for index, each in enumerate(plan.sources):
        if cause := changes.cause(index):
            pending.append((each.path, cause))
            to_do.append(each)
    counts = plan.image_counts()
    lacking = find_lacking_classes(counts, plan.dataset.classes)
    return Outlook(
        out=folder.root,
        before=dict(plan.before),
        after=dict(images_of_train(counts)),
        counts=counts,
        images=changes.images,
        estimate=estimate_cost(plan, to_do, changes.images, known_rate(folder.private)),
        pending=tuple(pending),
        stale=tuple(changes.stale),
        warnings=plan.warnings,
        findings=(*plan.findings, *lacking),
    )


@dataclass(slots=True)
class _Sample:
    """Some sources that were read and encoded, with the seconds and bytes that it took."""

    number: int = 0
    decoding: float = 0.0
    encoding: float = 0.0
    read: int = 0
    written: int = 0

    def add(self, data: bytes, path: str, recipe: Recipe) -> None:
        """Decode and encode one source; raises ImageError."""
        output = recipe.output
        start = time.perf_counter()
        original = decode_original(data, path, recipe.decoding)
        image = fit_to(shrink(original, output.max_side), output.frame)
        decoded = time.perf_counter()
        self.written += len(encode(image, output.format, output.quality))
        self.encoding += time.perf_counter() - decoded
        self.decoding += decoded - start
        self.read += len(data)
        self.number += 1


def estimate_cost(
    plan: BuildPlan, sources: Sequence[Source], images: int, rate: float | None
) -> Estimate | None:
    """Estimate what it costs to make `images` outputs of some sources of a plan.

    Reads a few of them; returns None where there is nothing to make, or none of the few can be
    read.
    """
    output = plan.recipe.output
    originals = plan.dataset.originals
    sample = _Sample()
    for source in spread(sources, _SAMPLED):
        with suppress(ImageError):  # it will be rejected, and make nothing
            sample.add(originals.read(source.path), source.path, plan.recipe)
    if not sample.number:
        return None
    copied = encoded = outputs = to_encode = 0
    for source in sources:
        size = max(originals.stat(source.path).size, 0)
        number = plan.variants(source)
        if output.frame is not None:
            number += 1
        elif output.originals == "copy":
            copied += size
        encoded += size * number
        to_encode += number
        outputs += plan.output_count(source)
    # Of some sources, only a few outputs are missing.
    missing = images / outputs
    total = (copied + encoded * sample.written / sample.read) * missing
    workers = available_cpus()
    seconds = len(sources) * sample.decoding + to_encode * missing * sample.encoding
    seconds /= sample.number * workers
    if rate:
        seconds = images / rate
    return Estimate(round(total), seconds, sample.number, rate, workers)
