"""Measure how far two thumbnails show the same: in the same frame, or in one that was moved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.alignment import Motions, align, warp
from augbuild.similarity.matching import Matches
from augbuild.similarity.motions import first_motions, measure_shear
from augbuild.similarity.pictures.signatures import Signatures
from augbuild.similarity.pictures.thumbnails import (
    band_pass,
    correlate,
    correlate_cells,
    correlate_most,
    halve,
    soften,
)
from augbuild.similarity.pictures.turns import undo_turns

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]

_PAIRS_AT_ONCE = 128  # so that what one step of the alignment works on fits a cache
# Two different photos reach .3 after the coarse alignment, rarely .5; copies have over .8.
_WORTH_FINER = 0.6
# Four more steps change no correlation by .001.
_COARSE_STEPS = 3
_FINE_STEPS = 4
# Below it, of the luma's and colours' own contrast, pictures are the same without further proof.
_LEAST_CONTRAST = 8.0
_LEAST_COLOUR = 1.5  # a standard deviation; below it, colours are noise


class Evidence(NamedTuple):
    """What is measured of pairs, each of arrays (pairs,).

    Of each there are the correlation of edges, the lower quartile of those within cells, and the
    lesser of those of two colours. First of the pictures in the same `frame`, with the `difference`
    of their pixels as a share of the contrast; then of them as `moved` onto each other, with the
    `overlap`, the part of the frame that both show, and the `shear` of the map.
    """

    frame: Floats
    frame_cells: Floats
    frame_colours: Floats
    difference: Floats
    moved: Floats
    moved_cells: Floats
    moved_colours: Floats
    overlap: Floats
    shear: Floats


def measure(signatures: Signatures, matches: Matches, *, moved: Flags) -> Evidence:
    """Measure pairs; those that are not to be looked at as `moved` get 0 there."""
    parts = []
    for start in range(0, len(matches.first), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        parts.append(_measure_some(signatures, matches.of(rows), moved[rows]))
    if not parts:
        return Evidence(*(np.zeros(0, np.float32) for _ in Evidence._fields))
    return Evidence(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _measure_some(signatures: Signatures, matches: Matches, moved: Flags) -> Evidence:
    first = signatures[matches.first]
    second = signatures[matches.second]
    grey = first["grey"].astype(np.float32)
    colours = first["chroma"].astype(np.float32)
    templates = undo_turns(matches.turn, grey)
    tints = undo_turns(matches.turn, colours)
    pictures = second["grey"].astype(np.float32)
    other_tints = second["chroma"].astype(np.float32)
    frame = _compare_frames(templates, pictures, tints, other_tints)
    difference = _difference(templates, pictures, tints, other_tints)
    aligned = np.zeros((5, len(templates)), np.float32)
    if moved.any():
        chosen = matches.of(moved)
        templates = templates[moved]
        pictures = pictures[moved]
        tints = tints[moved]
        other_tints = other_tints[moved]
        motions = first_motions(signatures, chosen)
        motions = _align_in_steps(templates, pictures, motions)
        warped, seen = warp(pictures, motions)
        # Not over the cells that fit best: two garments on a floor would fit by alignment.
        aligned[0, moved] = _correlate_edges(templates, warped, seen)
        edges = band_pass(templates)
        warped_edges = band_pass(warped)
        aligned[1, moved] = correlate_cells(edges, warped_edges, seen)
        blue, tints_seen = warp(other_tints[:, 0], motions)
        red, _ = warp(other_tints[:, 1], motions)
        warped_tints = np.stack([blue, red], axis=1)
        aligned[2, moved] = _compare_tints(tints, warped_tints, tints_seen)
        aligned[3, moved] = seen.mean(axis=(1, 2))
        aligned[4, moved] = measure_shear(signatures, chosen, motions)
    return Evidence(*frame, difference, *aligned)


def _compare_frames(
    templates: Floats, pictures: Floats, tints: Floats, other_tints: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the correlations of edges, within cells, and of colours, of pictures as they are."""
    edges = band_pass(templates)
    others = band_pass(pictures)
    count = len(edges)
    flat = edges.reshape(count, -1)
    other_flat = others.reshape(count, -1)
    whole = correlate(flat, other_flat)
    frame = np.maximum(whole, correlate_most(edges, others))
    everywhere = np.ones_like(edges)
    cells = correlate_cells(edges, others, everywhere)
    return frame, cells, _compare_tints(tints, other_tints, everywhere[:, :1, :1])


def _compare_tints(tints: Floats, others: Floats, seen: Floats) -> Floats:
    """Correlate the colours of pairs (pairs, 2, side, side); what is grey is like any."""
    count = len(tints)
    flat = tints.reshape(count, 2, -1), others.reshape(count, 2, -1)
    weights = np.broadcast_to(seen, tints[:, 0].shape)
    correlations = correlate(*flat, weights.reshape(count, 1, -1))
    deviations = [each.std(axis=-1) for each in flat]
    is_grey = np.minimum(*deviations) < _LEAST_COLOUR
    lesser: Floats = np.where(is_grey, 1, correlations).min(axis=1)
    return lesser


def _align_in_steps(templates: Floats, pictures: Floats, motions: Motions) -> Motions:
    """Align pairs at half their size, and those that begin to fit at full size."""
    coarse = soften(halve(templates))
    coarse_pictures = soften(halve(pictures))
    motions = align(coarse, coarse_pictures, motions, steps=_COARSE_STEPS)
    warped, seen = warp(coarse_pictures, motions)
    fits = _correlate_edges(coarse, warped, seen)
    going = np.flatnonzero(fits >= _WORTH_FINER)
    if len(going):
        fine = soften(templates[going])
        fine_pictures = soften(pictures[going])
        motions[going] = align(fine, fine_pictures, motions[going], steps=_FINE_STEPS)
    return motions


def _correlate_edges(firsts: Floats, seconds: Floats, seen: Floats) -> Floats:
    """Correlate what thumbnails have of middle scales, where it is seen."""
    count = len(firsts)
    edges = band_pass(firsts).reshape(count, -1)
    others = band_pass(seconds).reshape(count, -1)
    return correlate(edges, others, seen.reshape(count, -1))


def _difference(grey: Floats, others: Floats, chroma: Floats, other_chroma: Floats) -> Floats:
    """Return the difference of pixels, without any matching of gain, by the lesser contrast."""
    count = len(grey)
    difference = np.zeros(count, np.float32)
    contrast = np.zeros(count, np.float32)
    other_contrast = np.zeros(count, np.float32)
    for first, second in (
        (grey, others),
        (chroma[:, 0], other_chroma[:, 0]),
        (chroma[:, 1], other_chroma[:, 1]),
    ):
        squares = (first - second) ** 2
        difference += squares.mean(axis=(1, 2))
        contrast += first.var(axis=(1, 2))
        other_contrast += second.var(axis=(1, 2))
    lesser = np.sqrt(np.minimum(contrast, other_contrast))
    shares: Floats = np.sqrt(difference) / np.maximum(lesser, _LEAST_CONTRAST)
    return shares
