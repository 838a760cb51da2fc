"""Find the images on which several scores agree: the easiest, the hardest, the disputed.

    python examples/images_that_matter.py DATA OUT.parquet

OUT.parquet is the new table of all scores. The hardest images are often wrongly labelled, and the
disputed ones are those whose rank differs most between two scores.
"""

import sys

import numpy as np
from scipy.stats import rankdata

import smallset

SCORES = ("el2n", "forgetting", "aum")
SHOWN = 5

if __name__ == "__main__":
    data, out = sys.argv[1:]
    opened = []
    scores = smallset.score(data, out, scores=SCORES, opened=opened.append)
    images = opened[0].train
    # Each score has a scale of its own, but all point the same way: larger is harder.
    ranks = np.array([rankdata(score.values) / len(images) for score in scores.values()])
    together, apart = ranks.mean(axis=0), np.ptp(ranks, axis=0)
    for words, order in (
        ("easiest", np.argsort(together)),
        ("hardest", np.argsort(-together)),
        ("most disputed", np.argsort(-apart)),
    ):
        print(f"{words}:")
        for row in order[:SHOWN]:
            of_each = ", ".join(
                f"{name} {rank:.2f}" for name, rank in zip(scores, ranks[:, row], strict=True)
            )
            print(f"  {images.id(int(row))}  {of_each}")
