"""The table of named methods, and the reading and writing of their specs."""

from collections.abc import Callable
from functools import cache

from smallset.methods.method import PNG, Method, ShortClasses
from smallset.methods.named import PACK_VIEW, by_score, by_selector, pack, pca, random
from smallset.methods.pruned import PARTS, Pruned
from smallset.methods.synthesised import Synthesised, by_synthesis
from smallset.scores import AUM, EL2N, SCORES, Score
from smallset.selection import CCS, D2, Herding, KCenter, Moderate, Spread
from smallset.spec import Registry, build, write
from smallset.synthesis import SYNTHESES
from smallset.train.views import view_from

__all__ = [
    "METHODS",
    "PACK_VIEW",
    "PNG",
    "TABLES",
    "Method",
    "Pruned",
    "ShortClasses",
    "brief_of",
    "canonical",
    "canonical_view",
    "known_method",
    "method_from",
    "random",
    "score_from",
    "spec_of",
]

METHODS: dict[str, Callable[..., Method]] = {
    "random": random,
    # Before pca, so that the error for hardest, which is a selector, offers el2n(select=hardest).
    **{name: by_score(name) for name in SCORES},
    "ccs": by_selector(CCS, AUM()),
    "d2": by_selector(D2, EL2N()),
    "spread": by_selector(Spread, EL2N()),
    "herding": by_selector(Herding),
    "k-center": by_selector(KCenter),
    "moderate": by_selector(Moderate),
    "pca": pca,
    "pack": pack,
    **{name: by_synthesis(name) for name in SYNTHESES},
    "synthesise": Synthesised,
    "prune": Pruned,
}

TABLES: Registry = {Method: METHODS, **PARTS}


def method_from(text: str) -> Method:
    """Build a method from its spec, such as `pca(score=el2n(epochs=10, runs=1), factor=2)`."""
    return build(text, Method, TABLES)


def score_from(text: str) -> Score:
    """Build a score from its spec, such as `el2n(runs=3)`."""
    return build(text, Score, TABLES)


def spec_of(part: object) -> str:
    """Write the canonical spec of a method or of any part of a method."""
    return write(part, TABLES)


def brief_of(part: object) -> str:
    """Write the spec of a method or of any part without its defaults, for people to read."""
    return write(part, TABLES, brief=True)


@cache
def known_method(spec: str) -> Method | None:
    """Build the method that a result or a set names, or return None if it cannot be built here.

    That happens for other people's sets, the whole training split, a user's own classes, and
    methods that name a missing file.
    """
    try:
        return method_from(spec)
    except (ValueError, OSError):
        return None


@cache
def canonical(spec: str, *, size: int) -> str:
    """Rewrite a method's spec as this version writes it, with `auto` settled at `size` pixels.

    Specs of the same method then compare as equal, although an earlier version did not have all
    options. A spec that is not a `known_method` stays as it is.
    """
    method = known_method(spec)
    return spec if method is None else spec_of(method.resolved(size=size))


@cache
def canonical_view(view: str, *, brief: bool = False) -> str:
    """Rewrite a view's spec as this version writes it, or without its defaults if `brief`.

    Text that is not a view stays as it is.
    """
    try:
        return write(view_from(view), TABLES, brief=brief)
    except ValueError:
        return view
