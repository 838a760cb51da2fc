"""Neighbours: the nearest points of every point, tile by tile, never all distances at once."""

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from smallset.selection.points import points_of, squares

_ROWS, _COLUMNS = 1024, 8192  # of a tile of distances: 32 MiB


def nearest(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"], k: int
) -> tuple[Int64[np.ndarray, "m near"], Float32[np.ndarray, "m near"]]:
    """Give the k nearest others of each member, as positions among members, and their distances.

    Euclidean, the nearest first; of a part of k members or fewer, all the others. Besides what it
    gives (12 k bytes a member) it holds one tile and the features of its rows and columns.
    """
    m = len(members)
    k = min(k, m - 1)
    centre = _mean(features, members)
    found = np.empty((m, k), np.int64), np.empty((m, k), np.float32)
    for top in range(0, m if k else 0, _ROWS):
        rows = points_of(features, members[top : top + _ROWS]).sub_(centre)
        at = _nearest_of(rows, top, features, members, centre, k)
        # Again from differences: a tile's come from products, of which close ones lose digits.
        away = torch.stack(
            [points_of(features, members[column]).sub_(centre) for column in at.T.numpy()]
        )
        distances, order = torch.linalg.vector_norm(away - rows, dim=2).T.sort(dim=1, stable=True)
        found[0][top : top + _ROWS] = at.gather(1, order).numpy()
        found[1][top : top + _ROWS] = distances.numpy()
    return found


def _nearest_of(
    rows: Float32[Tensor, "r d"],
    top: int,
    features: Float32[np.ndarray, "n d"],
    members: Int64[np.ndarray, " m"],
    centre: Float32[Tensor, " d"],
    k: int,
) -> Int64[Tensor, "r near"]:
    """Give the k nearest members of some rows, which begin at `top`, in no order."""
    best = torch.full((len(rows), 0), torch.inf)
    at = torch.empty((len(rows), 0), dtype=torch.int64)
    own = torch.arange(len(rows)) + top
    for left in range(0, len(members), _COLUMNS):
        columns = points_of(features, members[left : left + _COLUMNS]).sub_(centre)
        lengths = squares(columns)
        # Squared distances less the row's own length, which orders them alike.
        tile = torch.addmm(lengths, rows, columns.T, alpha=-2)
        here = (own >= left) & (own < left + len(columns))
        tile[here, own[here] - left] = torch.inf
        values, places = tile.topk(min(k, len(columns)), largest=False, sorted=False)
        best, at = torch.cat([best, values], 1), torch.cat([at, places + left], 1)
        if best.shape[1] > k:
            best, kept = best.topk(k, largest=False, sorted=False)
            at = at.gather(1, kept)
    return at


def _mean(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, " d"]:
    total = np.zeros(features.shape[1], np.float64)
    for left in range(0, len(members), _COLUMNS):
        total += features[members[left : left + _COLUMNS]].sum(0, dtype=np.float64)
    return torch.from_numpy((total / len(members)).astype(np.float32))
