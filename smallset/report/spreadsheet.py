"""The spreadsheets: one line a method and setting, or a class of it; all in full precision."""

import csv
import io
from collections.abc import Sequence

from smallset.evidence import per_class_intervals
from smallset.records import Result
from smallset.report.augmentation import robust_scores
from smallset.report.published import published, published_name
from smallset.report.sections import Section, teacher_name
from smallset.report.table import Row
from smallset.report.yardsticks import Yardstick, yardsticks

_Cell = str | int | float | None


def to_csv(sections: Sequence[Section], full: Sequence[Result]) -> str:
    """Write every row of every section; what is unknown is empty.

    Accuracies, differences and metrics are fractions, `std` is that of one replicate, the teacher
    is without the folders of its files.
    """
    lines = []
    for section in sections:
        measured, robust = yardsticks(section, sections, full), robust_scores(section)
        lines += [
            {**_line(section, row, measured[row.key]), "ars": robust.get(row.key)}
            for row in section.rows
        ]
    return _written(lines)


def to_classes_csv(sections: Sequence[Section]) -> str:
    """Write the accuracy of every class under every row: fractions, with 95 % Student-t intervals.

    A class without held-out images has none.
    """
    lines: list[dict[str, _Cell]] = []
    for section in sections:
        for row in section.rows:
            found = section.of(row.key)
            intervals = per_class_intervals([r.per_class for r in found])
            lines += [
                {
                    **_setting(section.first),
                    "method": row.label,
                    "class": name,
                    "n": interval.n,
                    "accuracy": interval.mean,
                    "accuracy_low": interval.low,
                    "accuracy_high": interval.high,
                    "accuracy_std": interval.std,
                    "spec": row.key,
                }
                for name, interval in zip(found[0].classes, intervals, strict=True)
            ]
    return _written(lines)


def _written(lines: Sequence[dict[str, _Cell]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    # nan, of too few replicates, is empty like every other unknown
    writer.writerows(
        {k: "" if v is None or v != v else v for k, v in line.items()} for line in lines
    )
    return text.getvalue()


def _line(section: Section, row: Row, measured: Yardstick) -> dict[str, _Cell]:
    return {**_setting(section.first), **_evidence(row), **_rest(section, row, measured)}


def _setting(r: Result) -> dict[str, _Cell]:
    return {
        "dataset": r.dataset,
        "data_fingerprint": r.data_fingerprint,
        "size": r.size,
        "ipc": r.ipc,
        "images": r.images,
        "codec": r.codec,
        "fit": r.fit,
        "student": r.student,
        "protocol": r.protocol,
        "precision": r.precision,
        "labels": r.regime,
        "teacher": None if r.teacher is None else teacher_name(r.teacher),
        "teacher_top1": r.teacher_top1,
    }


def _evidence(row: Row) -> dict[str, _Cell]:
    difference, test = row.minus_random, row.permutation
    return {
        "method": row.label,
        "n": row.top1.n,
        "top1": row.top1.mean,
        "top1_low": row.top1.low,
        "top1_high": row.top1.high,
        "top1_std": row.top1.std,
        "minus_random": difference.mean if difference else None,
        "minus_random_low": difference.low if difference else None,
        "minus_random_high": difference.high if difference else None,
        "p": test.p if test else None,
        "p_smallest": test.smallest if test else None,
        "p_holm": row.p_holm,
        "replicates_needed": row.replicates_needed,
        "rank_best": row.rank.best,
        "rank_worst": row.rank.worst,
        "worst_class": row.worst_class,
        "worst_class_top1": row.worst.mean,
    }


def _rest(section: Section, row: Row, measured: Yardstick) -> dict[str, _Cell]:
    known = published(section.first)
    spec = section.of(row.key)[0].spec
    value = known.top1.get(published_name(spec) or "") if known else None
    return {
        "image_bytes": row.image_bytes,
        "label_bytes": row.label_bytes,
        "teacher_bytes": row.teacher_bytes,
        "ratio": row.ratio,
        "sets": row.sets,
        "observers": row.observers,
        "students": row.students,
        "hlr": measured.hlr,
        "ior": measured.ior,
        "lrs": measured.lrs,
        "published_top1": value,
        "published_source": known.source if known and value is not None else None,
        "spec": row.key,
    }
