"""The data sets of a matrix: find and open them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from smallset.data import Data, folder_named
from smallset.desk import Desk
from smallset.exchange.set_data import check_held_out, open_any
from smallset.labels import Regime
from smallset.methods import Method, method_from, spec_of
from smallset.pipeline.desk import side_of
from smallset.spec import quoted

# A value of a spec that is a path with {data} in it, quoted or not.
_PATH = re.compile(r"""["']?([^\s(),='"]*\{data\}[^(),='"]*)["']?""")


@dataclass(frozen=True)
class Places:
    """The values of `--data`: a folder of data sets, and data sets by name."""

    folder: Path | None
    named: Mapping[str, str]

    @classmethod
    def parse(cls, given: Sequence[str]) -> "Places":
        """Read FOLDER and NAME=PATH arguments.

        Raises ValueError for a second folder, a name given twice, or a path that is not a folder.
        """
        folder: Path | None = None
        named: dict[str, str] = {}
        for text in given:
            name, equals, path = text.partition("=")
            if equals and not Path(text).is_dir():
                if name in named or not name or not path:
                    raise ValueError(
                        f"--data {text!r}: needed NAME=PATH, each name once. "
                        "Name a data set as the matrix does, for example cifar10=path/to/cifar10."
                    )
                named[name] = path
                continue
            if folder is not None:
                raise ValueError(
                    f"--data was given two folders, '{folder}' and {text!r}. "
                    "Give one folder of data sets, and others as NAME=PATH."
                )
            folder = Path(text)
            if not folder.is_dir():
                raise ValueError(
                    f"--data {text!r} is not a folder. Give the folder that holds the data sets, "
                    "or NAME=PATH for one of them."
                )
        return cls(folder, named)

    def find(self, name: str) -> str:
        """Return the place of a data set of the matrix, as `open_any` takes it.

        Paths are absolute, because a worker may start in another folder. Raises FileNotFoundError
        if the data set cannot be found.
        """
        if name in self.named:
            given = self.named[name]
            folder = folder_named(given)
            if folder is not None:
                path, test = str(Path(folder.path).absolute()), folder.test
                if test is not None and folder.train is None:  # a set, tested on other data
                    test = _absolute(test)
                return str(replace(folder, path=path, test=test))
            return _absolute(given)
        if self.folder is not None and (self.folder / name).is_dir():
            return str((self.folder / name).absolute())
        if name == "digits" or name.startswith("hf:"):
            return name
        looked = f"not in '{self.folder}'" if self.folder else "no --data folder was given"
        raise FileNotFoundError(
            f"the data set {name!r} was not found ({looked}). "
            f"Give --data {name}=PATH, or --data with the folder that holds it."
        )

    def fill(self, spec: str) -> str:
        """Replace {data} in a spec or a path by the data folder.

        In a spec with options the path is quoted, so that every folder name can be read. Raises
        ValueError if the spec contains {data} but no folder was given.
        """
        if "{data}" not in spec:
            return spec
        if self.folder is None:
            raise ValueError(
                f"{spec!r} lies in the data folder, but none was given. "
                "Give --data with the folder that holds the data sets."
            )
        folder = str(self.folder.absolute())
        if "(" not in spec:
            return spec.replace("{data}", folder)
        return _PATH.sub(
            lambda found: quoted(found[1].replace("{data}", folder), always=True), spec
        )

    def filled_method(self, method: Method) -> Method:
        """Return a method with `fill` applied to its spec."""
        return method_from(self.fill(spec_of(method)))

    def filled(self, regime: Regime) -> Regime:
        """Return a label regime with `fill` applied to its text options."""
        options = {f.name: getattr(regime, f.name) for f in fields(regime)}
        texts = {name: self.fill(v) for name, v in options.items() if isinstance(v, str)}
        return replace(regime, **texts)


@dataclass(frozen=True)
class BenchData:
    """An opened data set, and the text by which a worker opens it again."""

    given: str
    data: Data

    def size(self, given: int | None) -> int:
        """Return `given`, or else the side in pixels that all images share, or else 224."""
        return self._own_size if given is None else given

    @cached_property
    def _own_size(self) -> int:
        return side_of(self.data.train, None)

    @cached_property
    def class_counts(self) -> tuple[int, ...]:
        """The number of training images of each class."""
        train = self.data.train
        return tuple(np.bincount(train.labels, minlength=len(train.classes)).tolist())


def open_source(name: str, places: Places, desk: Desk) -> BenchData:
    """Find and open a data set of the matrix.

    Raises the errors of `Places.find` and `open_any`, and ValueError if there are no held-out
    images.
    """
    given = places.find(name)
    opened = open_any(given, replace(desk, workers=0))  # all cores: no unit is at work yet
    check_held_out(opened)
    return BenchData(given, opened)


def _absolute(given: str) -> str:
    return str(Path(given).absolute()) if Path(given).exists() else given
