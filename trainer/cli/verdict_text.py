"""The result of a comparison as text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from trainer.comparison.result import ArmResult, ComparisonResult, StoppedResult

_REMEDIES = {
    "leak": (
        "remove them from one side, or split again: `ignore_existing = true` in a recipe keeps "
        "such images together"
    ),
    "exposure": "use a budget that shows them all",
    "test-set": "use the same test images for all arms",
    "classes": "use the same classes for all arms",
}
_WIDEST = 100  # longer lines are hard to read, however wide the terminal


def as_text(result: ComparisonResult | StoppedResult, width: int | None = None) -> str:
    """Write a result for people: the arms and a verdict a contrast, or what the guards found.

    Sentences are wrapped to `width`, by default that of the terminal.
    """
    if width is None:
        width = min(shutil.get_terminal_size().columns, _WIDEST)
    parts = []
    if isinstance(result, ComparisonResult):
        parts.append(_table(result.arms, width))
    for contrast in result.contrasts:
        verdict = textwrap.fill(contrast.sentence, width)
        if contrast.next_step:
            advice = textwrap.fill(f"Next: {contrast.next_step}", width)
            verdict = f"{verdict}\n{advice}"
        if verdict not in parts:
            parts.append(verdict)
    for guard in result.guards:
        if guard.overridden:
            continue
        lines = [f"The guard {guard.name} found:"]
        # Names of files are not broken: they are copied from here.
        lines += [f"  {finding}" for finding in guard.findings]
        how = _REMEDIES.get(guard.name, "remove the cause")
        remedy = f"To go on, {how}; or use --override {guard.name} --resume."
        lines.append(textwrap.fill(remedy, width))
        parts.append("\n".join(lines))
    parts += [textwrap.fill(note, width) for note in result.notes]
    return "\n\n".join(parts)


def _table(arms: Sequence[ArmResult], width: int) -> str:
    """Write a line for each arm, without the columns that a narrow terminal has no room for."""
    names = max(len("arm"), *(len(arm.name) for arm in arms))
    lines = [f"{'arm':<{names}}  accuracy         95 %  macro F1  log-loss  images   steps"]
    for arm in arms:
        low, high = arm.accuracy_95
        line = (
            f"{arm.name:<{names}}  {arm.accuracy:>8.4f}  {low:.3f}–{high:.3f}  "
            f"{arm.macro_f1:>8.4f}  {arm.log_loss:>8.4f}  {arm.images:>6,}  {arm.steps:>6,}"
        )
        lines.append(line)
    if len(lines[0]) > width:
        end = names + len("  accuracy         95 %")
        lines = [line[:end] for line in lines]
    return "\n".join(lines)
