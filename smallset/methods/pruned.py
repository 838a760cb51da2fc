"""Pruned: a score, a selector, a mosaic and the view that belongs to the set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from smallset.budget import Budget, Wanted
from smallset.data import ImageDataset, fit_boxes
from smallset.methods.method import Method, ShortClasses
from smallset.mosaic import MOSAICS, Grid, Mosaic, Sheet
from smallset.numbers import check_number, counted
from smallset.observers import OBSERVERS, AnyObserver, Observer
from smallset.observers.observed import Observed, looked_with
from smallset.records import Fit, Selection
from smallset.scores import SCORES, Score
from smallset.seeds import generator
from smallset.selection import SELECTORS, Easiest, Pool, Select
from smallset.shapes import Int64
from smallset.spec import LATER, Registry, write
from smallset.store import Codec, Rendered
from smallset.synthesis import SYNTHESES, Synthesis
from smallset.train.views import VIEWS, Canvas, View

PARTS: Registry = {
    Score: SCORES,
    Observer: OBSERVERS,
    Select: SELECTORS,
    Mosaic: MOSAICS,
    Synthesis: SYNTHESES,
    View: VIEWS,
}


def part_spec(part: object, *, brief: bool = False) -> str:
    """Write the canonical spec of a part; `brief` leaves out the defaults."""
    return write(part, PARTS, brief=brief)


_OFFER = "Or let small classes give what they have: --short-classes keep."


@dataclass(frozen=True)
class Pruned(Method):
    """Any composition of a score, a selector, a mosaic and the view that belongs to the set.

    The selector sees only `pool` images of each class, drawn by the set seed (None: all images).
    A selector that needs features takes them from the score's observer, or from `observer` if there
    is no score or the score has no observer. `codec` is the codec of the files (None: png), unless
    the user names another. Raises ValueError if the parts do not fit together.
    """

    score: Score | None = None
    select: Select = Easiest()
    mosaic: Mosaic = Grid()
    view: View = Canvas()
    pool: int | None = None
    observer: AnyObserver | None = None
    codec: str | None = field(default=None, metadata=LATER)

    def __post_init__(self) -> None:
        self._check_score()
        if self.codec is not None:
            Codec.parse(self.codec)
        own = bool(self.scores)
        if self.observer is not None and (own or not self.select.needs_features):
            named = _name(self.select)
            why = "the score has its own" if own else f"select={named} uses no observer"
            raise ValueError(
                f"observer={part_spec(self.observer)} was given, but {why}. Leave it out"
                f"{', or give it to the score' if own else ''}."
            )
        if self.mosaic.tiles > 1 and not self.select.balanced:
            raise ValueError(
                f"select={part_spec(self.select)} takes any number of images of a class, but "
                f"{part_spec(self.mosaic)} needs a multiple of {self.mosaic.tiles}. "
                "Use factor=1, or a balanced selection."
            )
        if self.pool is not None:
            check_number("pool", self.pool, least=1, unit="images of each class")

    def _check_score(self) -> None:
        """Raise ValueError if the score is not what the selector reads."""
        name, score = _name(self.select), self.score
        if score is None:
            if self.select.needs_scores:
                raise ValueError(f"select={name} needs a score. Name one: score=el2n.")
            return
        if not self.select.needs_scores:
            raise ValueError(
                f"select={name} does not read a score, but score={_name(score)} was given. "
                "Leave the score out, or select=easiest."
            )
        if self.select.weighs and score.below_zero:
            raise ValueError(
                f"select={name} uses scores as weights of 0 or more, but {_name(score)} is "
                "negative for easy images. Take another score, such as score=el2n."
            )
        if self.select.needs_probabilities and not isinstance(score.observer, Observer):
            raise ValueError(
                f"select={name} needs the probabilities of an observer's training, but "
                f"{part_spec(score)} has no observer that trains. Take one that has: score=dual."
            )

    @property
    def tiles(self) -> int:
        """The number of source images on a canvas."""
        return self.mosaic.tiles

    @property
    def balanced(self) -> bool:
        """Whether every class gets the number of canvases that is wanted of this class."""
        return self.select.balanced

    @property
    def ordered(self) -> bool:
        """Whether the first files of each class are the set of a smaller budget."""
        select = self.select
        return select.ordered and select.balanced and not isinstance(self.mosaic, Sheet)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The one observer that the choice depends on, or none."""
        looks = self.scores[0].observer if self.scores else None
        if self.select.needs_features and not self.scores:
            looks = self.observer or Observer()
        return (looks,) if looks else ()

    @property
    def scores(self) -> tuple[Score, ...]:
        """The score, if it is read from an observer's run."""
        return (self.score,) if self.score is not None and self.score.observer else ()

    def through(self, observer: AnyObserver) -> "Pruned":
        """Return the same method with another observer, if the method uses one."""
        if self.scores:
            return replace(self, score=replace(self.scores[0], observer=observer))  # type: ignore[type-var]
        return replace(self, observer=observer) if self.looks_through else self

    def under_bytes(self, *, size: int) -> "Sequence[tuple[Pruned, int]]":
        """Return the method at each side of an image that its sheets try, the largest first."""
        sheet = self.mosaic
        if not isinstance(sheet, Sheet):
            return ((self, 1),)
        return tuple((replace(self, mosaic=tried), sheet.enough) for tried in sheet.tried(size))

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file of the score or observer cannot be used."""
        if self.score is not None:
            self.score.check_files()
        super().check_files()

    def check(self, train: ImageDataset, *, size: int, fit: Fit, codec: Codec | None) -> None:
        """Raise ValueError if a canvas is too small for its tiles.

        Also raises ValueError if the codec copies files, but a canvas is not a copy of one image.
        """
        # Lay out an empty selection, so that a canvas too small for its tiles fails before hours of
        # scoring.
        boxes = fit_boxes(train.sizes[:1], fit)
        none = Selection(np.empty(0, np.int64))
        blank = self.mosaic(none, train.labels[:1], boxes, size=size)
        if codec is not None and codec.is_original:
            Rendered(blank, train).check_copies(fit)

    def files(self, train: ImageDataset) -> Mapping[str, str]:
        """Return the sha256 of a file of scores. Raises ValueError or OSError for a wrong file."""
        return {} if self.score is None else self.score.files(train)

    def wanted(
        self,
        budget: Budget,
        have: Sequence[int],
        names: Sequence[str],
        *,
        short_classes: ShortClasses | None = None,
    ) -> Wanted:
        """Return the number of images wanted of each class, in whole canvases.

        Raises ValueError if a class has too few images (with "keep": too few for one canvas), or if
        all classes together have too few for an unbalanced selection.
        """
        tiles = self.tiles
        asked, seen = budget.canvases(have, tiles), self._pooled(have)
        if not self.balanced:
            self._check_sum(budget, asked, seen, short_classes)
            return Wanted(np.array(asked, np.int64))
        can = [self.select.leaves(n) for n in seen]
        short = tuple(c for c, n in enumerate(can) if n < asked[c] * tiles)
        empty = [c for c in short if can[c] < tiles]
        if empty or (short and short_classes != "keep"):
            worst = min(empty or short, key=lambda c: can[c])
            fewer = self._too_few(budget, asked[worst] * tiles, names[worst], seen[worst])
            offered = short_classes == "error" and not empty and self.pool is None
            raise ValueError(f"{fewer} {_OFFER}" if offered else fewer)
        filled = [min(k, n // tiles) * tiles for k, n in zip(asked, can, strict=True)]
        return Wanted(np.array(filled, np.int64), short)

    def most(self, have: Sequence[int], *, short_classes: ShortClasses | None = None) -> int:
        """Return the most canvases of a class, or of all if not balanced, for which images suffice.

        With "keep", the largest class decides; otherwise, the smallest one.
        """
        seen = self._pooled(have)
        if not self.balanced:
            return self.select.leaves(sum(seen))
        can = [self.select.leaves(n) // self.tiles for n in seen]
        return max(can) if short_classes == "keep" else min(can)

    def _pooled(self, have: Sequence[int]) -> list[int]:
        """Return how many images of each class the selector sees."""
        return [n if self.pool is None else min(n, self.pool) for n in have]

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Rendered:
        """Choose images and lay them out on canvases."""
        train = seen.dataset
        chosen = self.choose(seen, wanted, seed=seed)
        boxes = fit_boxes(train.sizes, seen.fit)
        return Rendered(self.mosaic(chosen, train.labels, boxes, size=seen.images.size), train)

    def choose(self, seen: Observed, wanted: Wanted, *, seed: int) -> Selection:
        """Choose the images. This may train an observer."""
        pool = self._looked(Pool(seen.labels, seen.classes), seen)
        return self.of_pool(pool, wanted.counts, seed=seed)

    def of_pool(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose images of a pool, or of a random part of it if the option `pool` is given."""
        if self.pool is None:
            return self.select(pool, counts, seed=seed)
        part = np.concatenate(
            [
                np.sort(generator(seed, "pool", c).permutation(of_class)[: self.pool])
                for c, of_class in enumerate(pool.members())
            ]
        )
        chosen = self.select(pool.take(part), counts, seed=seed)
        return Selection(part[chosen.indices])

    def facts(self, seen: Observed, wanted: Wanted) -> dict[str, str]:
        """Return what the choice depends on besides the data and the method's spec.

        The facts also hold what the budget decided: the share of a class that may be chosen, and
        the side in pixels of an image on a sheet.
        """
        observer, score = self.looks_through, self.score
        made: dict[str, str] = {}
        if observer is not None:
            read = () if score is None else score.reads(seen.settled(observer))
            runs = 1 if score is None else score.runs
            made = looked_with(observer, seen, runs=runs, read=read)
        have = np.array(self._pooled(np.bincount(seen.labels, minlength=seen.classes).tolist()))
        made |= self.select.facts(have, wanted.counts)
        if isinstance(self.mosaic, Sheet):
            made["side"] = str(self.mosaic.side_at(seen.images.size))
        return made | (score.made_by() if score is not None else {})

    def _looked(self, pool: Pool, seen: Observed) -> Pool:
        """Return the pool with what the selector needs: scores, features, probabilities."""
        score, observer = self.score, self.looks_through
        if score is not None:  # first, since scores from a file may be invalid
            scores = score(seen)  # a user's own score may return any type and number
            with np.errstate(over="ignore"):  # `Pool` refuses values that are not finite
                values = np.asarray(scores, np.float32)
            if values.shape != pool.labels.shape:
                raise ValueError(
                    f"the score gave numbers of the shape {values.shape}, but needed are "
                    f"{pool.labels.shape}, one an image. Mend {type(score).__name__}."
                )
            trains = isinstance(score.observer, Observer)
            probability = partial(score.probability, seen) if trains else None
            pool = replace(pool, values=values, probability=probability)
        if self.select.needs_features:
            assert observer is not None
            pool = replace(pool, features=partial(seen.features, observer))
        return pool

    def _too_few(self, budget: Budget, need: int, name: str, have: int) -> str:
        tiles, left = self.tiles, self.select.leaves(have)
        layout = f" with {part_spec(self.mosaic, brief=True)}" if tiles > 1 else ""
        there = f"has {have}" if self.pool is None else f"has {have} in a pool of {self.pool}"
        if left < have:
            there += f", of which {part_spec(self.select, brief=True)} leaves {left}"
        if left >= tiles:
            fits = budget.smaller(left // tiles)
        else:
            fits = "more images of that class" if self.pool is None else "a larger pool"
        return (
            f"{budget}{layout} needs {counted(need, 'image')} of the class {name!r}, but it "
            f"{there}. Use {fits}{' or a smaller factor' if tiles > 1 else ''}"
            f"{', or let the selection leave more' if left < have else ''}."
        )

    def _check_sum(
        self,
        budget: Budget,
        asked: Sequence[int],
        can: Sequence[int],
        short_classes: ShortClasses | None,
    ) -> None:
        """Raise ValueError if an unbalanced selection wants more images than there are."""
        if short_classes == "keep":
            raise ValueError(
                f"short_classes='keep' lets small classes give what they have, but "
                f"{part_spec(self.select)} takes any number of images of a class. Leave it out."
            )
        total, there = sum(asked), self.select.leaves(sum(can))
        if total <= there:
            return
        pool = "" if self.pool is None else f" in pools of {self.pool}"
        which, remedies = "there are", []
        if there >= len(can):  # with fewer, no budget is small enough
            remedies.append(f"use {budget.smaller(there // len(can))}")
        if there < sum(can):
            which = f"{part_spec(self.select, brief=True)} leaves"
            remedies.append("let the selection leave more")
        raise ValueError(
            f"{budget} of {len(can)} classes needs {total} images in all, but {which} "
            f"{there}{pool}. {', or '.join(remedies).capitalize()}."
        )


def _name(part: object) -> str:
    return part_spec(part).partition("(")[0]
