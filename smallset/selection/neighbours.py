"""Neighbours: the nearest points of every point, tile by tile, never all distances at once."""

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import F, Tensor, torch
from smallset.selection.points import points_of, squares

_ROWS, _COLUMNS = 256, 8192  # of a tile of distances: 8 MiB
_GROUP = 16


def nearest(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"], k: int
) -> tuple[Int64[np.ndarray, "m near"], Float32[np.ndarray, "m near"]]:
    """Give the k nearest others of each member, as positions among members, and their distances.

    Euclidean, the nearest first; of a part of k members or fewer, all the others. Which of those
    that are equally far come in is left to `torch.topk`. Besides what it gives (12 k bytes a
    member) it holds a tile and the features of its rows and columns.
    """
    m = len(members)
    k = min(k, m - 1)
    centre = _mean(features, members)
    best, at = torch.full((m, k), torch.inf), torch.zeros((m, k), dtype=torch.int64)
    for left in range(0, m if k else 0, _COLUMNS):
        columns = points_of(features, members[left : left + _COLUMNS]).sub_(centre)
        lengths = squares(columns)
        for top in range(0, m, _ROWS):
            here = slice(top, top + _ROWS)
            rows = points_of(features, members[here]).sub_(centre)
            # Squared distances less the row's own length, which orders them alike.
            tile = torch.addmm(lengths, rows, columns.T, alpha=-2)
            tile.diagonal(top - left).fill_(torch.inf)  # each itself; none where it is elsewhere
            values, places = _smallest(tile, k)
            values = torch.cat([best[here], values], 1)
            places = torch.cat([at[here], places + left], 1)
            best[here], kept = values.topk(k, largest=False, sorted=False)
            at[here] = places.gather(1, kept)
    _measure(features, members, at, best)
    return at.numpy(), best.numpy()


def _smallest(
    tile: Float32[Tensor, "r c"], k: int
) -> tuple[Float32[Tensor, "r near"], Int64[Tensor, "r near"]]:
    """Give the k smallest of each row and their columns, all where there are fewer, in no order.

    They lie in the k groups of columns with the smallest minima, which are quick to find.
    """
    width = -(-tile.shape[1] // _GROUP)
    if width <= k:
        values, places = tile.topk(min(k, tile.shape[1]), largest=False, sorted=False)
        return values, places
    if tile.shape[1] % _GROUP:
        tile = F.pad(tile, (0, width * _GROUP - tile.shape[1]), value=torch.inf)
    lowest = tile.view(-1, _GROUP, width).amin(1).topk(k, largest=False, sorted=False).indices
    members = torch.arange(_GROUP)[:, None] * width + lowest[:, None]  # (r, group, k)
    candidates = members.flatten(1)
    values, kept = tile.gather(1, candidates).topk(k, largest=False, sorted=False)
    return values, candidates.gather(1, kept)


def _measure(
    features: Float32[np.ndarray, "n d"],
    members: Int64[np.ndarray, " m"],
    at: Int64[Tensor, "m near"],
    best: Float32[Tensor, "m near"],
) -> None:
    """Put the distances into `best`, from differences, and sort both by them.

    A tile's come from products, of which close ones lose digits.
    """
    for top in range(0, len(members), _ROWS):
        here = slice(top, top + _ROWS)
        rows = points_of(features, members[here])
        for j, column in enumerate(at[here].T.numpy()):
            apart = points_of(features, members[column]).sub_(rows)
            best[here, j] = torch.linalg.vector_norm(apart, dim=1)
        best[here], order = best[here].sort(dim=1, stable=True)
        at[here] = at[here].gather(1, order)


def _mean(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, " d"]:
    total = np.zeros(features.shape[1], np.float64)
    for left in range(0, len(members), _COLUMNS):
        total += features[members[left : left + _COLUMNS]].sum(0, dtype=np.float64)
    return torch.from_numpy((total / len(members)).astype(np.float32))
