"""score(): write a table with the difficulty of every training image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from smallset.data.work import keeping
from smallset.desk import Options, desk_for
from smallset.exchange.set_data import AnyData, open_any
from smallset.files import writing
from smallset.methods import score_from, spec_of
from smallset.observers.observed import Observed, looked_with
from smallset.parallel import Workers
from smallset.pipeline.desk import check_place, observed, side_of
from smallset.records import Fit, Scores
from smallset.scores import Score
from smallset.scores.table import write_scores
from smallset.spec import portable, split
from smallset.train.processes import first_alone, first_before_others, is_first


def score(
    data: AnyData,
    out: str | Path,
    *,
    scores: str | Sequence[str] = "el2n",
    size: int | None = None,
    fit: Fit = "squash",
    spread: Workers | None = None,
    **options: Unpack[Options],
) -> dict[str, Scores]:
    """Score every training image and write the table `out` (a new .parquet file).

    `scores` is a list of specs, or one text of specs between commas. Each spec names a column, with
    every path in the spec reduced to its file name. The work folder keeps the observer run behind a
    score. `compress` uses the run again if data, size, fit, precision, device and threads are the
    same. `spread` are workers that make the inference passes; they do not change the scores. Raises
    the errors of `compress`.
    """
    out = Path(out)
    if out.suffix != ".parquet":
        meant = out / "scores.parquet" if out.is_dir() else out.with_suffix(".parquet")
        raise ValueError(
            f"the scores go to a .parquet file, not {str(out)!r}. Give for example {str(meant)!r}."
        )
    first_alone(lambda: check_place(out, data))
    scores = split(scores) if isinstance(scores, str) else list(scores)
    if not scores:
        raise ValueError("no score was asked for. Needed one at least. Give for example el2n,aum.")
    if not all(scores):
        raise ValueError(
            f"the scores {', '.join(scores)!r} have an empty entry. Needed the spec of a score in "
            "each. Give for example el2n,aum."
        )
    scorers: dict[str, Score] = {}
    for text in scores:
        name = portable(text)
        if name in scorers:
            if text in scores[: len(scorers)]:
                raise ValueError(
                    f"the score {text!r} was asked for twice, but names one column. Give it once."
                )
            raise ValueError(
                f"two of the scores would name their column {name!r}, because column names leave "
                "out the folders of files. Needed different names. Rename one of the files, or run "
                "`score` twice."
            )
        scorers[name] = score_from(text)
    for scorer in scorers.values():
        scorer.check_files()
        if scorer.observer is not None:
            scorer.observer.check_files()
    desk = desk_for(**options)
    with first_before_others():
        source = open_any(data, desk).train
    seen = observed(source, side_of(source, size), fit, desk, spread)
    for scorer in scorers.values():
        if scorer.observer is not None:
            seen.check(scorer.observer)
        scorer.check(seen)
    made = {}
    # Scores without an observer come first, so that a wrong file fails before any training.
    for text, scorer in sorted(scorers.items(), key=lambda item: item[1].observer is not None):
        with keeping(desk.work):
            made[text] = Scores(scorer(seen), _made_by(scorer, seen, fit))
    made = {text: made[text] for text in scorers}
    if is_first():
        with writing(out):
            write_scores(out, made, rows=source.rows, labels=source.labels)
    return made


def _made_by(scorer: Score, seen: Observed, fit: Fit) -> dict[str, str]:
    """Return the provenance of a column. `runs` are the fingerprints of observer runs, in order."""
    made_by = {"spec": spec_of(scorer), "source": seen.dataset.fingerprint}
    made_by |= scorer.made_by()
    if scorer.observer is not None:
        made_by |= looked_with(
            scorer.observer,
            seen,
            runs=scorer.runs,
            read=scorer.reads(seen.settled(scorer.observer)),
        )
        runs = (seen.fingerprint(scorer.observer, run) for run in range(scorer.runs))
        made_by |= {
            "size": str(seen.images.size),
            "fit": fit,
            "precision": seen.machine.precision,
            "device": seen.machine.kind,
            "runs": " ".join(runs),
        }
    return made_by
