"""The steps of a training: an epoch's own batches, or batches of a pool."""

from dataclasses import replace

import numpy as np
import pytest
from loop_toy import IMAGES, SHOWN, SIZE

from smallset.train.mix import draw_epoch_mix
from smallset.train.protocol import SMALL_V1, StudentProtocol
from smallset.train.steps import Step, Steps, StudentSeeds, batches


def steps(
    *, pool: int | None = None, rules: StudentProtocol | None = SMALL_V1, view_seed: int = 2
) -> Steps:
    return Steps(replace(SHOWN, pool=pool), 8, rules, StudentSeeds(1, view_seed))


def key(step: Step) -> tuple[int, tuple[int, ...]]:
    return step.epoch, tuple(step.indices.tolist())


def test_an_epoch_shows_every_view_once_in_the_order_of_its_seed():
    found = list(steps().of(3))
    whole = draw_epoch_mix(IMAGES, SIZE, alpha=1.0, seed=2, epoch=3)
    for step, part in zip(found, batches(IMAGES, 8, seed=1, epoch=3), strict=True):
        assert step.epoch == 3
        assert step.indices.tolist() == part.tolist()
        assert step.mix.partner.tolist() == whole.partner[part].tolist()
        assert step.mix.box.tolist() == whole.box[part].tolist()
    assert [s.mix for s in steps(rules=None).of(3)] == [None, None, None]


def test_a_part_of_a_step_keeps_its_mixes():
    step = next(steps().of(0))
    part = step.take(np.array([4, 2]))
    assert part.indices.tolist() == step.indices[[4, 2]].tolist()
    assert part.mix.partner.tolist() == step.mix.partner[[4, 2]].tolist()
    assert part.drawn is step.drawn


def test_steps_of_a_pool_are_batches_of_its_epochs_with_their_views_and_mixes():
    own = {key(step): step for epoch in range(4) for step in steps().of(epoch)}
    course = steps(pool=4)
    for epoch in range(6):
        found = list(course.of(epoch))
        assert len(found) == 3
        for step in found:
            other = own[key(step)]
            np.testing.assert_array_equal(step.drawn.box, other.drawn.box)
            np.testing.assert_array_equal(step.mix.partner, other.mix.partner)


def test_an_epoch_of_a_pool_depends_on_its_number_and_the_order_alone():
    course = steps(pool=4)
    once = [key(step) for step in course.of(5)]
    assert once == [key(step) for step in course.of(5)]
    assert once == [key(step) for step in steps(pool=4, view_seed=9).of(5)]
    assert len({tuple(map(key, course.of(epoch))) for epoch in range(9)}) > 5


def test_every_view_of_a_pool_has_equal_weight_although_the_last_batch_is_smaller():
    course, weight = steps(pool=2), np.zeros((2, IMAGES))
    for epoch in range(3000):
        for step in course.of(epoch):
            weight[step.epoch, step.indices] += 1 / len(step.indices)  # the loss is their mean
    assert {len(step.indices) for step in steps().of(0)} == {8, 3}
    assert weight == pytest.approx(np.full((2, IMAGES), 3000 * 3 / (2 * IMAGES)), rel=0.2)


@pytest.mark.parametrize(("images", "sizes"), [
    (100, [50, 50]), (120, [50, 50, 20]), (101, [50, 51]), (51, [51]), (50, [50]), (1, [1]),
])  # fmt: skip
def test_the_last_batch_is_kept_and_one_of_one_joins_the_one_before(images, sizes):
    cut = batches(images, 50, seed=0, epoch=0)
    assert [len(part) for part in cut] == sizes
    assert sorted(np.concatenate(cut).tolist()) == list(range(images))


def test_orders_differ_by_seed_and_epoch():
    orders = [
        tuple(np.concatenate(batches(40, 16, seed=seed, epoch=epoch)))
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    assert len(set(orders)) == 4
    again = tuple(np.concatenate(batches(40, 16, seed=0, epoch=0)))
    assert again == orders[0]
