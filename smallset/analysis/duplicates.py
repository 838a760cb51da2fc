"""Near-duplicates: images that show nearly the same in a set, the training and held-out images."""

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np

from smallset.analysis.material import Analysis, Finding, Material
from smallset.analysis.subject import Subject
from smallset.evidence.estimates import Estimate
from smallset.lazy import Tensor, torch
from smallset.shapes import Float32, Int64, Shaped
from smallset.train.render import render

NEAR = 0.98
"""The least similarity of near-duplicates.

In CIFAR-10, the 100 most similar pairs of a held-out and a training image are all above it. In 3 of
these pairs, the images show different things before a plain sky.
"""

SIDE = 8
_BLOCK = 1024
_LISTED = 3
_NEIGHBOUR = np.dtype([("similarity", "f4"), ("other", "i8")])

Vectors = tuple[Float32[Tensor, "n d"], Float32[Tensor, "n d"]]
"""The unit vectors of images and of their mirror images."""

Neighbours = Shaped[np.ndarray, " k"]
"""The most similar other image of each image, and its similarity in -1..1."""


class Duplicates(Analysis):
    """Near-duplicates inside each set and split, and across them."""

    looks = False

    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield findings: near-duplicates of each subject in itself, training and held-out images.

        The training and the held-out images are compared with each other only once.
        """
        train, held_out = material.train, material.held_out
        vectors = cache(partial(_vectors, material))
        for subject in material.subjects:
            others = {"itself": subject}
            if subject is not train:
                others["training"] = train
            if subject not in (train, held_out) and len(held_out.labels):
                others["held-out"] = held_out
            for place, other in others.items():
                yield _compared(material, subject, other, place, vectors)


def thumbnails(pixels: Float32[Tensor, "b 3 s s"]) -> Vectors:
    """Return unit vectors of tiny images and of their mirror images.

    Each image's mean is subtracted, so the product of two vectors is the correlation of their
    pixels. A blank image becomes 0, which is similar to nothing. Hashes of 64 bits would need as
    many comparisons, and thousands of the 500 million pairs of CIFAR-10 would match by chance.
    """
    both = []
    for side in (pixels, pixels.flip(-1)):
        flat = side.flatten(1)
        flat = flat - flat.mean(1, keepdim=True)
        length = torch.linalg.vector_norm(flat, dim=1, keepdim=True)
        both.append(torch.where(length > 1e-3, flat / length.clamp_min(1e-3), 0))
    return both[0], both[1]


def nearest(
    own: Float32[Tensor, "k d"],
    others: Vectors,
    skipped: Int64[np.ndarray, "k s"],
) -> Iterator[tuple[int, Neighbours]]:
    """Yield the nearest of `others` for each image, in blocks with the place of their first image.

    An image may resemble another one plainly or as its mirror image. A row of `skipped` holds the
    places in `others` that one image is not compared with, -1 for none.
    """
    for start in range(0, len(own), _BLOCK):
        block = own[start : start + _BLOCK]
        similarity = torch.maximum(block @ others[0].T, block @ others[1].T)
        away = torch.tensor(skipped[start : start + _BLOCK], device=own.device)
        row, column = torch.nonzero(away >= 0, as_tuple=True)
        similarity[row, away[row, column]] = -1
        value, index = similarity.max(1)
        rows = np.empty(len(block), _NEIGHBOUR)
        rows["similarity"], rows["other"] = value.cpu().numpy(), index.cpu().numpy()
        yield start, rows


def _compared(
    material: Material,
    subject: Subject,
    other: Subject,
    place: str,
    vectors: Callable[[Subject], Vectors],
) -> Finding:
    k = len(subject.box)
    where, skipped = {
        "itself": ("inside", np.arange(k)[:, None]),
        "training": ("among the training images", subject.sources),
        "held-out": ("among the held-out images", np.full((k, 1), -1)),
    }[place]
    inputs = {
        "version": f"duplicates-1 {SIDE}",
        "subjects": [one.digest + one.box.tobytes().hex() for one in (subject, other)],
        "skipped": skipped.tolist(),
    }

    def make() -> Iterator[tuple[int, Neighbours]]:
        for start, rows in nearest(vectors(subject)[0], vectors(other), skipped):
            yield start, rows
            if material.seen.progress is not None:
                stage = f"compare {subject.name} with {other.name}"
                material.seen.progress(stage, start + len(rows), k)

    found = material.kept(inputs, make, k)
    near = np.flatnonzero(found["similarity"] >= NEAR)
    clash = other.box_labels[found["other"][near]] != subject.box_labels[near]
    facts = tuple(
        material.fact(subject, name, Estimate(int(count) / k, None, None, k))
        for name, count in (
            (f"near-duplicates(of={place})", len(near)),
            (f"near-duplicates(of={place}, label=other)", clash.sum()),
        )
    )
    once = near[near < found["other"][near]] if place == "itself" else near
    first = once[np.argsort(-found["similarity"][once], kind="stable")][:_LISTED]
    listed = "; ".join(
        f"{subject.id(int(i))} and {other.id(int(found['other'][i]))} "
        f"({found['similarity'][i]:.3f})"
        for i in first
    )
    besides = " besides their sources" if place == "training" and (skipped >= 0).any() else ""
    line = f"{subject.name}: {len(near):,} of {k:,} have a near-duplicate {where}{besides}"
    if clash.any():
        line += f", {clash.sum():,} under another label"
    return Finding(facts, (line + (f": {listed}" if listed else ""),))


def _vectors(material: Material, subject: Subject) -> Vectors:
    device, k = material.seen.machine.device, len(subject.box)
    parts = []
    for start in range(0, k, _BLOCK):
        at = np.arange(start, min(start + _BLOCK, k))
        images = subject.images.batch(subject.owner[at]).to(device)
        parts.append(thumbnails(render(images, subject.whole.take(at), size=SIDE)))
    plain, mirrored = map(torch.cat, zip(*parts, strict=True))
    return plain, mirrored
