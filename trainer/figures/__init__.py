"""The figures of a comparison, one module each: values in, a PNG file out."""

from __future__ import annotations

from trainer.figures.deltas import Interval, draw_deltas
from trainer.figures.flipped import draw_flips
from trainer.figures.learning import draw_learning
from trainer.figures.power import draw_power
from trainer.figures.slopes import Slopes, draw_slopes

__all__ = ["Interval", "Slopes", "draw_deltas", "draw_flips", "draw_learning", "draw_power", "draw_slopes"]
