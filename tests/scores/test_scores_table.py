import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smallset.records import Scores
from smallset.scores.table import read_scores, write_scores

ROWS, LABELS = np.array([4, 0, 7]), np.array([1, 0, 1])


def scores() -> dict[str, Scores]:
    return {
        "loss": Scores(np.array([0.1, np.float32(2**0.5), 0], np.float32), {"spec": "loss"}),
        "el2n(runs=2)": Scores(np.array([1e-30, 0.5, 0.25], np.float32), {"source": "é", "n": "3"}),
    }


def test_what_is_written_is_read(tmp_path):
    write_scores(tmp_path / "scores.parquet", scores(), rows=ROWS, labels=LABELS)
    found = read_scores(tmp_path / "scores.parquet")
    assert list(found) == list(scores())
    for name, score in scores().items():
        assert found[name].values.dtype == np.float32
        np.testing.assert_array_equal(found[name].values, score.values)
        assert found[name].made_by == score.made_by


def test_the_table_is_plain_parquet_with_a_row_an_image(tmp_path):
    write_scores(tmp_path / "scores.parquet", scores(), rows=ROWS, labels=LABELS)
    table = pq.ParquetFile(tmp_path / "scores.parquet").read(use_threads=False)
    assert table.column_names == ["index", "label", "loss", "el2n(runs=2)"]
    assert table["index"].to_pylist() == ROWS.tolist()
    assert table["label"].to_pylist() == LABELS.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "scores.parquet"
    write_scores(path, scores(), rows=ROWS, labels=LABELS)
    before = path.read_bytes()

    def full(table: pa.Table, part: object) -> None:
        part.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_scores(path, scores(), rows=ROWS, labels=LABELS)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_table_of_others_holds_no_scores_of_ours(tmp_path):
    pq.write_table(pa.table({"el2n": [0.5]}), tmp_path / "other.parquet")
    assert read_scores(tmp_path / "other.parquet") == {}


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.parquet"):
        read_scores(tmp_path / "none.parquet")


def test_reading_starts_none_of_the_threads_that_abort_a_process_at_its_end(tmp_path):
    write_scores(tmp_path / "s.parquet", scores(), rows=ROWS, labels=LABELS)
    (tmp_path / "s.csv").write_text("loss\n1\n")
    code = (
        "import sys; from pathlib import Path; from smallset.scores.column import read_column; "
        "from smallset.scores.table import read_scores; read_scores(Path('s.parquet')); "
        "[read_column(Path(p), 'loss') for p in ('s.parquet', 's.csv')]; "
        "assert 'pyarrow.dataset' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
