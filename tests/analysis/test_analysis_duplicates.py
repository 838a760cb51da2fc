from dataclasses import replace

import numpy as np
import torch

from smallset.analysis.duplicates import NEAR, Duplicates, nearest, thumbnails


def noise(n: int) -> torch.Tensor:
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def neighbours(own: torch.Tensor, others: torch.Tensor, skipped: np.ndarray) -> np.ndarray:
    return np.concatenate([r for _, r in nearest(thumbnails(own)[0], thumbnails(others), skipped)])


def test_a_copy_that_is_lighter_or_mirrored_is_near_and_others_are_not():
    own = noise(5)
    others = noise(10)[5:]
    others[1], others[3] = own[2] * 0.5 + 0.2, own[4].flip(-1)
    found = neighbours(own, others, np.full((5, 1), -1))
    assert np.flatnonzero(found["similarity"] >= NEAR).tolist() == [2, 4]
    assert found["other"][[2, 4]].tolist() == [1, 3]


def test_the_similarity_is_the_correlation_of_the_pixels():
    a, b = noise(2)
    found = neighbours(a[None], b[None], np.array([[-1]]))
    pairs = [np.corrcoef(a.flatten(), side.flatten())[0, 1] for side in (b, b.flip(-1))]
    np.testing.assert_allclose(found["similarity"], [max(pairs)], rtol=1e-5)


def test_an_image_is_not_its_own_neighbour_and_a_blank_one_has_none():
    own = noise(3)
    own[1] = 0.5
    found = neighbours(own, own, np.arange(3)[:, None])
    assert (found["similarity"] < NEAR).all()
    assert found["other"][0] != 0


def test_the_sources_of_a_set_do_not_count_but_their_copies_do(material):
    made = material("random", "random(factor=2, view=patch)")
    lines = [line for finding in Duplicates()(made) for line in finding.lines]
    assert lines[0] == "set0: 0 of 6 have a near-duplicate inside"
    assert lines[1] == (
        "set0: 0 of 6 have a near-duplicate among the training images besides their sources"
    )
    assert lines[2] == "set0: 0 of 6 have a near-duplicate among the held-out images"
    assert "training images: 0 of 24 have a near-duplicate inside" in lines
    unknown = replace(made.sets[0], sources=np.full((6, 1), -1))
    facts = list(Duplicates()(replace(made, sets=(unknown,))))[1].facts
    assert [(fact.name, fact.value) for fact in facts] == [
        ("near-duplicates(of=training)", 1.0),
        ("near-duplicates(of=training, label=other)", 0.0),
    ]
