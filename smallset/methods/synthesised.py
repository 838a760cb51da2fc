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
    """Images that a synthesis draws, equally many of each class, with a view for students."""

    synthesis: Synthesis = SRe2L()
    view: View = Canvas()

    @property
    def views_an_epoch(self) -> int:
        """The number of views of each written image in an epoch."""
        return self.view.an_epoch(self.synthesis.tiles)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers of the synthesis; several if it uses a pool of observers."""
        return self.synthesis.observers

    def through(self, observer: AnyObserver) -> "Synthesised":
        """Return the same method with another observer, if the synthesis uses one."""
        return replace(self, synthesis=self.synthesis.through(observer))

    def resolved(self, *, size: int) -> "Synthesised":
        """Return the same method with its observers' "auto" networks settled for `size` pixels."""
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
        """Make the canvases. This may train observers, after the checks that need no training."""
        self.synthesis.check(seen, wanted.counts)
        return self.synthesis.canvases(seen, wanted, seed=seed)

    def facts(self, seen: Observed, wanted: Wanted) -> dict[str, str]:
        """Return what the images depend on besides the data and the method's spec.

        Facts of a second observer have the ending "_2", and so on.
        """
        del wanted
        made: dict[str, str] = {}
        for number, observer in enumerate(self.observers):
            found = looked_with(observer, seen)
            made |= {f"{k}_{number + 1}" if number else k: v for k, v in found.items()}
        return made


def by_synthesis(name: str) -> Callable[..., Synthesised]:
    """Return the method named after a synthesis, with its options and the option `view`."""
    synthesis = SYNTHESES[name]

    def method(view: View = Canvas(), **options: object) -> Synthesised:
        return Synthesised(synthesis(**options), view)

    return with_options(method, synthesis, first_line(synthesis))
