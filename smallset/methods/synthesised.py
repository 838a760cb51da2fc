"""Methods that draw their own images: a synthesis, and the view that belongs to the set."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from smallset.budget import Wanted
from smallset.data import ImageDataset
from smallset.methods.method import Method
from smallset.methods.named import with_options
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed, looked_with
from smallset.records import Fit
from smallset.spec import first_line
from smallset.store import Canvases, Codec
from smallset.synthesis import SYNTHESES, Synthesis
from smallset.synthesis.sre2l import SRe2L
from smallset.train.views import Canvas, View


@dataclass(frozen=True)
class Synthesised(Method):
    """A synthesis under a view, equally many images of each class."""

    synthesis: Synthesis = SRe2L()
    view: View = Canvas()

    @property
    def views_an_epoch(self) -> int:
        """The number of views of each written image in an epoch."""
        return self.view.an_epoch(self.synthesis.tiles)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers of the synthesis, all those of a pool."""
        return self.synthesis.observers

    def through(self, observer: AnyObserver) -> "Synthesised":
        """Return the same method looking through another observer, if it looks at all."""
        return replace(self, synthesis=self.synthesis.through(observer))

    def resolved(self, *, size: int) -> "Synthesised":
        """Return the same method with its observers' networks named, as at a size in pixels."""
        return replace(self, synthesis=self.synthesis.resolved(size=size))

    def check(self, train: ImageDataset, *, size: int, fit: Fit, codec: Codec | None) -> None:
        """Raise ValueError for a codec that only copies."""
        del train, size, fit
        if codec is not None and codec.is_original:
            raise ValueError(
                "codec 'original' copies the bytes of whole images, but this method draws its own. "
                "Use another codec, such as png."
            )

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Make the canvases. This may train observers, after all that can fail early."""
        self.synthesis.check(seen, wanted.counts)
        return self.synthesis.canvases(seen, wanted, seed=seed)

    def facts(self, seen: Observed, wanted: Wanted) -> dict[str, str]:
        """Say what the images rest on, besides the data and the method's spec."""
        del wanted
        made: dict[str, str] = {}
        for number, observer in enumerate(self.observers):
            found = looked_with(observer, seen)
            made |= {f"{k}_{number + 1}" if number else k: v for k, v in found.items()}
        return made


def by_synthesis(name: str) -> Callable[..., Synthesised]:
    """Return the method that a synthesis names: its options, and the view."""
    synthesis = SYNTHESES[name]

    def method(view: View = Canvas(), **options: object) -> Synthesised:
        return Synthesised(synthesis(**options), view)

    return with_options(method, synthesis, first_line(synthesis))
