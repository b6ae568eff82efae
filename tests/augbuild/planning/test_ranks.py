"""Ranks: fixed for ever, and other for each seed, purpose and name."""

from __future__ import annotations

import hashlib
import unicodedata

from augbuild.planning.ranks import rank


def test_it_is_a_hash_of_seed_purpose_and_name() -> None:
    """A change here moves images of every dataset between train and test."""
    expected = hashlib.sha256("42\x1fsplit\x1fa/caf\xe9.jpg".encode()).digest()[:16]
    assert rank(42, "split", "a/caf\xe9.jpg") == expected


def test_all_of_them_count() -> None:
    found = {
        rank(seed, purpose, name)
        for seed in (1, 2)
        for purpose in ("split", "balance")
        for name in ("a", "b")
    }
    assert len(found) == 8


def test_both_unicode_forms_of_a_name_have_one_rank() -> None:
    composed = "a/caf\xe9.jpg"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert rank(1, "split", decomposed) == rank(1, "split", composed)
