"""Which images are made together."""

import numpy as np

from smallset.synthesis.batches import by_class, by_rank, class_major, labels_of, ranks_of

COUNTS = np.array([2, 3, 1])


def test_each_image_has_its_class_and_its_number_within_it():
    assert labels_of(COUNTS).tolist() == [0, 0, 1, 1, 1, 2]
    assert ranks_of(COUNTS).tolist() == [0, 1, 0, 1, 2, 0]


def test_a_batch_by_rank_has_one_image_of_each_class_that_has_one_left():
    assert by_rank(COUNTS, 100) == ((0, 2, 5), (1, 3), (4,))
    assert by_rank(COUNTS, 2) == ((0, 2), (5,), (1, 3), (4,))


def test_the_batches_of_a_smaller_set_are_among_those_of_a_larger_one():
    classes = [labels_of(np.full(3, ipc))[list(rows)].tolist() for ipc in (1, 2)
               for rows in by_rank(np.full(3, ipc), 2)]  # fmt: skip
    assert classes == [[0, 1], [2]] + [[0, 1], [2]] * 2


def test_a_batch_by_class_has_a_single_class():
    assert by_class(COUNTS, 2) == ((0, 1), (2, 3), (4,), (5,))


def test_class_major_batches_cut_all_images_in_order():
    assert class_major(COUNTS, 4) == ((0, 1, 2, 3), (4, 5))
