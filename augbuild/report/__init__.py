"""What a finished dataset says about itself: the counts chart and the dataset card."""

from __future__ import annotations

from augbuild.report.card import render_card
from augbuild.report.counts import draw_counts

__all__ = ["draw_counts", "render_card"]
