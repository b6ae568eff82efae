"""The order of images: every image once a pass, no batch of one, sources in turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.building.build import build
from tests.conftest import photos, write_recipe
from trainer.data.order import Order, epochs_order, steps_order
from trainer.data.samples import Sample
from trainer.data.tables import read_table


def make_samples(count: int) -> list[Sample]:
    """Make originals without files."""
    return [Sample(Path(f"{n}.png"), f"{n}.png", "a", "train", n + 1) for n in range(count)]


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 3))
def test_a_pass_sees_every_image_once(count: int, batch_size: int, number: int) -> None:
    order = epochs_order(make_samples(count), batch_size, seed=0)
    steps = range(number * order.batches_per_pass, (number + 1) * order.batches_per_pass)
    batches = [order.batch(step) for step in steps]
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    for batch in batches[:-1]:
        assert len(batch) == batch_size
    assert len(batches[-1]) <= batch_size + 1


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (2, [2]),
        (8, [8]),
        (9, [9]),
        (10, [8, 2]),
        (16, [8, 8]),
        (17, [8, 9]),
        (18, [8, 8, 2]),
    ],
)
def test_a_last_batch_of_one_joins_the_one_before(count: int, sizes: list[int]) -> None:
    order = epochs_order(make_samples(count), 8, seed=0)
    assert order.batches_per_pass == len(sizes)
    assert [len(order.batch(step)) for step in range(len(sizes))] == sizes
    assert [len(order.batch(len(sizes) + step)) for step in range(len(sizes))] == sizes


def test_passes_and_seeds_shuffle_anew() -> None:
    order = epochs_order(make_samples(20), 8, seed=0)
    assert order.batches_per_pass == 3
    assert order.batch(0) != order.batch(3)
    assert order.batch(0) != replace(order, seed=1).batch(0)
    assert order.batch(0) == epochs_order(make_samples(20), 8, seed=0).batch(0)


def test_the_shuffle_of_version_0_1_is_kept() -> None:
    order = epochs_order(make_samples(6), 6, seed=7)
    assert order.batch(0) == [5, 4, 3, 1, 2, 0]
    assert order.batch(1) == [0, 3, 2, 5, 4, 1]


def test_sources_take_turns_with_their_variants(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
    table = read_table(build(write_recipe(tmp_path)).out)
    train = table.of("train")
    order = steps_order(train, 4, seed=3)
    originals = [sample for sample in train if not sample.augmented]
    alone = steps_order(originals, 4, seed=3)
    assert order.batches_per_pass == alone.batches_per_pass == 3
    for step in range(12):
        both = (
            [train[index] for index in order.batch(step)],
            [originals[index] for index in alone.batch(step)],
        )
        assert [sample.source for sample in both[0]] == [sample.source for sample in both[1]]


def test_every_cycle_shows_every_image_in_an_order_of_its_own() -> None:
    """In version 0.1 pass 0 showed originals alone: one pass made two arms the same run."""
    sample = make_samples(1)[0]
    samples: list[Sample] = []
    for number in range(12):
        variants = (replace(sample, source=f"{number}", variant=each) for each in (-1, 0, 1))
        samples.extend(variants)
    order = steps_order(samples, 4, seed=3)
    assert order.batches_per_pass == 3
    for cycle in range(4):
        steps = range(9 * cycle, 9 * cycle + 9)
        shown = [index for step in steps for index in order.batch(step)]
        assert sorted(shown) == list(range(36))
    first_pass = [samples[index].variant for step in range(3) for index in order.batch(step)]
    assert set(first_pass) == {-1, 0, 1}
    turns = {order.batch(0)[0] for order in (replace(order, seed=seed) for seed in range(20))}
    assert len(turns) > 5


def test_turns_do_not_depend_on_the_order_of_the_table() -> None:
    sample = replace(make_samples(1)[0], source="x")
    samples = [replace(sample, variant=variant) for variant in (2, -1, 1, 0)]
    order = steps_order(samples, 1, seed=0)
    assert order.units == ((1, 3, 2, 0),)
    sorted_samples = sorted(samples, key=lambda each: each.variant)
    again = steps_order(sorted_samples, 1, seed=0)
    for step in range(12):
        (one,), (other,) = order.batch(step), again.batch(step)
        assert samples[one].variant == sorted_samples[other].variant


@given(st.lists(st.integers(1, 4), min_size=2, max_size=15), st.integers(2, 6), st.integers(1, 40))
def test_images_that_are_seen_are_counted(sizes: list[int], batch: int, steps: int) -> None:
    numbers = iter(range(sum(sizes)))
    units = tuple(tuple(next(numbers) for _ in range(size)) for size in sizes)
    order = Order(units, batch, seed=1)
    seen = {index for step in range(steps) for index in order.batch(step)}
    assert order.count_seen(steps) == len(seen)
    enough = order.steps_to_see_all
    assert order.count_seen(enough) == sum(sizes)
    if max(sizes) > 1:
        assert order.count_seen(enough - order.batches_per_pass) < sum(sizes)


def test_samples_without_a_source_are_sources_of_their_own() -> None:
    assert steps_order(make_samples(3), 2, seed=0) == Order(((0,), (1,), (2,)), 2, 0)
