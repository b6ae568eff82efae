"""Find images that look already augmented, by the marks that tools leave in their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from augbuild.core.text import as_toml
from augbuild.sources.dataset import Source
from augbuild.sources.findings import Finding

_EXAMPLES = 3
_MOST_PATTERNS = 4


@dataclass(frozen=True, slots=True)
class _Mark:
    """What tools for augmentation write into names.

    `found` matches a whole name; its group `photo` is the name of the photo, `mark` what marks a
    version. `group` is the pattern for [split] by which all versions of a photo have one value,
    with the marks that were found for WORDS. `exclude` is the pattern that leaves such versions
    out, for MARK. Where `needs_others`, a name counts only beside another of its photo.
    """

    name: str
    found: re.Pattern[str]
    group: str
    exclude: str = ""
    needs_others: bool = False


_PREFIX = r"(?P<mark>(?:aug|augmented)[_-])(?:\d+[_-])*(?P<photo>.+)\.\w+"
_SUFFIX = r"(?P<photo>.+?)(?P<mark>(?:[_-](?:{words})[_-]?\d*)+)\.\w+"
_BY_SUFFIX = r"(?i)^(.+?)(?:[_-](?:WORDS)[_-]?\d*)*\.\w+$"
_TURNED = "aug|augmented|flip|flipped|hflip|vflip|fliplr|flipud|mirror|mirrored|rot|rotate|rotated"
# Words that stand for something else just as often: night_dark.jpg.
_CHANGED = "blur|blurred|noise|noisy|bright|dark|crop|cropped|zoom|shear|jitter|gray|grey"

_MARKS = (
    _Mark(
        # Roboflow exports every image under such a name; several of one photo are versions of it.
        ".rf.<hash>",
        re.compile(r"(?P<photo>.+)(?P<mark>\.rf\.)[0-9A-Za-z]{16,}\.\w+"),
        group=r"^(.+)\.rf\.",
        needs_others=True,
    ),
    _Mark(
        "Augmentor's _original_",
        re.compile(r".+(?P<mark>_original_)(?P<photo>.+)\.\w+_[0-9a-f-]{36}\.\w+"),
        group=r"^(?:.*/)?(?:.*_original_)?(.+?\.\w+?)(?:_[0-9a-f-]{36}\.\w+)?$",
        exclude="*_original_*.*_*-*-*-*-*.*",
    ),
    _Mark(
        "aug_",
        re.compile(_PREFIX, re.IGNORECASE),
        group=r"(?i)(?:^|/)(?:(?:WORDS)[_-](?:\d+[_-])*)?([^/]+)\.\w+$",
        exclude="MARK*",
    ),
    _Mark(
        "_flip and the like",
        re.compile(_SUFFIX.format(words=_TURNED), re.IGNORECASE),
        group=_BY_SUFFIX,
        exclude="*MARK.*",
    ),
    _Mark(
        "_blur and the like",
        re.compile(_SUFFIX.format(words=_CHANGED), re.IGNORECASE),
        group=_BY_SUFFIX,
        exclude="*MARK.*",
        needs_others=True,
    ),
)


def find_augmented_names(sources: Sequence[Source]) -> list[Finding]:
    """Find the images whose names say that they are versions of a photo, one finding a mark.

    A split that parts the versions of one photo leaks.
    """
    findings = []
    is_split = any(source.split for source in sources)
    for mark in _MARKS:
        marked = _find_marked(mark, sources)
        if not marked:
            continue
        look = "image looks" if len(marked) == 1 else "images look"
        findings.append(
            Finding(
                kind="already augmented",
                message=f"{len(marked):,} {look} already augmented by name ({mark.name})",
                count=len(marked),
                examples=tuple(list(marked)[:_EXAMPLES]),
                advice=_advice(mark, set(marked.values()), is_split=is_split),
            )
        )
    return findings


def _find_marked(mark: _Mark, sources: Sequence[Source]) -> dict[str, str]:
    """Return the paths of the images that have a mark, with what marks each."""
    photos: Counter[str] = Counter()
    marked: list[tuple[str, str, str]] = []
    for source in sources:
        name = source.key.rpartition("/")[2]
        # Every mark has one of these; most names have none, and matching costs far more.
        may_match = "_" in name or "-" in name or ".rf." in name
        match = mark.found.fullmatch(name) if may_match else None
        if match is None and not mark.needs_others:
            continue
        photo = f"{source.label}/{match['photo'] if match else name.rpartition('.')[0]}"
        photos[photo] += mark.needs_others
        if match:
            marked.append((source.path, photo, match["mark"]))
    counted = [each for each in marked if not mark.needs_others or photos[each[1]] > 1]
    return {path: written for path, _, written in counted}


def _advice(mark: _Mark, written: set[str], *, is_split: bool) -> str:
    """Return what to write into a recipe, for the marks as they are written in the names."""
    words = sorted({word for each in written for word in re.findall("[a-z]+", each.lower())})
    group = f"group = '{mark.group.replace('WORDS', '|'.join(words))}'"
    advice = f"keep the versions of a photo together: {group} in [split]"
    if is_split:
        advice = f"split anew by photo: ignore_existing = true and {group} in [split]"
    # aug_12 and aug_7 are one pattern.
    patterns = sorted({re.sub(r"\d+", "[0-9]*", each) for each in written})
    if mark.exclude and len(patterns) <= _MOST_PATTERNS:
        filled = [as_toml(mark.exclude.replace("MARK", each)) for each in patterns]
        advice += f"; or leave them out: exclude = [{', '.join(sorted(set(filled)))}] in [source]"
    return advice
