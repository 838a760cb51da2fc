"""Stored soft labels: logits that a teacher wrote beforehand, for every mixed view."""

from dataclasses import dataclass

from smallset.labels.formats import Format, Whole16, format_spec
from smallset.labels.kept import KeptLabels
from smallset.labels.regime import Regime, ToStore
from smallset.store import TrainingSet
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class Stored(Regime):
    """A teacher's logits for every mixed view, read from the files of `smallset label`.

    `format` and `view_seed` choose the files, and so does `teacher` if several teachers made some.
    `prune` is the share of the protocol's epochs without labels of their own (arXiv 2410.15919):
    each step shows a batch of the other epochs, drawn with replacement.
    """

    teacher: str = ""
    format: Format = Whole16()
    prune: float = 0.0
    view_seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.prune < 1:
            raise ValueError(
                f"stored's prune={self.prune} is not a share of the labels. Give at least 0 and "
                "less than 1, such as 0.9 for a tenth of the bytes."
            )

    def stored_as(self, protocol: StudentProtocol) -> ToStore:
        """Return the labels of the epochs that need labels of their own, at least one."""
        return ToStore(
            epochs=max(1, round((1 - self.prune) * protocol.epochs)),
            format=format_spec(self.format),
            one_per_image=False,
            view_seed=self.view_seed,
        )

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> KeptLabels:
        """Find and check the files of a set, which must hold enough epochs for the protocol."""
        if protocol.mix == "batch":
            raise ValueError(
                f"the protocol {protocol.name!r} mixes each batch as a whole, but stored labels "
                "are of views that do not depend on a batch. Use another protocol, such as "
                "'standard-v1', or online labels."
            )
        asked = self.stored_as(protocol)
        return KeptLabels.of(self, made, protocol, asked, pool=asked.epochs if self.prune else None)
