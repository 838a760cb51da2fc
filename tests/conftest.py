"""One thread for every test, and the real data where it is at hand."""

import os
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ForwardRef, get_args

os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
import torch

if TYPE_CHECKING:
    from cli_toy import Shell

ROOT = Path(__file__).parents[1]
SHAPED = jaxtyping.jaxtyped


def checked(thing: Callable | None = None, *, typechecker: Callable) -> Callable:
    """Check calls as jaxtyping does, but by the type checker alone if no array is annotated.

    Jaxtyping binds the arguments of every call and checks them twice, so that shapes agree. Most
    functions have no shapes, and for small ones that takes longer than the call itself.
    """
    if thing is None:
        return partial(checked, typechecker=typechecker)
    if isinstance(thing, type):
        if is_dataclass(thing):
            thing.__init__ = checked(thing.__init__, typechecker=typechecker)
        return thing
    if any(map(may_be_array, thing.__annotations__.values())):
        return SHAPED(thing, typechecker=typechecker)
    return typechecker(thing)


def may_be_array(hint: object) -> bool:
    if isinstance(hint, str | ForwardRef):
        return True
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(may_be_array, hint if isinstance(hint, list) else get_args(hint)))


jaxtyping.jaxtyped = checked


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Leave torch's thread count as one: `machine(workers=...)` changes it for the process."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds `cifar10/` and `imagenette-224/`, or a skip that says what to set."""
    folder = Path(os.environ.get("SMALLSET_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "cifar10").is_dir():
        pytest.skip("no real data here: set SMALLSET_DATA to the folder that holds cifar10/")
    return folder


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Shell":
    """Commands in this process, in an empty folder."""
    # Here and not above: the package must be imported after the shape checks are installed.
    from cli_toy import Shell

    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def data(shell: "Shell") -> Path:
    """The folder `data` of the shell: three classes of eight images and two held out."""
    from cli_toy import tree

    return tree(shell.root / "data")


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs a student, a cache folder of our own, and relative paths in the test's folder."""
    from smallset.train import protocol

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    short = replace(protocol.SMALL_V1, epochs=2)
    monkeypatch.setattr(protocol, "SMALL_V1", short)
    monkeypatch.setitem(protocol.PROTOCOLS, short.name, short)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let "digits" be the first 300 of them, so that a run takes seconds."""
    from sklearn.datasets import load_digits
    from sklearn.utils import Bunch

    digits = load_digits()
    first = Bunch(images=digits.images[:300], target=digits.target[:300])
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: first)
