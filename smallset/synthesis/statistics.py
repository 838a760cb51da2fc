"""What the layers of an observer see: statistics of their inputs, and what they should be.

All statistics are float32, whatever the arithmetic of the observer.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from smallset.lazy import F, Module, Tensor, torch
from smallset.shapes import Float, Float32
from smallset.synthesis.augment import linear_map, mapped

if TYPE_CHECKING:
    from smallset.synthesis.moments import Tap

Read = Callable[[Tensor], tuple[Tensor, ...]]
"""Given the input of a layer, returns its statistics, each a float32 vector."""


class Watch:
    """Reads statistics of the inputs of some layers, and finds the gradient of their cost.

    If the `moments` of a BatchNorm layer are read, a `Tap` replaces the layer's forward pass and
    adds their gradient in its backward pass: the moments are never in autograd's graph. All other
    layers get a hook.
    """

    def __init__(self, layers: Sequence[tuple[Module, Read]], cost: "Distances") -> None:
        from smallset.synthesis.moments import Tap

        self._cost = cost
        self._left_out: Collection[int] = ()
        self._seen: list[tuple[Tensor, ...] | Tap] = [()] * len(layers)
        self._tapped: _Tapped | None = None
        for place, (layer, read) in enumerate(layers):
            if read is moments and type(layer) is torch.nn.BatchNorm2d:
                self._seen[place] = Tap(layer)
            else:
                layer.register_forward_pre_hook(partial(self._see, place, read))

    def begin(self, iteration: int) -> None:
        """Decide which layers an iteration leaves out. Call this before its forward pass."""
        self._left_out = self._cost.left_out(iteration)

    def pull(self, weight: float, iteration: int) -> tuple[list[Tensor], list[Tensor]]:
        """Find the gradient of `weight` times the cost. Call this after a forward pass.

        Return the statistics that are in autograd's graph, and the gradient of each. The backward
        pass must start from them too. The taps keep the other gradients themselves.
        """
        vectors = [vector for one in self._seen for vector in _vectors(one)]
        flat = torch.cat(vectors).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self._cost(flat, iteration) * weight, flat)
        if self._tapped is None:
            self._tapped = _Tapped(self._seen)
        self._tapped.give_back(flat.detach(), gradient)
        pieces = torch.split(gradient, [len(vector) for vector in vectors])
        in_graph = [place for place, vector in enumerate(vectors) if vector.requires_grad]
        return [vectors[place] for place in in_graph], [pieces[place] for place in in_graph]

    def _see(self, place: int, read: Read, layer: Module, given: tuple[Tensor, ...]) -> None:
        before = self._seen[place]
        if place in self._left_out and isinstance(before, tuple) and before:
            self._seen[place] = tuple(vector.detach() for vector in before)
        else:
            self._seen[place] = read(given[0])


def _vectors(seen: "tuple[Tensor, ...] | Tap") -> tuple[Tensor, ...]:
    return seen if isinstance(seen, tuple) else (seen.mean, seen.variance)


class _Tapped:
    """All taps of a network: their small vectors are handled in one call, not one call a layer."""

    def __init__(self, seen: Sequence["tuple[Tensor, ...] | Tap"]) -> None:
        self._taps: list[Tap] = []
        means, variances, each, repeated = [], [], [], []
        at = rows = 0
        for one in seen:
            length = sum(map(len, _vectors(one)))
            if not isinstance(one, tuple):
                self._taps.append(one)
                d = length // 2
                means.append(torch.arange(at, at + d))
                variances.append(means[-1] + d)
                each.append(torch.full((d,), 1 / one.pixels))
                repeated.append(torch.arange(rows, rows + d).repeat(one.repeats))
                rows += d
            at += length
        if not self._taps:
            return
        device = self._taps[0].scale.device
        joined = (torch.cat(one).to(device) for one in (means, variances, each, repeated))
        self._means, self._variances, self._each, self._repeated = joined
        self._widths = [len(one) for one in repeated]
        self._channels = [len(tap.scale) for tap in self._taps]

    def give_back(self, flat: Tensor, gradient: Tensor) -> None:
        """Set each tap's `slope` and `shift` from the gradient to the means and variances."""
        if not self._taps:
            return
        slope = gradient[self._variances] * (2 * self._each)
        shift = gradient[self._means] * self._each - slope * flat[self._means]
        rows = slope.to(self._taps[0].dtype)[self._repeated]
        parts = torch.split(rows, self._widths), torch.split(shift, self._channels)
        for tap, row, own in zip(self._taps, *parts, strict=True):
            tap.slope, tap.shift = row, own


