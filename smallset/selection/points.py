"""Points: the features of some images, gathered for distances."""

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor


def points_of(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, "m d"]:
    """Gather the features of some images: a copy of 4 m d bytes."""
    return torch.from_numpy(np.ascontiguousarray(features[members], np.float32))


def centred(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, "m d"]:
    """Gather them less their mean: distances stay the same, float32 keeps more digits of them."""
    points = points_of(features, members)
    return points.sub_(points.mean(0))


def squares(points: Float32[Tensor, "m d"]) -> Float32[Tensor, " m"]:
    """Give the squared lengths, without a second array of the size of the points."""
    lengths: Float32[Tensor, " m"] = torch.linalg.vector_norm(points, dim=1)
    return lengths.square_()
