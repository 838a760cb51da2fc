"""One soft label per image: the logits of the whole image, for each of its views."""

from dataclasses import dataclass, replace

from smallset.labels.formats import Format, format_spec
from smallset.labels.kept import KeptLabels, find
from smallset.labels.regime import Regime
from smallset.store import TrainingSet
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class OnePerImage(Regime):
    """A teacher's logits for every whole image, read from files of `smallset label`; no mixing.

    `teacher` and `format` say which files, if the set has several. Views are not mixed, because a
    label is of one image.
    """

    teacher: str = ""
    format: Format | None = None

    @property
    def teacher_spec(self) -> str | None:
        """The spec of the teacher, or None if the files alone say who made them."""
        return self.teacher or None

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> KeptLabels:
        """Find and check the files of a set."""
        form = self.format and format_spec(self.format)
        store = find(made, protocol, None, {"teacher": self.teacher_spec, "format": form})
        card = store.card
        return KeptLabels(
            regime=replace(self, teacher=card.teacher, format=store.form),
            facts={"store": store.check()},
            label_bytes=store.bytes(),
            teacher=card.teacher,
            teacher_sha256=card.teacher_sha256,
            mixed=False,
            store=store,
        )