def batch_norms(net: Module) -> "list[torch.nn.BatchNorm2d]":
    """Return the BatchNorm layers of a network that have running statistics, in module order."""
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    return [norm for norm in norms if norm.running_mean is not None]


def running(norms: Sequence["torch.nn.BatchNorm2d"]) -> list[Tensor]:
    """Return the running mean and the running variance of each layer."""
    pairs = [(norm.running_mean, norm.running_var) for norm in norms]
    return [one for pair in pairs for one in pair if one is not None]


def moments(x: Tensor) -> tuple[Float32[Tensor, " d"], Float32[Tensor, " d"]]:
    """Return the mean and the biased variance of each channel over images, rows and columns."""
    from smallset.synthesis.moments import Moments

    x = x.contiguous(memory_format=torch.channels_last)
    found: tuple[Tensor, Tensor] = Moments.apply(x)  # type: ignore[no-untyped-call]
    return found


class Distances:
    """The weighted sum of Euclidean distances between vectors and their targets.

    A distance is not squared, and not divided by the length of the vector.
    """

    def __init__(self, targets: Sequence[Tensor], weights: Sequence[float]) -> None:
        device = targets[0].device
        self._lengths = torch.tensor([len(target) for target in targets], device=device)
        self._owner = torch.arange(len(targets), device=device).repeat_interleave(self._lengths)
        self._weights = torch.tensor(weights, dtype=torch.float32, device=device)
        self._targets = torch.cat([*targets])

    def left_out(self, iteration: int) -> Collection[int]:
        """Return the positions of the layers whose statistics need not be read: none."""
        del iteration
        return ()

    def __call__(self, flat: Float32[Tensor, " n"], iteration: int = 0) -> Float32[Tensor, ""]:
        """Return the sum. `flat` holds one vector for each target, one after the other."""
        del iteration
        return self.sum(flat, self._weights)

    def sum(
        self, flat: Float32[Tensor, " n"], weights: Float32[Tensor, " k"]
    ) -> Float32[Tensor, ""]:
        """Return the sum with other weights, one for each vector."""
        from smallset.synthesis.moments import Norms

        off = flat - self._targets
        found: Tensor = Norms.apply(off, self._lengths, self._owner, weights)  # type: ignore[no-untyped-call]
        return found


def cell_sums(
    x: Float[Tensor, "b d h w"], patch: int
) -> tuple[Float32[Tensor, "b k"], Float32[Tensor, "b k"]]:
    """Return each image's mean and mean square in each cell, over channels and pixels.

    The map is first enlarged to whole cells of `patch` x `patch` pixels. Cells are in row order.
    """
    x = x.float()
    if x.shape[2] % patch or x.shape[3] % patch:
        whole = (linear_map(0, n, inside=n, to=-(-n // patch) * patch) for n in x.shape[2:])
        with torch.autocast(x.device.type, enabled=False):  # autocast would round
            x = mapped(x, *whole)
    mean, square = (
        F.avg_pool2d(y.mean(1, keepdim=True), patch).flatten(1) for y in (x, x.square())
    )
    return mean, square


def channel_sums(
    x: Float[Tensor, "b d h w"],
) -> tuple[Float32[Tensor, "b d"], Float32[Tensor, "b d"]]:
    """Return each image's mean and mean square in each channel."""
    x = x.float()
    return x.mean((2, 3)), x.square().mean((2, 3))


def over_images(
    mean: Float32[Tensor, "b k"], square: Float32[Tensor, "b k"]
) -> tuple[Float32[Tensor, " k"], Float32[Tensor, " k"]]:
    """Return the mean and the biased variance over images that have equal weight."""
    whole = mean.mean(0)
    return whole, square.mean(0) - whole.square()
