"""One soft label per image: the logits of the whole image, for each of its views."""

from dataclasses import dataclass

from smallset.labels.formats import Format, Whole16, format_spec
from smallset.labels.kept import KeptLabels
from smallset.labels.regime import Regime, ToStore
from smallset.store import TrainingSet
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class OnePerImage(Regime):
    """A teacher's logits for every whole image, read from files of `smallset label`; no mixing.

    `format` chooses the files, and so does `teacher` if several teachers made some. Views are not
    mixed, because a label is of one image.
    """

    teacher: str = ""
    format: Format = Whole16()

    def stored_as(self, protocol: StudentProtocol) -> ToStore:
        """Return one label for each image."""
        form = format_spec(self.format)
        return ToStore(epochs=1, format=form, one_per_image=True, view_seed=0)

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> KeptLabels:
        """Find and check the files of a set."""
        return KeptLabels.of(self, made, protocol, self.stored_as(protocol))
